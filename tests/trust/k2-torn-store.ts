/** K2 and K4: the browser dies inside the n-th transaction of its own store, and every transaction that writes is looked at. */
import { appendFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { must } from '../../shared/base/assert.ts'
import { below, namedDice } from '../../shared/base/random.ts'
import { tokenText } from '../simulation/tokens.ts'
import { awaited, type Frame, type Heard } from './browser-laptop.ts'
import { faultsOf, readStore } from './browser-store.ts'
import { withLaptops } from './browser-world.ts'
import { patchedRelay, withOrders, type Orders } from './patched-window.ts'
import { count, type Row, type Trial } from './row.ts'

const HOWS: readonly NonNullable<Orders['how']>[] = ['begin', 'middle', 'end', 'abort']
const TRANSACTIONS_MAX = 120
/** Somebody who types meets so many transactions long before. */
const REACH_MS_MAX = 20_000

/** Of LevelDB's log: a header of so many bytes (sum, length, kind) and blocks that no record crosses. */
const [HEADER_BYTES, BLOCK_BYTES, WHOLE_RECORD] = [7, 32_768, 1]
/** How much of the record was written when the browser ended. */
const HALF_BYTES = 20

/**
 * Leaves half a record at the end of the log of a closed browser's IndexedDB, as one that is killed between two writes to the file does (decision
 * 0030). Out: whether there was room for one in the last block.
 */
function tearLog(profile: string): boolean {
  const folder = join(profile, 'Default', 'IndexedDB')
  const logs = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\d+\.log$/.test(path)).sort()
  const path = join(folder, must(logs.at(-1), 'a log'))
  const room = BLOCK_BYTES - (statSync(path).size % BLOCK_BYTES) - HEADER_BYTES
  if (room < 2 * HALF_BYTES) return false
  const half = Buffer.alloc(HEADER_BYTES + HALF_BYTES, 0xa5)
  half.writeUInt16LE(room, 4)
  half[6] = WHOLE_RECORD
  appendFileSync(path, half)
  return true
}

/** The start after a torn record reads all there was; the one after that must as well, and what was written between them. */
async function tornLogs(trial: Trial): Promise<void> {
  await withLaptops(trial, 'K2', 1, async (world, item, laptop) => {
    const triesCount = trial.count(1, 3, 20)
    let [tornCount, serial] = [0, 0]
    const write = async (): Promise<string> => {
      const token = tokenText(trial.seed, 6, serial++)
      await laptop.toEnd()
      await laptop.type(`${token} `)
      return token
    }
    for (let i = 0; i < triesCount; i++) {
      const tokens: string[] = []
      await laptop.open(item)
      await laptop.person.syncIs('relay')
      laptop.network.down()
      laptop.network.cut()
      tokens.push(await write())
      await awaited(() => laptop.frames.at(-1)?.state === 'offline' && laptop.frames.at(-1)?.text.includes(must(tokens[0], 'typed')) === true, 10_000)
      await laptop.close()
      if (!tearLog(laptop.profile)) {
        laptop.network.heal()
        continue
      }
      tornCount++
      for (let start = 0; start < 2; start++) {
        await laptop.open(item)
        await awaited(async () => tokens.every((token) => laptop.frames.at(-1)?.text.includes(token)), 10_000)
        const found = await laptop.text()
        for (const token of tokens) if (!found.includes(token)) trial.violation(`try ${i}: ${token} is not there at start ${start + 1} after half a record`)
        tokens.push(await write())
        await awaited(() => laptop.frames.at(-1)?.state === 'offline' && laptop.frames.at(-1)?.text.includes(must(tokens.at(-1), 'typed')) === true, 10_000)
        await laptop.close()
      }
      laptop.network.heal()
      await laptop.open(item)
      await laptop.person.syncIs('relay')
      const atRelay = await world.atRelay(item)
      for (const token of tokens) if (atRelay.split(token).length !== 2) trial.violation(`try ${i}: ${token} is ${atRelay.split(token).length - 1} times at the relay`)
      await laptop.close()
    }
    if (tornCount === 0) trial.violation('no log was torn: the trial proves nothing')
    trial.figure(`${count(tornCount, 'log')} of the browser itself torn in the middle of a record, ${count(serial, 'token')} written around it`)
  })
}

const promisedIn = (frames: readonly Frame[]): string => frames.reduce((text, frame) => (frame.state !== 'pending' && frame.text.length > text.length ? frame.text : text), '')

