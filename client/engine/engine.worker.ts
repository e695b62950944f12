/**
 * The engine as it runs in a browser: Dexie, a websocket, a Web Lock per login, the machine's own clock and dice. The only file of the
 * engine that knows where it is.
 */
import wasmAddress from '@automerge/automerge/automerge.wasm?url'
import type { Clock } from '../../shared/base/clock.ts'
import type { Dice } from '../../shared/base/random.ts'
import type { Person } from '../../shared/model/people.ts'
import type { ProgrammeReport } from './api.ts'
import { createDetourTransport } from './detour-transport.ts'
import { openDexieStore } from './dexie-store.ts'
import { createEngine } from './engine.ts'
import { factsIfPossible, initFacts } from './facts.ts'
import { createHttpTransport } from './http-transport.ts'
import { createMemoryDevice } from './memory-store.ts'
import { serveEngine, type FromWorker, type ToWorker } from './rpc.ts'
import { StoreError, type EngineStore, type StoreFailure } from './store.ts'
import type { Leadership } from './transport.ts'
import { createWebsocketTransport, syncAddress } from './websocket-transport.ts'

const clock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
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

/** Where the browser keeps nothing for us, work goes on in memory; the status says that it is not kept. */
async function openStore(me: Person): Promise<{ store: EngineStore; failure: StoreFailure | null }> {
  try {
    return { store: await openDexieStore({ user: me.user, dice }), failure: null }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return { store: createMemoryDevice().openStore(), failure: error.failure }
  }
}

/** Not before the first view, and before somebody opens the first item. */
const FACTS_AFTER_MS = 2_000

const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void => self.postMessage(message, { transfer })

async function start({ me, build }: Extract<ToWorker, { type: 'start' }>): Promise<(message: ToWorker) => void> {
  initFacts(async () => wasmAddress)
  const { store, failure } = await openStore(me)
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
  self.addEventListener('online', () => void engine.reconnect())
  const receive = serveEngine(engine, post)
  post({ type: 'started', failure })
  clock.after(FACTS_AFTER_MS, () => void factsIfPossible())
  return receive
}

let receive: ((message: ToWorker) => void) | null = null
self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.type !== 'start') return receive?.(data)
  start(data).then(
    (serving) => {
      receive = serving
    },
    (error: unknown) => post({ type: 'startFailed', reason: error instanceof Error ? error.message : String(error) }),
  )
}
