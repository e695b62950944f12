/**
 * Who is in one item, between the two ways of saying it: awareness of stock clients and presence of ours. Name and colour come from the
 * login, a caret from the client, nothing else passes: awareness is a free-form object, and what others show on screen is not for a frame to decide.
 *
 * Invariants: a clientID belongs to the socket that introduced it until that socket leaves; a state goes out at most once per
 * PRESENCE_COALESCE_MS, the last value wins.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { Dice } from '../../shared/base/random.ts'
import { fromUtf8, utf8 } from '../../shared/base/bytes.ts'
import { PRESENCE_BYTES_MAX, PRESENCE_COALESCE_MS } from '../../shared/model/limits.ts'
import type { Person } from '../../shared/model/people.ts'
import type { Viewer } from '../relay/api.ts'
import type { AwarenessState } from './yjs-frames.ts'

/** The presence colours 1–5 of the theme, as stock clients want them: for light backgrounds, which is what they have. */
const COLORS = ['#0F6A6E', '#A8481A', '#3D55A8', '#57701A', '#A1306B'] as const
/** ClientIDs one socket may speak for: its own, and those of a few other tabs that it stands in for. */
const CLIENTS_PER_SOCKET_COUNT_MAX = 8

/** A socket or a viewer, by identity. */
type Owner = object | string

interface Shown {
  clock: number
  json: string
  owner: Owner
}

export interface PresenceRoom extends Disposable {
  /** A stock client shows itself. Out: what a viewer of ours should see of it, null for gone; undefined when it was not accepted. */
  show(owner: object, who: Person, state: AwarenessState): Uint8Array | null | undefined
  /** A viewer that came through another door. */
  viewer(viewer: Viewer, isGone: boolean): void
  /** ClientIDs of a socket that left: their null state goes out. */
  leave(owner: object): void
  clientIdsOf(owner: object): number[]
  everything(): AwarenessState[]
  /** So that clients do not take a silent viewer for gone: awareness is outdated after 30 s. */
  renew(): void
}

export interface PresenceRoomDeps {
  clock: Clock
  dice: Dice
  /** To every socket of the room, the sender included: for a stock client the echo is the sign of life. */
  send(states: AwarenessState[]): void
}

export function createPresenceRoom({ clock, dice, send }: PresenceRoomDeps): PresenceRoom {
  const shown = new Map<number, Shown>()
  const clientIdByViewer = new Map<string, number>()
  const waiting = new Map<number, AwarenessState>()
  let timer: Disposable | null = null

  function announce(clientId: number): void {
    const { clock: at, json } = shown.get(clientId) ?? { clock: 0, json: 'null' }
    waiting.set(clientId, { clientId, clock: at, json })
    timer ??= clock.after(PRESENCE_COALESCE_MS, flush)
  }
  function flush(): void {
    timer = null
    if (waiting.size === 0) return
    send([...waiting.values()])
    waiting.clear()
  }
  function remove(clientId: number): void {
    const was = shown.get(clientId)
    if (!was) return
    shown.delete(clientId)
    waiting.set(clientId, { clientId, clock: was.clock + 1, json: 'null' })
    timer ??= clock.after(PRESENCE_COALESCE_MS, flush)
  }
  const clientIdsOf = (owner: Owner): number[] => [...shown].filter(([, one]) => one.owner === owner).map(([clientId]) => clientId)

  return {
    show(owner, who, { clientId, clock: at, json }) {
      const before = shown.get(clientId)
      if (before && before.owner !== owner) return undefined
      if (!before && clientIdsOf(owner).length >= CLIENTS_PER_SOCKET_COUNT_MAX) return undefined
      const state = parse(json)
      if (state === undefined || (before && at < before.clock)) return undefined
      if (state === null) {
        if (!before) return undefined
        shown.set(clientId, { ...before, clock: Math.max(at - 1, before.clock) })
        remove(clientId)
        return null
      }
      const cursor = cursorOf(state)
      if (cursor === undefined) return undefined
      shown.set(clientId, { clock: at, owner, json: JSON.stringify({ user: userOf(who), ...(cursor ? { cursor } : {}) }) })
      announce(clientId)
      return utf8(JSON.stringify(cursor ? { cursor } : {}))
    },
    viewer({ session, who, bytes }, isGone) {
      let clientId = clientIdByViewer.get(session)
      if (isGone) {
        if (clientId === undefined) return
        clientIdByViewer.delete(session)
        remove(clientId)
        return
      }
      if (clientId === undefined) {
        do clientId = dice.uint32()
        while (shown.has(clientId))
        clientIdByViewer.set(session, clientId)
      }
      const state = bytes.length === 0 ? {} : parse(textOf(bytes))
      const cursor = state ? cursorOf(state) : null
      shown.set(clientId, { clock: (shown.get(clientId)?.clock ?? 0) + 1, owner: session, json: JSON.stringify({ user: userOf(who), ...(cursor ? { cursor } : {}) }) })
      announce(clientId)
    },
    leave(owner) {
      for (const clientId of clientIdsOf(owner)) remove(clientId)
    },
    clientIdsOf,
    everything: () => [...shown].map(([clientId, { clock: at, json }]) => ({ clientId, clock: at, json })),
    renew() {
      for (const clientId of clientIdByViewer.values()) {
        const one = shown.get(clientId)
        if (one) one.clock += 1
      }
    },
    dispose() {
      timer?.dispose()
    },
  }
}

const userOf = (who: Person): { name: string; color: string } => ({ name: who.name, color: COLORS[who.color - 1] ?? COLORS[0] })

const textOf = (bytes: Uint8Array): string => {
  try {
    return fromUtf8(bytes)
  } catch {
    return '' // not UTF-8: shown without a caret
  }
}

/** null: gone; undefined: not an awareness state. */
function parse(json: string): Record<string, unknown> | null | undefined {
  if (json.length > PRESENCE_BYTES_MAX) return undefined
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown> | null) : undefined
  } catch {
    return undefined // not JSON: nobody is shown
  }
}

/** null: no caret; undefined: something that cannot be one. */
function cursorOf({ cursor }: Record<string, unknown>): { anchor: unknown; head: unknown } | null | undefined {
  if (cursor === null || cursor === undefined) return null
  if (typeof cursor !== 'object') return undefined
  const { anchor, head } = cursor as Record<string, unknown>
  return anchor === undefined || head === undefined ? undefined : { anchor, head }
}
