/**
 * A laptop with the real engine, its store in memory, and the real websocket transport over a bad network of its own. What it types are tokens
 * that name who typed them, so that whoever sees nothing but the final texts can say what is lost, doubled, or came back from the dead.
 *
 * Its clock runs ten times as fast as ours: forty seconds of silence are four, and nobody waits for them.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import WebSocket from 'ws'
import * as Y from 'yjs'
import type { Engine } from '../../client/engine/api.ts'
import { createEngine } from '../../client/engine/engine.ts'
import { initFacts } from '../../client/engine/facts.ts'
import { createMemoryDevice, type MemoryStore } from '../../client/engine/memory-store.ts'
import { createWebsocketTransport } from '../../client/engine/websocket-transport.ts'
import { must } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { newId, type EntryId, type ItemId, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import { orderBetween } from '../../shared/base/order.ts'
import { below, namedDice, pick, type Dice } from '../../shared/base/random.ts'
import { PARTS } from '../../shared/model/entries.ts'
import { gapsOf } from '../simulation/tab.ts'
import { tokensIn, tokenText } from '../simulation/tokens.ts'
import { createChaosProxy, type ChaosProxy } from './chaos-proxy.ts'
import type { Member } from './people.ts'

initFacts(() => readFile(createRequire(import.meta.url).resolve('@automerge/automerge/automerge.wasm')))

export const CLOCK_SPEED = 10
const began = Date.now()
/** How fast a laptop's clock runs, and how far it is off; may change under way, as clocks that people set do. */
export interface ClockSetting {
  speed: number
  offsetMs: number
}
const clockOf = (setting: ClockSetting): Clock => ({
  now: () => Math.round(began + (Date.now() - began) * setting.speed + setting.offsetMs),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs / setting.speed)
    return { dispose: () => clearTimeout(timer) }
  },
})

// What a browser does for the transport: the cookie of the address goes along. Every laptop has an address of its own, so one jar serves all.
const cookiesByPort = new Map<string, string>()
class BrowserSocket extends WebSocket {
  constructor(address: string) {
    const { host, port } = new URL(address)
    super(address, { headers: { cookie: cookiesByPort.get(port) ?? '' }, origin: `http://${host}`, perMessageDeflate: false })
    this.on('error', () => undefined) // its close follows
  }
}
globalThis.WebSocket = BrowserSocket as unknown as typeof globalThis.WebSocket

/** What became of a token, as its laptop saw it. */
export interface Typed {
  token: string
  item: ItemId
  /** The engine called it stored on this laptop. */
  isStored: boolean
  /** `asked`: deleted by somebody, whose laptop may have crashed before it was stored. */
  deleted: 'no' | 'asked' | 'stored'
}

/** Everything typed in one trial, by all laptops. */
export type Ledger = Map<string, Typed>

export interface EngineLaptop {
  readonly name: string
  readonly network: ChaosProxy
  readonly engine: Engine | null
  open(): Promise<void>
  /** As a crash of the browser: nothing more is written, what was stored stays. */
  crash(): void
  /** In again, as a browser after the sign-in page. */
  signIn(cookie: string): void
  /** Closes properly. */
  close(): Promise<void>
  createItem(space: SpaceId): Promise<ItemId>
  /** False: not here yet. */
  see(item: ItemId): Promise<boolean>
  /** A token, and what is written behind it. */
  type(item: ItemId, more?: string): Promise<void>
  erase(item: ItemId): Promise<void>
  addStep(item: ItemId): Promise<void>
  setTitle(item: ItemId, title: string): Promise<void>
  /** Everything is at the relay and nothing waits anywhere. */
  isQuiet(): Promise<boolean>
  describe(): Promise<string>
  /** Entries of an item that this laptop keeps out of its content, with whose they are. */
  leftOut(item: ItemId): Promise<{ entry: EntryId; author: UserId; reason: string }[]>
  /** Canonical content by item, with conflicts. */
  contents(items: readonly ItemId[]): Promise<string[]>
  dispose(): Promise<void>
}

