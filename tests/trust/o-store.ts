/** O4 to O6: another version of the laptop's store, no room in it, and nothing left of it. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { must } from '../../shared/base/assert.ts'
import { tokensIn, tokenText } from '../simulation/tokens.ts'
import { awaited, type BrowserLaptop, type Frame } from './browser-laptop.ts'
import { blankPage, faultsOf, readStore } from './browser-store.ts'
import { BEGIN, withLaptops, withWorld } from './browser-world.ts'
import { count, type Row, type Trial } from './row.ts'

const LEVEL_MS_MAX = 60_000
const isRed = (laptop: BrowserLaptop): boolean => {
  const last = laptop.frames.at(-1)
  return last !== undefined && (last.state === 'pending' || last.said.startsWith('Deze laptop slaat niets meer op'))
}
const offline = ({ network }: BrowserLaptop): void => {
  network.down()
  network.cut()
}

// ── O4 ──

/** What a later build does to the disk: its version, and more in it. In: whether the browser dies while it is at it. */
async function upgrade(laptop: BrowserLaptop, version: number, dies: boolean): Promise<'done' | 'killed'> {
  const page = await blankPage(laptop.context, laptop.network.address)
  const working = page.evaluate(async (wanted) => {
    const found = (await indexedDB.databases()).find(({ name }) => name?.startsWith('samenpad-'))
    if (!found?.name) throw new Error('no store')
    const name = found.name
    await new Promise<void>((resolve, reject) => {
      const asked = indexedDB.open(name, wanted.version)
      asked.onupgradeneeded = () => {
        const added = asked.result.createObjectStore('later', { keyPath: 'entry' })
        const fill = asked.transaction?.objectStore('entries').getAll()
        if (!fill) return
        fill.onsuccess = () => {
          for (const { entry } of fill.result as { entry: string }[]) added.put({ entry, filled: true })
          if (!wanted.dies) return
          // Half-way: the transaction is kept open until the browser is gone.
          const go = (): void => void (added.put({ entry: 'x' }).onsuccess = go)
          go()
          document.title = 'half-way'
        }
      }
      asked.onsuccess = () => {
        asked.result.close()
        resolve()
      }
      asked.onerror = () => reject(asked.error ?? new Error('refused'))
    })
  }, { version, dies })
  if (!dies) {
    await working
    await page.close()
    return 'done'
  }
  const ended = working.then(() => 'done' as const, () => 'killed' as const)
  await awaited(async () => (await page.title()) === 'half-way', 10_000)
  await laptop.kill()
  return ended
}

