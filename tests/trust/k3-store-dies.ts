/**
 * K3: the laptop's store dies under an open document, without a network to help. Whatever is typed then stays on the screen; the status stops
 * calling it kept, or it is kept after all; and where nothing can be kept any more, a file with the work is offered.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { tokenText } from '../simulation/tokens.ts'
import { awaited, type BrowserLaptop, type Frame } from './browser-laptop.ts'
import { blankPage } from './browser-store.ts'
import { percentile, withLaptops } from './browser-world.ts'
import { patchedRelay, withOrders } from './patched-window.ts'
import { count, type Row, type Trial } from './row.ts'

const RED_MS_MAX = 2_000
const LOST_MS = 3_500
const TYPED_MS = 5_000
const FILE_BUTTON = /Bewaar mijn werk als bestand/

/** What befalls the store, from the page itself or from another tab of the same address. */
const BLOWS: Record<string, (laptop: BrowserLaptop) => Promise<void>> = {
  closed: ({ page }) => page.evaluate(() => new BroadcastChannel('trial').postMessage({ what: 'close' })),
  'connection lost': ({ page }) => page.evaluate((ms) => new BroadcastChannel('trial').postMessage({ what: 'lost', ms }), LOST_MS),
  'deleted by another tab': (laptop) => inAnotherTab(laptop, 0),
  'newer version in another tab': (laptop) => inAnotherTab(laptop, 20),
}

/** In: 0 deletes the database. */
async function inAnotherTab(laptop: BrowserLaptop, version: number): Promise<void> {
  const page = await blankPage(laptop.context, laptop.network.address)
  await page.evaluate(async (wanted) => {
    const found = (await indexedDB.databases()).find(({ name }) => name?.startsWith('samenpad-'))
    if (!found?.name) return
    const name = found.name
    await new Promise<void>((resolve, reject) => {
      const asked = wanted === 0 ? indexedDB.deleteDatabase(name) : indexedDB.open(name, wanted)
      asked.onupgradeneeded = () => {
        if (wanted > 0) asked.result.createObjectStore('later')
      }
      asked.onsuccess = () => {
        if (wanted > 0) asked.result.close()
        resolve()
      }
      asked.onerror = () => reject(asked.error ?? new Error('refused'))
    })
  }, version)
  await page.close()
}

const isKept = ({ state, said }: Frame): boolean => state !== 'pending' && !said.startsWith('Deze laptop slaat niets meer op')

async function blows(trial: Trial): Promise<void> {
  await withLaptops(trial, 'K3', 1, async (_world, item, laptop) => {
    const runsCount = trial.count(2, 4, 100)
    const names = Object.keys(BLOWS)
    const reds: number[] = []
    const ends = new Map<string, number>()
    const tally = (name: string): void => void ends.set(name, (ends.get(name) ?? 0) + 1)
    let serial = 0
    let filesCount = 0
    for (let run = 0; run < runsCount; run++) {
      const name = names[run % names.length] ?? ''
      const violation = (text: string): void => trial.violation(`run ${run}, ${name}: ${text}`)
      laptop.network.heal()
      await laptop.open(item, { scripts: [withOrders({})] })
      await laptop.person.syncIs('relay')
      const base = await laptop.text()
      await laptop.toEnd()
      await laptop.type(`${tokenText(trial.seed, 3, serial++)} `)
      await laptop.person.syncIs('relay', 'local')
      const at = Date.now()
      await BLOWS[name]?.(laptop)
      laptop.network.down()
      laptop.network.cut()
      let typedAfter = ''
      while (Date.now() - at < TYPED_MS) {
        const token = `${tokenText(trial.seed, 3, serial++)} `
        typedAfter += token
        await laptop.type(token)
        await sleep(350)
      }
      const shown = await laptop.text()
      if (!shown.endsWith(typedAfter)) violation('what was typed after the blow is not on the screen')
      if (!shown.startsWith(base)) violation('what was there before the blow is gone from the screen')
      // The last word: whatever it will be, it holds by now.
      await awaited(() => isKept(laptop.frames.at(-1) ?? { at: 0, state: 'pending', said: '', text: '' }), 4_000)
      const frames = laptop.frames.filter((frame) => frame.at >= at)
      const red = frames.find((frame) => !isKept(frame))
      const last = frames.at(-1)
      const endsKept = last !== undefined && isKept(last)
      if (red) reds.push(red.at - at)
      if (!endsKept) {
        if (!red || red.at - at > RED_MS_MAX) trial.missed(`${name}: red after ${red ? red.at - at : 'never'} ms`)
        const download = laptop.page.waitForEvent('download', { timeout: 15_000 })
        const button = laptop.page.getByRole('button', { name: FILE_BUTTON }).first()
        const isOffered = (await awaited(() => button.isVisible(), 10_000)) !== null
        if (isOffered) await button.click()
        const file = await download.then((one) => one.path(), (error: unknown) => void violation(`no file with the work ${isOffered ? 'comes' : 'is offered'}: ${String(error).slice(0, 80)}`))
        if (file) {
          filesCount++
          const missing = typedAfter.trim().split(' ').filter((token) => !readFileSync(file, 'utf8').includes(token))
          if (missing.length > 0) violation(`${missing.length} of ${typedAfter.trim().split(' ').length} tokens are not in the file`)
        }
      }
      const promised = frames.reduce((text, frame) => (isKept(frame) && frame.text.length > text.length ? frame.text : text), '')
      await laptop.kill()
      // From its own store alone: the network is still away.
      await laptop.open(item, { scripts: [withOrders({})], isUnsure: true })
      if (endsKept) {
        // A store that was emptied does not have the document at all.
        const isThere = (await awaited(() => laptop.person.text().isVisible(), 15_000)) !== null
        if (isThere) await awaited(async () => (await laptop.text()).length >= promised.length, 8_000)
        const found = isThere ? await laptop.text() : ''
        if (!found.startsWith(promised)) violation(`${promised.length} letters were called kept after the blow, ${found.length} are found`)
      }
      tally(`${name}: ${endsKept ? 'kept again' : 'red to the end, with a file'}`)
      laptop.network.heal()
      await BLOWS['deleted by another tab']?.(laptop)
      await laptop.close()
      trial.progress(`${run + 1} of ${runsCount}`)
    }
    trial.figure(`${count(runsCount, 'blow')} (${[...ends].map(([name, times]) => `${name} ${times}`).join('; ')})`)
    if (reds.length > 0) trial.figure(`not called kept after ${percentile(reds, 0.5)} ms, ${Math.max(...reds)} ms at most`)
    trial.figure(`${count(filesCount, 'file')} with all of it`)
  }, { makeRelay: patchedRelay })
}

export const k3: Row = {
  id: 'K3',
  name: 'Store dies under an open document',
  promise: 'typing goes on, the status stops calling it kept or it is kept after all, and a file is offered where nothing can be kept',
  target: '100 blows by hand, 4 by default, 2 in CI: red ≤ 2 s, 0 letters called kept that are not, 0 silent seconds',
  run: blows,
}
