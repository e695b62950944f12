/**
 * L7: an ordinary day, for long. Two hundred laptops type two edits a second each, on the disk there is and on one whose every sync takes ten
 * milliseconds more; what they are told, what the relay holds and what it has open is looked at all the while.
 */
import { mkdirSync, readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import { newId, type EntryId, type Id } from '../../shared/base/ids.ts'
import { namedDice, type Dice } from '../../shared/base/random.ts'
import { quantile, residentMiB } from '../bench/machine.ts'
import { dial, pushOf, type Client } from './client.ts'
import { createObserver } from './observer.ts'
import { settle } from './people.ts'
import { relayProcess, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { buildShim, createShim } from './shim.ts'

const WRITERS = 200
const SPACES = 4
const MEMBERS = 20
const DIALS_AT_ONCE = 20
const EDIT_MS = 500
const SLOW_SYNC_MS = 10
const ACK_P95_MS_MAX = 150
const ACK_P95_MS_MAX_SLOWED = 300
const SLOPE_MIB_A_MINUTE_MAX = 1
/** A shorter stretch shows the garbage collector, not a leak. */
const SLOPE_MINUTES_MIN = 5
const LOOK_MS = 1_000
/** Opened once, at the first need: threads that read the log and build snapshots, and their files. One for each of the writers would be far more. */
const FIRST_NEED_FILES_MAX = 40
/** In a shorter run that first need may come in the second half. */
const WARM_SECONDS_MIN = 30
/** Longer means that it is never acknowledged. */
const DRAIN_MS_MAX = 60_000

export const l7: Row = {
  id: 'L7',
  name: 'Steady load',
  promise: 'two hundred people who type all day are answered at once, lose nothing, and leave the relay as it was',
  target: '200 writers × 2 edits/s for 30 min by hand (1 min by default, 10 s in CI), as it is and with every sync 10 ms slower: ack p95 ≤ 150 ms (300 ms), RSS ≤ +1 MB/min, no file left open, 0 lost',
  run: (trial) => withFolder((folder) => steady(folder, trial)),
}

async function steady(folder: string, trial: Trial): Promise<void> {
  const seconds = trial.count(10, 60, 1_800)
  const library = buildShim(folder)
  // The two share the time of a short run, so that it stays one.
  const share = trial.size === 'full' ? 1 : 0.5
  await typing(join(folder, 'as-it-is'), trial, seconds * share, null)
  if ('reason' in library) trial.figure(`not tried on a slow disk: ${library.reason}`)
  else await typing(join(folder, 'slowed'), trial, seconds * share, library.path)
}

interface Typist {
  readonly acknowledged: EntryId[]
  readonly waiting: Map<number, { entry: EntryId; at: number }>
  readonly client: Client
  readonly space: Id
  type(): void
}

async function createTypist(address: string, cookie: string, space: Id, dice: Dice, told: (ms: number) => void, violation: (text: string) => void): Promise<Typist> {
  const [item, writer] = [newId(dice), newId(dice)]
  const doc = new Y.Doc()
  doc.clientID = dice.uint32()
  const text = new Y.XmlText()
  let update: Uint8Array | null = null
  doc.on('update', (bytes: Uint8Array) => (update = bytes))
  doc.getXmlFragment('prose').insert(0, [text])
  const made = (): Uint8Array => must(update, 'an edit makes an update')
  let n = 0
  let answeredUpTo = 0
  const acknowledged: EntryId[] = []
  const waiting = new Map<number, { entry: EntryId; at: number }>()
  const client = await dial(address, cookie, dice, (message) => {
    if (message.type === 'nack') return violation(`an honest edit was refused: ${message.code} ${message.reason}`)
    if (message.type !== 'ack') return
    for (; answeredUpTo < message.upToN; answeredUpTo++) {
      const one = must(waiting.get(answeredUpTo + 1), 'acknowledged what was sent')
      waiting.delete(answeredUpTo + 1)
      acknowledged.push(one.entry)
      told(performance.now() - one.at)
    }
  })
  const push = (payload: Uint8Array): void => {
    const entry = newId(dice)
    n += 1
    waiting.set(n, { entry, at: performance.now() })
    client.send(pushOf({ n, space, entry, item, writer, payload }))
  }
  push(made())
  return {
    acknowledged, waiting, client, space,
    type() {
      text.insert(text.length, `woord ${n} `)
      push(made())
    },
  }
}

/** Names of what a process has open. Sockets are counted apart: they close after their other end. */
function openOf(pid: number): { files: number; sockets: number } {
  const folder = `/proc/${pid}/fd`
  const names = readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(join(folder, fd))]
    } catch {
      return [] // closed between the list and the look
    }
  })
  const sockets = names.filter((name) => name.startsWith('socket:')).length
  return { files: names.length - sockets, sockets }
}

/** MiB a minute, by least squares. */
function slopeOf(looks: readonly { minute: number; mebibytes: number }[]): number {
  const mean = (of: (look: (typeof looks)[number]) => number): number => looks.reduce((sum, look) => sum + of(look), 0) / looks.length
  const [minute, mebibytes] = [mean((look) => look.minute), mean((look) => look.mebibytes)]
  const spread = looks.reduce((sum, look) => sum + (look.minute - minute) ** 2, 0)
  return spread === 0 ? 0 : looks.reduce((sum, look) => sum + (look.minute - minute) * (look.mebibytes - mebibytes), 0) / spread
}