async function versions(trial: Trial): Promise<void> {
  await withWorld(trial, 1, async (world) => {
    const runsCount = trial.count(1, 2, 60)
    let [tokensCount, rowsCount] = [0, 0]
    const noticed: number[] = []
    for (let run = 0; run < runsCount; run++) {
      const violation = (text: string): void => trial.violation(`run ${run}: ${text}`)
      const item = await world.page(`Proef van O4, ${run}`, [BEGIN])
      const laptop = await world.laptop(`o4-${run}`, 0, item)
      const tokens: string[] = []
      const write = async (): Promise<void> => {
        const token = tokenText(trial.seed, 4, tokensCount++)
        tokens.push(token)
        await laptop.toEnd()
        await laptop.type(`${token} `)
      }
      // Edits wait in the store of this build.
      await laptop.open(item)
      await laptop.person.syncIs('relay')
      offline(laptop)
      await write()
      await awaited(() => laptop.frames.at(-1)?.state === 'offline', 10_000)
      laptop.network.heal()
      // A new build begins its upgrade and dies half-way: nothing happened.
      if ((await upgrade(laptop, 20, true)) !== 'killed') violation('the upgrade was not killed half-way')
      offline(laptop)
      await laptop.open(item)
      await awaited(async () => (await laptop.text()).includes(must(tokens[0], 'typed')), 10_000)
      if (!(await laptop.text()).includes(must(tokens[0], 'typed'))) violation('after a half upgrade what waited is not there')
      laptop.network.heal()
      const waiting = await readStore(laptop.context, laptop.network.address)
      if (waiting.version !== 10 || waiting.names.includes('later')) violation(`half an upgrade is left: version ${waiting.version}`)
      // It succeeds, in another tab, while this build has the document open.
      offline(laptop)
      await write()
      await awaited(() => laptop.frames.at(-1)?.state === 'offline', 10_000)
      laptop.network.heal()
      const at = Date.now()
      await upgrade(laptop, 20, false)
      const took = await awaited(() => isRed(laptop), 10_000, 10)
      if (took === null) violation('this build goes on as if its store were there')
      else noticed.push(Date.now() - at)
      await laptop.close()
      const during = await rowsOf(laptop, item)
      // Rolled back: this build meets the newer store. It may not touch it, and it says so.
      await laptop.open(item, { isUnsure: true })
      if ((await awaited(() => laptop.page.locator('[role="status"]').getByText(/Deze laptop slaat niets meer op/).isVisible(), 15_000)) === null) violation('the old build does not say that it keeps nothing')
      await laptop.page.waitForTimeout(2_000)
      await laptop.close()
      const after = await rowsOf(laptop, item)
      for (const fault of faultsOf(after)) violation(fault)
      if (after.version !== 20 || !after.names.includes('later')) violation('the old build changed the newer store')
      const ids = (rows: readonly { entry: string }[]): string => rows.map(({ entry }) => entry).sort().join()
      if (ids(after.outbox) !== ids(during.outbox) || ids(after.entries) !== ids(during.entries)) violation('the old build changed rows of the newer store')
      rowsCount += after.entries.length + after.outbox.length
      // The new build again: its rows are what it left, and what waited waits.
      // (This build may have sent them in the moment before the upgrade, when the network came back for the other tab.)
      const atRelay = await world.atRelay(item)
      if (after.outbox.length === 0 && !tokens.every((token) => atRelay.includes(token))) violation('what waited neither waits nor is at the relay')
      trial.progress(`${run + 1} of ${runsCount}`)
    }
    trial.figure(`${count(runsCount, 'time')} killed half-way, upgraded under an open tab, rolled back`)
    trial.figure(`said after ${Math.max(...noticed)} ms at most`)
    trial.figure(`${count(rowsCount, 'row')} compared, ${count(tokensCount, 'waiting token')} kept`)
  })
}
/** Without the product: it has to leave the store alone. */
async function rowsOf(laptop: BrowserLaptop, item: Parameters<BrowserLaptop['open']>[0]) {
  await laptop.open(item, { path: '/healthz', isUnsure: true })
  const rows = await readStore(laptop.context, laptop.network.address)
  await laptop.close()
  return rows
}

export const o4: Row = {
  id: 'O4',
  name: 'Local schema up, down, up',
  promise: 'an upgrade of the laptop’s store that dies is undone, one under an open tab is noticed, and an older build leaves the newer store alone',
  target: '60 runs by hand, 2 by default: 0 lost, 0 rows changed by the older build (there is one schema so far: the later build is played by its upgrade, so the backfill of a real one is not in it)',
  run: versions,
}

// ── O5 ──

const BANNER_MS_MAX = 2_000
/** The browser lets go of a store that nobody has open. */
const STORE_CLOSED_MS = 2_000
/** More room at each level: some 20 levels from nothing left to some words. */
const LEVEL_BYTES = 2 * 1024
const KEPT_MS_MAX = 5_000
const FULL_MS_MAX = 90_000

/** From the first frame that did not call it kept, and none after it did, to the one that says why. */
function saidAfter(frames: readonly Frame[]): number {
  const said = frames.findIndex((frame) => frame.said.startsWith('Deze laptop slaat niets meer op'))
  const kept = frames.findLastIndex((frame, i) => i < said && frame.state !== 'pending')
  return (frames[said]?.at ?? 0) - (frames[kept + 1]?.at ?? 0)
}

