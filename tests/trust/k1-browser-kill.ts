/**
 * K1 and K5: somebody types, and the browser is killed. Of every frame that was drawn is known which letters it showed and what it said of them;
 * what a frame called kept is on the disk of a browser that is killed right after it, and what a frame called at the relay is at the relay.
 *
 * The typing goes on at the end of one document, so the judgement is by letter: what is found again begins with everything that was promised,
 * and is a beginning of what was typed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { must } from '../../shared/base/assert.ts'
import { below, chance, namedDice } from '../../shared/base/random.ts'
import { tokenText } from '../simulation/tokens.ts'
import { awaited, copyProfile, type Frame } from './browser-laptop.ts'
import { BEGIN, percentile, withLaptops } from './browser-world.ts'
import { count, type Row, type Trial } from './row.ts'


/** A frame in which own letters are called kept here. */
const isKept = ({ state }: Frame): boolean => state !== 'pending'
const isAtRelay = ({ state, said }: Frame): boolean => state === 'relay' && said.startsWith('Alles opgeslagen')
const longest = (frames: readonly Frame[], isPromise: (frame: Frame) => boolean): string =>
  frames.reduce((text, frame) => (isPromise(frame) && frame.text.length > text.length ? frame.text : text), '')

/** Bursts of typing with pauses in which a person looks up. Runs until the page is gone. */
async function typeOn(type: (text: string) => Promise<void>, token: () => string, pauseMs: () => number): Promise<void> {
  for (;;) {
    try {
      await type(`${token()} `)
    } catch {
      return // the browser was killed under the fingers
    }
    await sleep(pauseMs())
  }
}

/** From the last letter of a burst to the first frame that calls all of it kept. */
function keptAfter(frames: readonly Frame[]): number[] {
  const waits: number[] = []
  frames.forEach((frame, i) => {
    const before = frames[i - 1]
    if (!before || before.text === frame.text) return
    for (const later of frames.slice(i)) {
      if (later.text !== frame.text) return // went on typing
      if (isKept(later)) return void waits.push(later.at - frame.at)
    }
  })
  return waits
}
/** Letters take at least one transaction to be kept: a frame that shows new ones and calls them kept speaks too soon. */
const tooSoon = (frames: readonly Frame[]): Frame[] => frames.filter((frame, i) => i > 0 && isKept(frame) && frame.text.length > (frames[i - 1]?.text.length ?? 0))

const LABEL_MS_MAX = 1_000

async function kills(trial: Trial): Promise<void> {
  await withLaptops(trial, 'K1', 1, async (world, item, laptop) => {
    const dice = namedDice(trial.seed, 'K1')
    const killsCount = trial.count(30, 30, 300)
    let serial = 0
    let typed = ''
    let promised = ''
    let [framesCount, soonCount, offlineCount] = [0, 0, 0]
    const waits: number[] = []
    let kept = BEGIN
    for (let kill = 0; kill < killsCount; kill++) {
      const isOffline = kill % 2 === 1
      if (isOffline) {
        offlineCount++
        laptop.network.down()
        laptop.network.cut()
      } else laptop.network.heal()
      await laptop.open(item)
      await awaited(async () => (await laptop.text()).length >= kept.length, 10_000)
      kept = await laptop.text()
      if (!kept.startsWith(promised)) trial.violation(`kill ${kill}: of ${promised.length} letters called kept, ${kept.length} are found: …${promised.slice(-40)}`)
      if (!`${typed}`.startsWith(kept) && kill > 0) trial.violation(`kill ${kill}: found what nobody typed there: …${kept.slice(-60)}`)
      await laptop.toEnd()
      typed = kept
      const typing = typeOn(
        (text) => laptop.type(text),
        () => {
          const token = tokenText(trial.seed, 0, serial++)
          typed += `${token} `
          return token
        },
        () => (chance(dice, 0.3) ? below(dice, 60) : 400 + below(dice, 500)),
      )
      await sleep(500 + below(dice, 3_000))
      await laptop.kill()
      await typing
      promised = longest(laptop.frames, isKept)
      const promisedAtRelay = longest(laptop.frames, isAtRelay)
      if (promisedAtRelay.length > BEGIN.length && !(await world.atRelay(item)).startsWith(promisedAtRelay)) trial.violation(`kill ${kill}: called at the relay, and not there: …${promisedAtRelay.slice(-40)}`)
      framesCount += laptop.frames.length
      for (const frame of tooSoon(laptop.frames)) {
        soonCount++
        trial.violation(`a frame showed new letters and called them kept: ${frame.state} …${frame.text.slice(-20)}`)
      }
      waits.push(...keptAfter(laptop.frames))
      trial.progress(`${kill + 1} of ${killsCount} kills`)
    }
    laptop.network.heal()
    await laptop.open(item)
    await laptop.person.syncIs('relay')
    const last = await laptop.text()
    if (!last.startsWith(promised)) trial.violation('after the last kill letters are missing')
    if ((await world.atRelay(item)) !== last) trial.violation('what the laptop says and what the relay has differ')
    if (laptop.person.errors.length > 0) trial.violation(`the page reported: ${laptop.person.errors[0]}`)
    trial.figure(count(killsCount, 'kill'))
    trial.figure(`${offlineCount} of them offline`)
    trial.figure(`${count(serial, 'token')} typed, ${last.length.toLocaleString('en')} letters found again`)
    trial.figure(`${count(framesCount, 'frame')} judged, ${soonCount} spoke too soon`)
    const p95 = percentile(waits, 0.95)
    trial.figure(`kept after the last letter of a burst: p50 ${percentile(waits, 0.5)} ms, p95 ${p95} ms of ${waits.length}`)
    if (p95 > LABEL_MS_MAX) trial.missed(`label after ${p95} ms`)
  })
}

