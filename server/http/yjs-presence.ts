/**
 * Who is in one item, between the two ways of saying it: awareness of stock clients and presence of ours. Name and colour come from the
 * login, a caret from the client, nothing else passes: awareness is a free-form object, and what others show on screen is not for a frame to decide.
 *
 * Stock clients send on what they hear about others. So a socket speaks for one clientID, the first it names; one that another socket or a
 * viewer introduced is not its own, and neither is one that just left, or everybody who leaves would live on as a ghost of whoever heard of it last.
 * A login that comes back may take its own clientID up again: its clock goes on here where others last saw it, whatever the client counts.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { UserId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { fromUtf8, utf8 } from '../../shared/base/bytes.ts'
import { PRESENCE_BYTES_MAX, PRESENCE_COALESCE_MS } from '../../shared/model/limits.ts'
import type { Person } from '../../shared/model/people.ts'
import type { Viewer } from '../relay/api.ts'
import type { AwarenessState } from './yjs-frames.ts'

/** The presence colours 1–5 of the theme, as stock clients want them: for light backgrounds, which is what they have. */
const COLORS = ['#0F6A6E', '#A8481A', '#3D55A8', '#57701A', '#A1306B'] as const
/** ClientIDs of an item that left and are remembered. */
const LEFT_COUNT_MAX = 256

/** For the others `clock`; for the owner its own count, or it would take the echo for news about itself. */
export interface OutgoingState extends AwarenessState {
  owner: object | null
  ownClock: number
}

interface Shown {
  clock: number
  ownClock: number
  json: string
  /** The socket that speaks for it; null for a viewer of another door. */
  owner: object | null
  user: UserId
  /** What viewers of ours see. */
  bytes: Uint8Array
}

export interface PresenceRoom extends Disposable {
  /** A stock client shows itself. Out: what a viewer of ours should see of it, null for gone; undefined when it was not accepted. */
  show(owner: object, who: Person, state: AwarenessState): Uint8Array | null | undefined
  /** What `show` last gave for this socket. */
  shownBy(owner: object): { clientId: number; bytes: Uint8Array } | null
  /** A viewer that came through another door. */
  viewer(viewer: Viewer, isGone: boolean): void
  /** A socket left: the null state of its clientID goes out. */
  leave(owner: object): void
  /** As if it had never been: nobody heard of it, and nobody shall. */
  forget(owner: object): void
  everything(): OutgoingState[]
  /** So that clients do not take a silent viewer for gone: awareness is outdated after 30 s. */
  renew(): void
}

export interface PresenceRoomDeps {
  clock: Clock
  dice: Dice
  /** To every socket of the room, the sender included: for a stock client the echo is the sign of life. At most once per PRESENCE_COALESCE_MS. */
  send(states: OutgoingState[]): void
}

export function createPresenceRoom({ clock, dice, send }: PresenceRoomDeps): PresenceRoom {
  const shown = new Map<number, Shown>()
  const left = new Map<number, { clock: number; user: UserId | null }>()
  const clientIdByViewer = new Map<string, number>()
  const waiting = new Map<number, OutgoingState>()
  let timer: Disposable | null = null

  const outgoing = (clientId: number, { clock: at, ownClock, json, owner }: Shown): OutgoingState => ({ clientId, clock: at, ownClock, json, owner })

  function announce(state: OutgoingState): void {
    waiting.set(state.clientId, state)
    timer ??= clock.after(PRESENCE_COALESCE_MS, () => {
      timer = null
      const states = [...waiting.values()]
      waiting.clear()
      send(states)
    })
  }

  function put(clientId: number, one: Shown): void {
    shown.set(clientId, one)
    announce(outgoing(clientId, one))
  }

  function remove(clientId: number): void {
    const was = shown.get(clientId)
    if (!was) return
    const at = was.clock + 1
    shown.delete(clientId)
    if (left.size >= LEFT_COUNT_MAX) for (const [oldest] of left) if (left.delete(oldest)) break
    left.set(clientId, { clock: at, user: was.owner ? was.user : null })
    announce({ clientId, clock: at, ownClock: at, json: 'null', owner: null })
  }

  function shownBy(owner: object): { clientId: number; bytes: Uint8Array } | null {
    for (const [clientId, one] of shown) if (one.owner === owner) return { clientId, bytes: one.bytes }
    return null
  }

  return {
    show(owner, who, { clientId, clock: ownClock, json }) {
      const before = shown.get(clientId)
      const earlier = left.get(clientId)
      if (before ? before.owner !== owner : shownBy(owner) !== null || (earlier && earlier.user !== who.user)) return undefined
      const state = parse(json)
      if (state === undefined || (before && ownClock < before.ownClock)) return undefined
      if (state === null) {
        if (!before) return undefined
        remove(clientId)
        return null
      }
      const cursor = cursorOf(state)
      if (cursor === undefined) return undefined
      left.delete(clientId)
      const caret = cursor ? { cursor } : {}
      const bytes = utf8(JSON.stringify(caret))
      put(clientId, { clock: Math.max(ownClock, (before ?? earlier)?.clock ?? 0) + 1, ownClock, owner, user: who.user, json: JSON.stringify({ user: userOf(who), ...caret }), bytes })
      return bytes
    },
    shownBy,
    viewer({ session, who, bytes }, isGone) {
      let clientId = clientIdByViewer.get(session)
      if (isGone) {
        clientIdByViewer.delete(session)
        if (clientId !== undefined) remove(clientId)
        return
      }
      if (clientId === undefined) {
        do clientId = dice.uint32()
        while (shown.has(clientId) || left.has(clientId))
        clientIdByViewer.set(session, clientId)
      }
      const state = bytes.length === 0 ? null : parse(textOf(bytes))
      const cursor = state ? cursorOf(state) : null
      const at = (shown.get(clientId)?.clock ?? 0) + 1
      put(clientId, { clock: at, ownClock: at, owner: null, user: who.user, json: JSON.stringify({ user: userOf(who), ...(cursor ? { cursor } : {}) }), bytes })
    },
    leave(owner) {
      const own = shownBy(owner)
      if (own) remove(own.clientId)
    },
    forget(owner) {
      const own = shownBy(owner)
      if (own) shown.delete(own.clientId)
      for (const [clientId, state] of waiting) if (clientId === own?.clientId || state.owner === owner) waiting.delete(clientId)
    },
    everything: () => [...shown].map(([clientId, one]) => outgoing(clientId, one)),
    renew() {
      for (const one of shown.values()) one.clock += 1
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
