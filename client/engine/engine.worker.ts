/**
 * The engine as it runs in a browser: Dexie, a websocket, a Web Lock per login, the machine's own clock and dice. The only file of the
 * engine that knows where it is.
 */
import wasmAddress from '@automerge/automerge/automerge.wasm?url'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { Dice } from '../../shared/base/random.ts'
import type { Person } from '../../shared/model/people.ts'
import type { Engine, ProgrammeReport } from './api.ts'
import { createDetourTransport } from './detour-transport.ts'
import { createCipher } from './cipher.ts'
import { failureOf, openDexieStore } from './dexie-store.ts'
import { createEngine } from './engine.ts'
import { factsIfPossible, initFacts } from './facts.ts'
import { beginFreshLog } from './fresh-log.ts'
import { createHttpTransport } from './http-transport.ts'
import { createMemoryDevice } from './memory-store.ts'
import { serveEngine, type FromWorker, type ToWorker } from './rpc.ts'
import { createSealedStore } from './sealed-store.ts'
import { StoreError, type EngineStore, type StoreFailure } from './store.ts'
import type { Leadership } from './transport.ts'
import { createUnlocking, type HeldKey, type KeyMessage, type Unlocking } from './unlocking.ts'
import { createVaultStore } from './vault.ts'
import { createWebsocketTransport, syncAddress } from './websocket-transport.ts'

/** A timer of 0 ms takes 4 when one follows the other, and work in slices is little else: 10,000 texts waited two seconds for nothing. */
const turns = new MessageChannel()
const waitingTurns: (() => void)[] = []
turns.port1.onmessage = () => waitingTurns.shift()?.()
const inTurn = (callback: () => void): Disposable => {
  let isWanted = true
  waitingTurns.push(() => {
    if (isWanted) callback()
  })
  turns.port2.postMessage(null)
  return { dispose: () => void (isWanted = false) }
}

const clock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    if (delayMs <= 0) return inTurn(callback)
    const timer = setTimeout(callback, delayMs)
    return { dispose: () => clearTimeout(timer) }
  },
}

/** Drawn in advance: one call to the generator for many numbers. */
const drawn = new Uint32Array(256)
let left = 0
const dice: Dice = {
  uint32() {
    if (left === 0) {
      crypto.getRandomValues(drawn)
      left = drawn.length
    }
    return drawn[--left] as number
  },
}

/** The browser gives the lock to one tab of the profile at a time, and on when that tab ends, however it ends. */
const lockLeadership = (name: string): Leadership => ({
  campaign(onLeader, onLost) {
    if (!('locks' in navigator)) {
      // Only where the page is not served safely; one tab is all there is then.
      onLeader()
      return { dispose: () => undefined }
    }
    const ending = new AbortController()
    let giveBack = (): void => undefined
    let isGivenBack = false
    const held = new Promise<void>((resolve) => {
      giveBack = resolve
    })
    navigator.locks
      .request(name, { signal: ending.signal }, () => {
        onLeader()
        return held
      })
      .catch((error: unknown) => {
        // Ended while waiting, or the lock was taken away: in both cases this tab leads no more.
        if (!isGivenBack) onLost()
        if (!(error instanceof DOMException)) throw error
      })
    return {
      dispose() {
        isGivenBack = true
        giveBack()
        ending.abort()
      },
    }
  },
})

/** No answer, and an answer that is a page of somebody's network, are the same: not now. */
async function askJson<T>(path: string): Promise<T> {
  const response = await fetch(path, { credentials: 'same-origin', headers: { accept: 'application/json' } })
  if (!response.ok || !(response.headers.get('content-type') ?? '').includes('json')) throw new Error(`${path}: ${response.status}`)
  return (await response.json()) as T
}

const isChromium = /Chrom(e|ium)\//.test(navigator.userAgent)

/** Once for all tabs that are open at the same time: the first one, for as long as it lives. */
async function keepLogFresh(): Promise<void> {
  if (!isChromium) return
  const begin = async (): Promise<void> => {
    try {
      await beginFreshLog(indexedDB, (count) => crypto.getRandomValues(new Uint8Array(count)))
    } catch (error) {
      // A full disk, a browser that keeps nothing for us: the store itself meets that and says it; it is as safe as it was.
      if (!(error instanceof DOMException)) throw error
    }
  }
  if (!('locks' in navigator)) return begin()
  await navigator.locks.request('samenpad-fresh-log', { ifAvailable: true }, async (lock) => {
    if (lock === null) return
    await begin()
    await new Promise<never>(() => undefined)
  })
}

/** Only where the page is served safely; without it there is no lock of the laptop either. */
const isLockPossible = 'locks' in navigator && 'subtle' in crypto

/** The lock of the vault of a login, over all its tabs; a tab that ends gives it back, however it ends. */
const holdVault = (user: string) => (mode: 'shared' | 'exclusive'): Promise<() => void> =>
  new Promise((resolve, reject) => {
    if (!isLockPossible) return resolve(() => undefined)
    navigator.locks.request(`samenpad-vault-${user}`, { mode }, () => new Promise<void>((giveBack) => resolve(() => giveBack()))).catch(reject)
  })

