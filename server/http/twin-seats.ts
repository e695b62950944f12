/**
 * Who looks at what, of those who come by ordinary requests: each request says all that its browser has open, and is believed for SEAT_MS. A seat
 * is the relay's own presence (rights are asked there); others are shown only to whoever got a seat, so that a made-up space opens nothing.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import { newId, type Id, type ItemId, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { DETOUR_PRESENCE_MS, PRESENCE_ITEMS_COUNT_MAX } from '../../shared/model/limits.ts'
import type { Relay, Viewer } from '../relay/api.ts'

/** Three requests that did not come. */
const SEAT_MS = 3 * DETOUR_PRESENCE_MS
/** Of one person, over all browsers: beyond it the oldest is given up. */
const SEATS_PER_USER_COUNT_MAX = 2 * PRESENCE_ITEMS_COUNT_MAX

export interface Seen {
  space: SpaceId
  item: ItemId
  bytes: Uint8Array
}

interface Seat extends Seen {
  session: Id
  device: Id
  /** Names the login that took it; null for a bearer token. */
  login: string | null
  until: number
}

export interface TwinSeats extends Disposable {
  /** All that this browser has open now; what it had open before and is not in it, is left. */
  show(user: UserId, device: Id, open: readonly Seen[], login: string | null): void
  /** A login is over: nobody sits there any more. */
  leave(login: string): void
  /** The others at an item where this browser has a seat. */
  othersAt(user: UserId, device: Id, item: ItemId): readonly Viewer[]
}

export function createTwinSeats({ relay, clock, dice }: { relay: Pick<Relay, 'look' | 'viewersOf'>; clock: Clock; dice: Dice }): TwinSeats {
  /** Of each person, longest not heard of first. */
  const seats = new Map<UserId, Seat[]>()
  let timer: Disposable | null = null

  const keep = (user: UserId, left: Seat[]): void => void (left.length > 0 ? seats.set(user, left) : seats.delete(user))
  const leave = (user: UserId, gone: readonly Seat[]): void => {
    for (const { session, space, item } of gone) relay.look(user, session, space, item, null)
  }
  /** Ends the seats for which this is so. */
  function leaveWhere(isOver: (seat: Seat) => boolean): void {
    for (const [user, mine] of [...seats]) {
      leave(user, mine.filter(isOver))
      keep(user, mine.filter((seat) => !isOver(seat)))
    }
  }
  function sweepLater(): void {
    if (timer || seats.size === 0) return
    timer = clock.after(SEAT_MS, () => {
      timer = null
      const now = clock.now()
      // A clock that jumped back must not keep anybody seated.
      leaveWhere(({ until }) => until <= now || until > now + SEAT_MS)
      sweepLater()
    })
  }

  return {
    show(user, device, open, login) {
      const mine = seats.get(user) ?? []
      const isSame = (seat: Seat, one: Seen): boolean => seat.device === device && seat.item === one.item && seat.space === one.space
      const stays = (seat: Seat): boolean => seat.device !== device || open.some((one) => isSame(seat, one))
      leave(user, mine.filter((seat) => !stays(seat)))
      const next = mine.filter(stays)
      for (const one of open) {
        const at = next.findIndex((seat) => isSame(seat, one))
        const [known] = at >= 0 ? next.splice(at, 1) : []
        const seat: Seat = { ...one, device, login, session: known?.session ?? newId(dice), until: clock.now() + SEAT_MS }
        next.push(seat)
        relay.look(user, seat.session, seat.space, seat.item, seat.bytes)
      }
      leave(user, next.splice(0, Math.max(0, next.length - SEATS_PER_USER_COUNT_MAX)))
      keep(user, next)
      sweepLater()
    },
    leave: (login) => leaveWhere((seat) => seat.login === login),
    othersAt(user, device, item) {
      const seat = seats.get(user)?.find((one) => one.device === device && one.item === item)
      const viewers = seat ? relay.viewersOf(item) : []
      return viewers.some(({ session }) => session === seat?.session) ? viewers.filter(({ session }) => session !== seat?.session) : []
    },
    dispose() {
      timer?.dispose()
      for (const [user, mine] of seats) leave(user, mine)
      seats.clear()
    },
  }
}