async function quotas(trial: Trial): Promise<void> {
  await withLaptops(trial, 'O5', 1, async (world, item, laptop) => {
    const levelsCount = trial.count(1, 3, 20)
    const banners: number[] = []
    let [serial, filesCount] = [0, 0]
    const tokens: string[] = []
    await laptop.open(item)
    await laptop.person.syncIs('relay')
    const session = await laptop.context.newCDPSession(laptop.page)
    const limit = async (quotaSize?: number): Promise<void> => void (await session.send('Storage.overrideQuotaForOrigin', { origin: laptop.network.address, ...(quotaSize === undefined ? {} : { quotaSize }) }))
    for (let level = 0; level < levelsCount; level++) {
      const violation = (text: string): void => trial.violation(`level ${level}: ${text}`)
      // From nothing left at all to a little: the last letters before the end are different ones each time.
      // The browser remembers for half a minute how much room an open store has: it is closed while the room shrinks.
      await laptop.page.goto('about:blank')
      await sleep(STORE_CLOSED_MS)
      // The log that the start filled (decision 0030) is moved to tables when the store is opened again: only then is it known how much it takes.
      const blank = await blankPage(laptop.context, laptop.network.address)
      await blank.evaluate(() => indexedDB.databases())
      await blank.close()
      await sleep(STORE_CLOSED_MS)
      offline(laptop)
      const { usage } = await session.send('Storage.getUsageAndQuota', { origin: laptop.network.address })
      await limit(usage + level * LEVEL_BYTES)
      await laptop.page.goto(`${laptop.network.address}/item/${item}`)
      await laptop.person.text().waitFor()
      const at = Date.now()
      await laptop.toEnd()
      const typed: string[] = []
      const isSaidNow = (): boolean => laptop.frames.at(-1)?.said.startsWith('Deze laptop slaat niets meer op') ?? false
      while (!isSaidNow() && Date.now() - at < FULL_MS_MAX) {
        // The browser tidied up and there was more room than was left: it is taken again, and counts when the browser looks again.
        if (typed.length % 25 === 24) await limit((await session.send('Storage.getUsageAndQuota', { origin: laptop.network.address })).usage)
        const token = tokenText(trial.seed, 5, serial++)
        typed.push(token)
        await laptop.type(`${token} `)
        // Until it is called kept: who types on without a pause is told that it is being kept, which says nothing yet.
        await awaited(() => laptop.frames.at(-1)?.state !== 'pending' || isSaidNow(), KEPT_MS_MAX, 10)
      }
      const last = tokenText(trial.seed, 5, serial++)
      typed.push(last)
      await laptop.type(`${last} `)
      const isSaid = (await awaited(isSaidNow, 15_000, 10)) !== null
      if (!isSaid) trial.missed(`level ${level}: the browser refused nothing (${Math.round(usage / 1024)} KiB used)`)
      else banners.push(saidAfter(laptop.frames.filter((frame) => frame.at >= at)))
      tokens.push(...typed)
      if (!(await laptop.text()).includes(last)) violation('typing did not go on')
      if (isSaid) {
        const download = laptop.page.waitForEvent('download', { timeout: 15_000 })
        await laptop.person.command('Bewaar mijn werk als bestand')
        const file = await download.then((one) => one.path(), (error: unknown) => void violation(`no file: ${String(error).slice(0, 80)}`))
        if (file) {
          filesCount++
          const text = readFileSync(file, 'utf8')
          const missing = typed.filter((token) => !text.includes(token))
          if (missing.length > 0) violation(`${missing.length} of ${typed.length} tokens are not in the file`)
        }
      }
      // Room again, and the network: everything by itself.
      await limit()
      laptop.network.heal()
      if ((await awaited(() => laptop.frames.at(-1)?.state === 'relay', LEVEL_MS_MAX)) === null) violation('never at the relay after there was room again')
      const atRelay = tokensIn(await world.atRelay(item))
      for (const token of tokens) if (atRelay.filter((one) => one === token).length !== 1) violation(`${token} is at the relay ${atRelay.filter((one) => one === token).length} times`)
      trial.progress(`${level + 1} of ${levelsCount}`)
    }
    const worst = Math.max(0, ...banners)
    trial.figure(`${count(levelsCount, 'level')} of quota from 0 bytes left`)
    trial.figure(`${banners.length} times said, ${worst} ms after it stopped keeping at most`)
    trial.figure(`${count(filesCount, 'file')} with all unsent text`)
    trial.figure(`${count(tokens.length, 'token')} at the relay once`)
    if (worst > BANNER_MS_MAX) trial.missed(`said after ${worst} ms`)
  })
}