function createTabUnlocking(me: Person, held: HeldKey | null): Unlocking {
  const channel = new BroadcastChannel(`samenpad-vault-${me.user}`)
  return createUnlocking({
    user: me.user,
    vault: createVaultStore(me.user, { indexedDB, IDBKeyRange, crypto, pause: (delayMs) => new Promise((resolve) => void clock.after(delayMs, resolve)) }),
    line: {
      postMessage: (message) => channel.postMessage(message),
      listen: (hear) => void (channel.onmessage = ({ data }: MessageEvent<KeyMessage>) => hear(data)),
    },
    crypto,
    hold: holdVault(me.user),
    show: (view) => post({ type: 'locked', view }),
    mustLeave: () => post({ type: 'mustLeave' }),
    after: (delayMs, callback) => void clock.after(delayMs, callback),
    held,
  })
}

interface Opened {
  store: EngineStore
  failure: StoreFailure | null
  idleMinutes: number | null
}

/** Where the browser keeps nothing for us, work goes on in memory; the status says that it is not kept. */
async function openStore(me: Person, unlocking: Unlocking): Promise<Opened> {
  try {
    const { name, key, idleMinutes } = await unlocking.enter()
    const store = await openDexieStore({ user: me.user, dice, ...(name === undefined ? {} : { name }) })
    return { store: key ? createSealedStore(store, createCipher(crypto, key)) : store, failure: null, idleMinutes }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return { store: createMemoryDevice().openStore(), failure: error.failure, idleMinutes: null }
  }
}

/** How long the store has to take what was typed last before an order on the lock is carried out. */
const STORED_TRIES_MAX = 40
const STORED_AGAIN_MS = 50

/** Closes the engine once everything that was typed is stored. Out: false, and it goes on, when the store does not take it. */
const releaseOf = (engine: Engine, released: () => void) => async (): Promise<boolean> => {
  for (let tries = 0; (await engine.status()).inMemoryCount > 0; tries++) {
    if (tries >= STORED_TRIES_MAX) return false
    await new Promise<void>((resolve) => void clock.after(STORED_AGAIN_MS, resolve))
  }
  released()
  await engine.dispose()
  return true
}

/** Not before the first view, and before somebody opens the first item. */
const FACTS_AFTER_MS = 2_000

const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void => self.postMessage(message, { transfer })

async function start({ me, build }: Extract<ToWorker, { type: 'start' }>, unlocking: Unlocking): Promise<(message: ToWorker) => void> {
  initFacts(async () => wasmAddress)
  void keepLogFresh()
  const { store, failure, idleMinutes } = await openStore(me, unlocking)
  const engine = await createEngine({
    store,
    ...(failure ? { storeFailure: failure.kind } : {}),
    transport: createDetourTransport({
      direct: createWebsocketTransport(syncAddress(self.location)),
      detour: createHttpTransport({ fetch: (path, init) => fetch(path, { ...init, credentials: 'same-origin', redirect: 'error', cache: 'no-store', headers: init.body ? { 'content-type': 'application/octet-stream' } : {} }), clock }),
      clock,
    }),
    // A tab that keeps nothing has nothing to share: it leads itself.
    leadership: lockLeadership(failure ? `samenpad-lead-${me.user}-${dice.uint32()}` : `samenpad-lead-${me.user}`),
    clock, dice, me, build,
    web: {
      people: () => askJson<Person[]>('/api/people'),
      report: (programme) => askJson<{ municipalities: ProgrammeReport['municipalities'] }>(`/api/programmes/${programme}/report`),
    },
  })
  /** The lock moves the content: the window begins anew, and nothing reads or writes what lay here before. */
  let isReleased = false
  const receive = serveEngine(engine, (message, transfer) => {
    if (!isReleased || message.type !== 'answer') post(message, transfer)
  })
  const release = releaseOf(engine, () => {
    isReleased = true
  })
  const { held } = unlocking
  post({ type: 'started', failure, ...(failure || !isLockPossible ? {} : { lock: { isOn: held !== null, idleMinutes, held } }) })
  clock.after(FACTS_AFTER_MS, () => void factsIfPossible())
  return (message) => {
    if (message.type !== 'lockOrder') return isReleased && message.type === 'call' ? undefined : receive(message)
    unlocking.order(message.order, release).then(
      (outcome) => post({ type: 'lockOutcome', id: message.id, outcome }),
      (error: unknown) => post({ type: 'lockOutcome', id: message.id, outcome: { kind: 'failed', failure: failureOf(error).kind } }),
    )
  }
}

let unlocking: Unlocking | null = null
let receive: ((message: ToWorker) => void) | null = null
self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === 'lockAnswer') return unlocking?.answer(data.answer)
  if (data.type !== 'start') return receive?.(data)
  unlocking = createTabUnlocking(data.me, data.held ?? null)
  start(data, unlocking).then(
    (serving) => {
      receive = serving
    },
    (error: unknown) => post({ type: 'startFailed', reason: error instanceof Error ? error.message : String(error) }),
  )
}