export const k1: Row = {
  id: 'K1',
  name: 'Browser SIGKILL',
  promise: 'what a frame called kept on this laptop is there after the browser was killed, to the letter',
  target: '300 kills by hand, 30 by default and in CI, offline and online: 0 lost, the label ≤ 1 s (p95) after the last letter of a burst (while somebody types on it says "wordt bewaard")',
  run: kills,
}

/**
 * A sample: everything stands still (browser and relay stopped), the disks are copied, everything goes on. A copy of the files of a stopped
 * process is what a kill at that moment leaves, so a sample costs no restart of the one who types.
 */
async function samples(trial: Trial): Promise<void> {
  await withLaptops(trial, 'K5', 1, async (world, item, laptop) => {
    const dice = namedDice(trial.seed, 'K5')
    const samplesCount = trial.count(2, 15, 2_000)
    const byState = new Map<string, number>()
    let serial = 0
    let [framesCount, soonCount] = [0, 0]
    await laptop.open(item)
    await laptop.person.syncIs('relay')
    await laptop.toEnd()
    let isOver = false
    const typing = typeOn(
      (text) => (isOver ? Promise.reject(new Error('over')) : laptop.type(text)),
      () => tokenText(trial.seed, 5, serial++),
      () => (chance(dice, 0.3) ? below(dice, 80) : 400 + below(dice, 1_200)),
    )
    const copied = join(world.folder, 'profile-sample')
    for (let sample = 0; sample < samplesCount; sample++) {
      if (sample % 3 === 2) {
        laptop.network.down()
        laptop.network.cut()
      } else laptop.network.heal()
      await sleep(300 + below(dice, 1_500))
      await laptop.freeze()
      const frames = [...laptop.frames]
      const label = must(frames.at(-1), 'a frame')
      copyProfile(laptop.profile, copied)
      laptop.thaw()
      byState.set(label.state, (byState.get(label.state) ?? 0) + 1)
      const promised = longest(frames, isKept)
      const twin = await world.besides('sample', laptop)
      // Nothing but its disk: what the relay has is not to help.
      await twin.open(item, { flags: ['--host-resolver-rules=MAP localhost ~NOTFOUND'] }).catch((error: unknown) => trial.violation(`sample ${sample}: the copy does not open: ${String(error).slice(0, 200)}`))
      if (twin.isOpen) {
        const found = (await awaited(async () => (await twin.text()).length > 0, 10_000)) === null ? '' : await twin.text()
        if (!found.startsWith(promised)) trial.violation(`sample ${sample}: it said ${label.state}, and of ${promised.length} letters called kept ${found.length} are on the disk: …${promised.slice(found.length - 5)}`)
      }
      await twin.close()
      const atRelay = longest(frames, isAtRelay)
      if (atRelay !== '' && !(await world.atRelay(item)).startsWith(atRelay)) trial.violation(`sample ${sample}: called at the relay, and not there`)
      trial.progress(`${sample + 1} of ${samplesCount} samples`)
    }
    isOver = true
    await typing
    laptop.network.heal()
    framesCount += laptop.frames.length
    for (const frame of tooSoon(laptop.frames)) {
      soonCount++
      trial.violation(`a frame showed new letters and called them kept: ${frame.state} …${frame.text.slice(-20)}`)
    }
    trial.figure(`${count(samplesCount, 'frozen disk')} (${[...byState].map(([state, times]) => `${state} ${times}`).sort().join(', ')})`)
    trial.figure(`${count(framesCount, 'frame')} judged`)
    trial.figure(`${soonCount} spoke too soon`)
  })
}

export const k5: Row = {
  id: 'K5',
  name: 'Truth of the label',
  promise: 'the status is never better than what is on the disk and at the relay',
  target: '2,000 frozen disks by hand, 15 by default, 2 in CI: 0 too optimistic; every frame drawn is judged as well',
  run: samples,
}