async function torn(trial: Trial): Promise<void> {
  await withLaptops(trial, 'K2', 1, async (world, item, laptop) => {
    const dice = namedDice(trial.seed, 'K2')
    const crashesCount = trial.count(2, 10, TRANSACTIONS_MAX)
    let serial = 0
    let rowsCount = 0
    const met = new Map<string, number>()
    for (let i = 0; i < crashesCount; i++) {
      const n = 1 + Math.floor((i * TRANSACTIONS_MAX) / crashesCount / (trial.size === 'full' ? 1 : 2))
      const how = HOWS[i % HOWS.length] ?? 'begin'
      let isOver = false
      const end = (): void => {
        isOver = true
        if (laptop.isOpen) void laptop.kill()
      }
      let isMet = false
      const hears = (message: Heard): void => {
        if (message.what === 'transaction' && how === 'abort' && message.n > n + 4 && message.n > 8) {
          isMet = true
          end()
        }
        if (message.what !== 'crash') return
        isMet = true
        end()
      }
      const typing = (async () => {
        try {
          await laptop.open(item, { scripts: [withOrders({ crashAt: n, how })], hears })
          await laptop.toEnd()
          while (!isOver) {
            await laptop.type(`${tokenText(trial.seed, 2, serial++)} `)
            await sleep(below(dice, 120))
          }
        } catch (error) {
          if (!isOver) throw error
        }
      })()
      await awaited(() => isOver, REACH_MS_MAX)
      if (!isMet) met.set('not reached', (met.get('not reached') ?? 0) + 1)
      else met.set(how, (met.get(how) ?? 0) + 1)
      end()
      await typing
      await awaited(() => !laptop.isOpen, 10_000)
      const promised = promisedIn(laptop.frames)

      await laptop.open(item)
      await awaited(async () => (await laptop.text()).length >= promised.length, 10_000)
      const found = await laptop.text()
      if (!found.startsWith(promised)) trial.violation(`crash ${how} in transaction ${n}: ${promised.length} letters were called kept, ${found.length} are found`)
      const store = await readStore(laptop.context, laptop.network.address)
      rowsCount += store.entries.length + store.outbox.length + store.archive.length
      for (const fault of faultsOf(store)) trial.violation(`crash ${how} in transaction ${n}: ${fault}`)
      await laptop.person.syncIs('relay')
      if (laptop.person.errors.length > 0) trial.violation(`crash ${how} in transaction ${n}: the page reported ${laptop.person.errors[0]}`)
      const last = await laptop.text()
      const atRelay = await world.atRelay(item)
      if (atRelay !== last) trial.violation(`crash ${how} in transaction ${n}: laptop and relay differ afterwards`)
      await laptop.close()
      trial.progress(`${i + 1} of ${crashesCount}`)
    }
    trial.figure(`${count(crashesCount, 'crash', 'crashes')} in transactions 1…${TRANSACTIONS_MAX / (trial.size === 'full' ? 1 : 2)} (${[...met].map(([how, times]) => `${how} ${times}`).join(', ')})`)
    trial.figure(`${count(serial, 'token')} typed`)
    trial.figure(`${count(rowsCount, 'row')} summed and matched`)
  }, { makeRelay: patchedRelay })
}

export const k2: Row = {
  id: 'K2',
  name: 'Torn between writes',
  promise: 'a crash before, inside or right after any transaction of the laptop’s store, or in the middle of a record of the browser’s own, leaves whole records and everything that was called kept',
  target: 'n = 1…120 by hand, 10 of 1…60 by default, 2 in CI: 0 lost, 0 half records, the next start opens the document, and the start after it (every gap between two writes is tried in tests/engine/crashes.test.ts)',
  run: async (trial) => {
    await torn(trial)
    await tornLogs(trial)
  },
}

async function inspected(trial: Trial): Promise<void> {
  await withLaptops(trial, 'K4', 1, async (_world, item, laptop) => {
    const tokensCount = trial.count(5, 30, 300)
    const transactions: Extract<Heard, { what: 'transaction' }>[] = []
    await laptop.open(item, {
      scripts: [withOrders({}), `{ const ask = navigator.storage.persist.bind(navigator.storage); globalThis.timesAsked = 0; navigator.storage.persist = () => { globalThis.timesAsked++; return ask() } }`],
      hears: (message) => {
        if (message.what === 'transaction') transactions.push(message)
      },
    })
    await laptop.person.syncIs('relay')
    await laptop.toEnd()
    for (let i = 0; i < tokensCount; i++) {
      if (i === Math.floor(tokensCount / 2)) {
        laptop.network.down()
        laptop.network.cut()
      }
      await laptop.type(`${tokenText(trial.seed, 4, i)} `)
    }
    laptop.network.heal()
    await laptop.person.syncIs('relay')
    const relaxed = transactions.filter(({ durability }) => durability !== 'strict')
    for (const { stores, durability } of relaxed) trial.violation(`a transaction on ${stores.join(', ')} was ${durability}`)
    const store = await readStore(laptop.context, laptop.network.address)
    const faults = faultsOf(store)
    for (const fault of faults) trial.violation(fault)
    const { timesAsked, isPersisted } = await laptop.page.evaluate(async () => ({ timesAsked: (globalThis as unknown as { timesAsked: number }).timesAsked, isPersisted: await navigator.storage.persisted() }))
    if (timesAsked === 0 && !isPersisted) trial.violation('the browser was never asked to keep what is stored')
    await laptop.page.getByRole('button', { name: 'Instellen' }).first().click()
    const said = laptop.page.getByText(isPersisted ? /De browser bewaart alles/ : /De browser mag deze gegevens weghalen/).first()
    await said.waitFor({ timeout: 10_000 }).catch(() => trial.violation('the settings do not say whether the browser keeps what is stored'))
    trial.figure(`${count(transactions.length, 'transaction')} that wrote, ${transactions.length - relaxed.length} strict, on ${new Set(transactions.flatMap(({ stores }) => stores)).size} tables`)
    trial.figure(`${count(store.entries.length + store.outbox.length + store.archive.length, 'row')} with a right checksum`)
    trial.figure(`persist() asked ${timesAsked}×, ${isPersisted ? 'granted' : 'refused and said so'}`)
  }, { makeRelay: patchedRelay })
}

export const k4: Row = {
  id: 'K4',
  name: 'Inspection of the store',
  promise: 'every transaction that writes is strictly durable, every row with content has a checksum, the browser is asked to keep it and a refusal is shown',
  target: '100 % strict, 100 % of rows of entries, outbox and archive summed; persist() asked and its refusal in the settings',
  run: inspected,
}