export const o5: Row = {
  id: 'O5',
  name: 'Quota',
  promise: 'a full laptop is said, typing goes on, the work can be taken along as a file, and with room again everything goes on by itself',
  target: '20 levels by hand, 3 by default: banner ≤ 2 s, 0 lost, export at 0 bytes left (older documents are not let go to make room: nothing is ever let go; what the browser itself lets go is in row O6)',
  run: quotas,
}

// ── O6 ──

/** A person's button takes everything; a browser that runs out of disk takes all that an address stored, and leaves it signed in. */
const WAYS_TO_FORGET = [
  { words: 'wiped by hand', types: 'all' },
  { words: 'let go by the browser', types: 'indexeddb,cache_storage,service_workers,file_systems' },
] as const

async function wiped(trial: Trial): Promise<void> {
  await withLaptops(trial, 'O6', 1, async (world, item, laptop) => {
    const runsCount = trial.count(1, 2, 20)
    const signedInAt = Date.now()
    let [serial, toldCount] = [0, 0]
    const opened: number[] = []
    for (let run = 0; run < runsCount; run++) {
      const violation = (text: string): void => trial.violation(`run ${run}: ${text}`)
      await laptop.open(item, run === 0 ? {} : { path: '/' })
      await laptop.person.syncIs('relay')
      if (run > 0) {
        await laptop.page.goto(`${laptop.network.address}/item/${item}`)
        await laptop.person.text().waitFor()
      }
      await laptop.toEnd()
      await laptop.type(`${tokenText(trial.seed, 6, serial++)} `)
      await awaited(() => laptop.frames.at(-1)?.state === 'relay', LEVEL_MS_MAX)
      const synced = await world.atRelay(item)
      offline(laptop)
      const unsent = tokenText(trial.seed, 6, serial++)
      await laptop.type(`${unsent} `)
      await awaited(() => laptop.frames.at(-1)?.state === 'offline', 10_000)
      const session = await laptop.context.newCDPSession(laptop.page)
      await laptop.page.goto('about:blank')
      await session.send('Storage.clearDataForOrigin', { origin: laptop.network.address, storageTypes: must(WAYS_TO_FORGET[run % WAYS_TO_FORGET.length], 'a way').types })
      await laptop.close()
      laptop.network.heal()
      // Signing in is over after a minute: from then on an empty browser is a wiped one.
      await sleep(Math.max(0, signedInAt + 65_000 - Date.now()))
      const began = performance.now()
      await laptop.open(item, { path: '/' })
      const isTold = awaited(() => laptop.page.getByText(/Werk dat alleen hier stond, is weg\./).first().isVisible(), 20_000)
      await laptop.person.syncIs('relay')
      if ((await isTold) === null) violation('that unsent work went with the wipe is not said')
      else toldCount++
      await laptop.page.goto(`${laptop.network.address}/item/${item}`)
      await laptop.person.text().waitFor()
      await awaited(async () => (await laptop.text()) === synced, 10_000)
      opened.push(performance.now() - began)
      if ((await laptop.text()) !== synced) violation('what opens is not what the relay has')
      if ((await world.atRelay(item)) !== synced) violation('emptiness was synced')
      await laptop.close()
      trial.progress(`${run + 1} of ${runsCount}`)
    }
    const ways = WAYS_TO_FORGET.map(({ words }, way) => `${Math.ceil((runsCount - way) / WAYS_TO_FORGET.length)} ${words}`)
    trial.figure(`${count(runsCount, 'store')} with edits waiting (${ways.join(', ')}), opened again from the relay in ${(Math.max(...opened) / 1000).toFixed(1)} s at most`)
    trial.figure('0 emptiness synced')
    trial.figure(`${count(toldCount, 'time')} said that work of this laptop alone is gone`)
  })
}

export const o6: Row = {
  id: 'O6',
  name: 'Cleared site data',
  promise: 'a browser that forgot everything opens from the relay, says that work of this laptop alone is gone, and never sends emptiness',
  target: 'wiped by hand and let go by the browser, 20 runs by hand, 2 by default: opens from the relay, says that unsent work of this laptop is gone, never syncs emptiness',
  run: wiped,
}
