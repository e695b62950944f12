/**
 * Who is looking at which item, over all doors. Never stored; the last value of a (session, item) wins; changes of an item leave together, at most
 * every PRESENCE_COALESCE_MS, encoded once; only to other viewers of that item who may read at that moment. Who somebody is comes from the
 * directory, never from a frame.
 *
 * The item must be in the space that the sender names, or an outsider could show up among viewers elsewhere; that takes one indexed
 * read per item and is remembered (an item never moves).
 */
import type { Clock } from '../../shared/base/clock.ts'
import { concatBytes } from '../../shared/base/bytes.ts'
import { createEmitter, type Event } from '../../shared/base/emitter.ts'
import type { ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import { PRESENCE_BYTES_MAX, PRESENCE_COALESCE_MS } from '../../shared/model/limits.ts'
import type { Person } from '../../shared/model/people.ts'
import { encodeDown } from '../../shared/protocol/codec.ts'
import type { Directory } from '../auth/directory.ts'
import type { Log } from '../store/log.ts'
import type { RelayDeps, Viewer } from './api.ts'

/** Where changes of others go; null for doors that listen to `onDidLook` instead. */
export type PresenceSink = (frame: Uint8Array) => void

export interface Look {
  user: UserId
  session: string
  space: SpaceId
  item: ItemId
  /** null: no longer looking. */
  bytes: Uint8Array | null
  sink: PresenceSink | null
  /** False once the session is gone: a look that was still being checked is dropped. */
  isOpen(): boolean
}

export interface Presence {
  look(look: Look): void
  /** The session is gone, from everywhere or from one space. */
  leave(session: string, space?: SpaceId): void
  readonly onDidLook: Event<{ item: ItemId; viewer: Viewer; gone: boolean }>
  viewersOf(item: ItemId): readonly Viewer[]
}

interface Seat extends Viewer {
  user: UserId
  sink: PresenceSink | null
}

interface Room {
  item: ItemId
  space: SpaceId
  seats: Map<string, Seat>
  changed: Set<string>
  left: Map<string, Seat>
  isWaiting: boolean
  /** Until when changes are gathered. */
  quietUntil: number
}

/** Items whose space is remembered; beyond it the oldest is asked again. */
const SPACES_COUNT_MAX = 10_000
const NOTHING = new Uint8Array()

export function createPresence({ clock, directory, log, report, person }: {
  clock: Clock
  directory: Directory
  log: Pick<Log, 'spaceOf'>
  report: RelayDeps['report']
  person(user: UserId): Person | null
}): Presence {
  const rooms = new Map<ItemId, Room>()
  const roomsBySession = new Map<string, Set<Room>>()
  const spaces = new Map<ItemId, SpaceId>()
  const looked = createEmitter<{ item: ItemId; viewer: Viewer; gone: boolean }>()

  const frameOf = (room: Room, seat: Viewer, open: boolean): Uint8Array =>
    encodeDown({ type: 'present', space: room.space, item: room.item, session: seat.session, who: seat.who, open, bytes: open ? seat.bytes : NOTHING })

  function flush(room: Room): void {
    const frames = new Map<string, Uint8Array>()
    for (const [session, seat] of room.left) frames.set(session, frameOf(room, seat, false))
    for (const session of room.changed) {
      const seat = room.seats.get(session)
      if (seat) frames.set(session, frameOf(room, seat, true))
    }
    const events = [
      ...[...room.left.values()].map((seat) => ({ viewer: viewerOf(seat), gone: true })),
      ...[...room.changed].flatMap((session) => {
        const seat = room.seats.get(session)
        return seat ? [{ viewer: viewerOf(seat), gone: false }] : []
      }),
    ]
    room.left.clear()
    room.changed.clear()
    room.quietUntil = clock.now() + PRESENCE_COALESCE_MS
    if (room.seats.size === 0) rooms.delete(room.item)
    if (frames.size === 0) return
    const all = concatBytes([...frames.values()])
    for (const seat of room.seats.values()) {
      if (!seat.sink || !directory.may(seat.user, room.space, 'space.read')) continue
      if (!frames.has(seat.session)) seat.sink(all)
      else if (frames.size > 1) seat.sink(concatBytes([...frames].filter(([session]) => session !== seat.session).map(([, frame]) => frame)))
    }
    for (const event of events) looked.fire({ item: room.item, ...event })
  }

  function soon(room: Room): void {
    if (room.isWaiting) return
    const now = clock.now()
    // A clock that jumped back must not silence a room.
    const waitMs = Math.min(PRESENCE_COALESCE_MS, room.quietUntil - now)
    if (waitMs <= 0) return flush(room)
    room.isWaiting = true
    clock.after(waitMs, () => {
      room.isWaiting = false
      flush(room)
    })
  }

  function sit(look: Look, who: Person, bytes: Uint8Array): void {
    let room = rooms.get(look.item)
    if (!room) {
      room = { item: look.item, space: look.space, seats: new Map(), changed: new Set(), left: new Map(), isWaiting: false, quietUntil: 0 }
      rooms.set(look.item, room)
    }
    const isNew = !room.seats.has(look.session)
    const others = isNew && look.sink ? [...room.seats.values()].map((seat) => frameOf(room, seat, true)) : []
    room.seats.set(look.session, { session: look.session, user: look.user, who, bytes, sink: look.sink })
    room.left.delete(look.session)
    room.changed.add(look.session)
    let sessionRooms = roomsBySession.get(look.session)
    if (!sessionRooms) roomsBySession.set(look.session, (sessionRooms = new Set()))
    sessionRooms.add(room)
    if (others.length > 0) look.sink?.(concatBytes(others))
    soon(room)
  }

  function stand(session: string, room: Room): void {
    const seat = room.seats.get(session)
    if (!seat) return
    room.seats.delete(session)
    room.changed.delete(session)
    room.left.set(session, seat)
    const sessionRooms = roomsBySession.get(session)
    sessionRooms?.delete(room)
    if (sessionRooms?.size === 0) roomsBySession.delete(session)
    soon(room)
  }

  function settle(look: Look, actual: SpaceId | null): void {
    if (actual !== look.space || !look.isOpen()) return
    const room = rooms.get(look.item)
    const who = person(look.user)
    if (look.bytes === null || !who || !directory.may(look.user, look.space, 'presence.show')) {
      if (room) stand(look.session, room)
    } else if (look.bytes.length <= PRESENCE_BYTES_MAX) {
      sit(look, who, look.bytes)
    }
  }

  const viewerOf = ({ session, who, bytes }: Seat): Viewer => ({ session, who, bytes })

  return {
    look(look) {
      const known = spaces.get(look.item)
      if (known !== undefined) return settle(look, known)
      if (!directory.may(look.user, look.space, 'presence.show')) return
      log.spaceOf(look.item).then(
        (space) => {
          if (space !== null) {
            if (spaces.size >= SPACES_COUNT_MAX) for (const [oldest] of spaces) if (spaces.delete(oldest)) break
            spaces.set(look.item, space)
          }
          settle(look, space)
        },
        (problem: unknown) => report({ kind: 'read-failed', problem }),
      ).catch((bug: unknown) => report({ kind: 'bug', bug }))
    },
    leave(session, space) {
      for (const room of [...(roomsBySession.get(session) ?? [])]) if (space === undefined || room.space === space) stand(session, room)
    },
    onDidLook: looked.event,
    viewersOf: (item) => [...(rooms.get(item)?.seats.values() ?? [])].map(viewerOf),
  }
}