async function typing(folder: string, trial: Trial, seconds: number, library: string | null): Promise<void> {
  mkdirSync(folder)
  const dice = namedDice(trial.seed, library === null ? 'L7' : 'L7 slowed')
  const data = join(folder, 'data')
  const group = settle(data, SPACES, MEMBERS)
  const shim = library === null ? null : createShim(library, data, folder)
  // The trace is of no use here, and in half an hour it would be as large as all that was written.
  const env = shim ? Object.fromEntries(Object.entries(shim.env).filter(([name]) => name !== 'SHIM_TRACE')) : {}
  const relay = relayProcess({ data, env })
  const words = library === null ? '' : `with every sync ${SLOW_SYNC_MS} ms slower: `
  const violation = (text: string): void => trial.violation(`${words}${text}`)
  const typists: Typist[] = []
  let lateMs = 0
  await relay.start()
  const { pid } = relay
  try {
    if (shim) shim.syncTakes(SLOW_SYNC_MS * 1_000)
    const before = openOf(pid)
    const times: number[] = []
    let isJudged = false
    let next = 0
    await Promise.all(Array.from({ length: DIALS_AT_ONCE }, async () => {
      while (next < WRITERS) {
        const i = next++
        typists.push(await createTypist(relay.address, group.cookie(i), group.space(i), dice, (ms) => void (isJudged && times.push(ms)), violation))
      }
    }))
    // Each types at its own moment of the half second, as people do.
    isJudged = true
    const began = performance.now()
    const looks: { minute: number; mebibytes: number }[] = []
    let lookedAt = 0
    let filesWarm = 0
    for (let edits = 0; relay.isUp; edits++) {
      const due = (edits / WRITERS) * EDIT_MS
      if (due >= seconds * 1_000) break
      const now = performance.now() - began
      if (due > now) await sleep(due - now)
      else lateMs = Math.max(lateMs, now - due)
      must(typists[edits % WRITERS], 'a typist').type()
      if (now - lookedAt < LOOK_MS) continue
      lookedAt = now
      if (now < (seconds * 1_000) / 2 || filesWarm === 0) filesWarm = openOf(pid).files
      looks.push({ minute: now / 60_000, mebibytes: residentMiB(pid) })
      trial.progress(`${words}${(now / 1_000).toFixed(0)} of ${seconds} s`)
    }
    const waitingCount = (): number => typists.reduce((sum, { waiting }) => sum + waiting.size, 0)
    for (const end = performance.now() + DRAIN_MS_MAX; waitingCount() > 0 && relay.isUp && performance.now() < end; ) await sleep(5)
    if (waitingCount() > 0) violation(`${count(waitingCount(), 'edit')} never acknowledged`)
    if (!relay.isUp || relay.pid !== pid) return violation(`the relay ended: ${relay.output().slice(-500)}`)
    const acknowledged = typists.flatMap((one) => one.acknowledged.map((entry) => ({ entry, space: one.space })))
    for (const { client } of typists) client.cut()
    const delaySeen = shim?.counts().syncs ?? 0
    if (shim) shim.syncTakes(0)
    // Before anybody reads it all back: for that the relay opens its snapshots.
    let growth = openOf(pid).sockets - before.sockets
    for (let looked = 0; growth > 0 && looked < 100; looked++) {
      await sleep(100)
      growth = openOf(pid).sockets - before.sockets
    }
    if (growth > 0) violation(`${count(growth, 'socket')} still open`)
    const { files } = openOf(pid)
    if (files - before.files > FIRST_NEED_FILES_MAX) violation(`${count(files - before.files, 'file')} more open than before anybody came`)
    if (seconds >= WARM_SECONDS_MIN && files > filesWarm) violation(`${count(files - filesWarm, 'file')} more open than halfway`)
    const seen = new Map<Id, ReadonlySet<EntryId>>()
    for (const space of group.spaces) {
      const observer = createObserver(space, dice, violation)
      await observer.connect(relay.address, group.cookie(0))
      observer.cut()
      if (observer.byEntry.size !== observer.seen.length) violation('an entry stands in the log twice')
      seen.set(space, new Set(observer.byEntry.keys()))
    }
    const lost = acknowledged.filter(({ entry, space }) => !seen.get(space)?.has(entry)).length
    if (lost > 0) violation(`${count(lost, 'acknowledged edit')} lost`)
    if (shim && delaySeen === 0) violation('the slow disk was never asked to sync')
    trial.figure(`${words}${count(WRITERS, 'writer')} × ${1_000 / EDIT_MS} edits/s for ${seconds < 60 ? `${seconds} s` : `${seconds / 60} min`}, ${count(acknowledged.length, 'edit')} acknowledged, ${lost} lost`)
    if (trial.size === 'small') return
    times.sort((a, b) => a - b)
    const [p50, p95, p99] = [quantile(times, 0.5), quantile(times, 0.95), quantile(times, 0.99)]
    trial.figure(`ack p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms${lateMs > EDIT_MS ? ` (the typists themselves were up to ${lateMs.toFixed(0)} ms late)` : ''}`)
    if (p95 > (shim ? ACK_P95_MS_MAX_SLOWED : ACK_P95_MS_MAX)) trial.missed(`${words}ack p95 ${p95.toFixed(0)} ms`)
    const memory = residentMiB(pid)
    const later = looks.slice(looks.length / 2)
    const slope = slopeOf(later)
    const minutes = (later.at(-1)?.minute ?? 0) - (later[0]?.minute ?? 0)
    trial.figure(minutes >= SLOPE_MINUTES_MIN ? `RSS ${memory.toFixed(0)} MiB, ${slope >= 0 ? '+' : ''}${slope.toFixed(2)} MiB/min over the second half` : `RSS ${memory.toFixed(0)} MiB`)
    if (minutes >= SLOPE_MINUTES_MIN && slope > SLOPE_MIB_A_MINUTE_MAX) trial.missed(`${words}RSS +${slope.toFixed(2)} MiB/min`)
  } finally {
    for (const { client } of typists) client.cut()
    shim?.close()
    await relay.kill()
  }
}