let serial = 0

export async function createEngineLaptop({ name, user, member, relayPort, seed, ledger, clock: setting = { speed: CLOCK_SPEED, offsetMs: 0 } }: {
  name: string; user: number; member: Member; relayPort: number; seed: number; ledger: Ledger; clock?: ClockSetting
}): Promise<EngineLaptop> {
  const network = await createChaosProxy(relayPort)
  cookiesByPort.set(String(network.port), member.cookie)
  const device = createMemoryDevice()
  const clock = clockOf(setting)
  const dice: Dice = namedDice(seed, `${name}/${serial++}`)
  let engine: Engine | null = null
  let store: MemoryStore | null = null
  let ofThisLife = new Set<{ dispose(): void }>()
  const docs = new Map<ItemId, { doc: Y.Doc; clientId: number }>()

  const fresh = (item: ItemId): Typed => {
    const token = tokenText(seed, user, serial++)
    const typed: Typed = { token, item, isStored: false, deleted: 'no' }
    ledger.set(token, typed)
    return typed
  }
  const docOf = (item: ItemId): { doc: Y.Doc; clientId: number } | null => docs.get(item) ?? null
  const textsOf = (doc: Y.Doc): Y.XmlText[] =>
    doc.getXmlFragment('prose').toArray().flatMap((block) => (block instanceof Y.XmlElement ? block.toArray().filter((child) => child instanceof Y.XmlText) : []))
  /** The one update of a change, given to the engine; resolves when it is stored here. */
  const edit = async (item: ItemId, work: (doc: Y.Doc) => void): Promise<void> => {
    const open = docOf(item)
    if (!open || !engine) return
    let update: Uint8Array | null = null
    const onUpdate = (bytes: Uint8Array): void => void (update = bytes)
    open.doc.on('update', onUpdate)
    open.doc.transact(() => work(open.doc), 'local')
    open.doc.off('update', onUpdate)
    if (update) await engine.writeProse(item, open.clientId, update)
  }

  const self: EngineLaptop = {
    name,
    network,
    get engine() {
      return engine
    },
    async open() {
      if (engine) return
      const opened = device.openStore()
      store = opened
      /** What ends with this life: lines, and timers, which would keep this process from ending. */
      const ends = new Set<{ dispose(): void }>()
      ofThisLife = ends
      let isAlive = true
      const transport = createWebsocketTransport(`ws://localhost:${network.port}/sync`)
      ends.add({ dispose: () => (isAlive = false) })
      const made = await createEngine({
        store: opened,
        transport: {
          connect(listener) {
            const socket = transport.connect({
              opened: () => isAlive && listener.opened(),
              frame: (bytes) => isAlive && listener.frame(bytes),
              closed: (code, reason) => isAlive && listener.closed(code, reason),
            })
            ends.add(socket)
            return socket
          },
        },
        leadership: {
          campaign(onLeader) {
            queueMicrotask(onLeader)
            return { dispose: () => undefined }
          },
        },
        clock: {
          now: clock.now,
          after(ms, run) {
            const timer = clock.after(ms, () => {
              ends.delete(timer)
              if (isAlive) run()
            })
            ends.add(timer)
            return {
              dispose() {
                ends.delete(timer)
                timer.dispose()
              },
            }
          },
        },
        dice,
        me: member.person,
        build: '0.1.0',
        web: { report: () => Promise.reject(new Error('not asked here')), people: () => Promise.reject(new Error('not asked here')) },
      })
      engine = made
      made.onEvent((event) => {
        if (event.type !== 'prose' || engine !== made) return
        // The window is told in a message, and is a thread of its own.
        setTimeout(() => {
          const open = engine === made ? docs.get(event.item) : undefined
          if (open) Y.applyUpdate(open.doc, event.update, 'remote')
        })
      })
    },
    crash() {
      store?.kill()
      for (const one of ofThisLife) one.dispose()
      ofThisLife.clear()
      engine = null
      docs.clear()
    },
    signIn: (cookie) => void cookiesByPort.set(String(network.port), cookie),
    async close() {
      await engine?.dispose()
      self.crash()
    },
    async createItem(space) {
      return must(engine, 'an open laptop').createItem({ space, type: 'agreement', edits: [{ op: 'set', path: 'title', value: `Afspraak ${serial++}` }], prose: null })
    },
    async see(item) {
      if (!engine) return false
      if (docs.has(item)) return true
      const mine = engine
      if (!(await mine.rows()).some((row) => row.item === item)) return false
      const { prose } = await mine.openItem(item)
      if (engine !== mine || docs.has(item)) return engine === mine
      const doc = new Y.Doc()
      doc.clientID = prose.clientId
      Y.applyUpdate(doc, prose.update, 'remote')
      docs.set(item, { doc, clientId: prose.clientId })
      return true
    },
    async type(item, more = '') {
      if (!docOf(item)) return
      const typed = fresh(item)
      await edit(item, (doc) => {
        const texts = textsOf(doc)
        const text = texts.length === 0 || below(dice, 6) === 0 ? null : pick(dice, texts)
        if (text) {
          text.insert(pick(dice, gapsOf(text.toString())), typed.token + more)
          return
        }
        const paragraph = new Y.XmlElement('paragraph')
        paragraph.insert(0, [new Y.XmlText(typed.token + more)])
        const blocks = doc.getXmlFragment('prose')
        blocks.insert(below(dice, blocks.length + 1), [paragraph])
      })
      typed.isStored = true
    },
    async erase(item) {
      const open = docOf(item)
      const whole = open ? textsOf(open.doc).flatMap((text) => tokensIn(text.toString()).map((token) => ({ text, token }))) : []
      if (whole.length === 0) return
      const { text, token } = pick(dice, whole)
      const typed = must(ledger.get(token), `a token that somebody typed: ${token}`)
      if (typed.deleted === 'no') typed.deleted = 'asked'
      await edit(item, () => text.delete(text.toString().indexOf(token), token.length))
      typed.deleted = 'stored'
    },
    async addStep(item) {
      const typed = fresh(item)
      await must(engine, 'an open laptop').editFacts(item, [{ op: 'insert', list: 'steps', id: newId(dice), order: orderBetween('', ''), values: { action: typed.token } }])
      typed.isStored = true
    },
    async setTitle(item, title) {
      await must(engine, 'an open laptop').editFacts(item, [{ op: 'set', path: 'title', value: title }])
    },
    async isQuiet() {
      if (!engine) return true
      const { state, waitingCount, inMemoryCount, behindCount, parkedCount } = await engine.status()
      return state === 'relay' && waitingCount + inMemoryCount + behindCount + parkedCount === 0
    },
    async describe() {
      if (!engine) return `${name}: off`
      const { state, waitingCount, inMemoryCount, behindCount, parkedCount, connection, blockedBy } = await engine.status()
      const parked = (await engine.parked()).map(({ code, reason }) => `${code} ${reason}`)
      return `${name}: ${state} ${connection} ${blockedBy ?? ''} waiting ${waitingCount} memory ${inMemoryCount} behind ${behindCount} parked ${parkedCount} ${parked.slice(0, 2).join(', ')}`
    },
    async leftOut(item) {
      const kept = must(store, 'an open laptop')
      const parts = await Promise.all(PARTS.map((part) => kept.entriesOf(item, part)))
      return parts.flatMap(({ entries }) => entries.flatMap(({ entry, author, quarantined }) => (quarantined === null ? [] : [{ entry, author, reason: quarantined }])))
    },
    async contents(items) {
      const mine = must(engine, 'an open laptop')
      const texts: string[] = []
      for (const item of items) {
        texts.push((await mine.sealContent(item)).content)
      }
      return texts
    },
    async dispose() {
      await self.close()
      await network.dispose()
      cookiesByPort.delete(String(network.port))
    },
  }
  return self
}
