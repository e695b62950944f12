/**
 * Somebody who only reads, and forgets nothing: every entry that was fanned out, with its place and a hash of its bytes. It comes back with its
 * cursor, so the relay itself must show that its past is the past that was handed out; what differs is a violation in words.
 */
import { createHash } from 'node:crypto'
import WebSocket from 'ws'
import { NO_ID, type EntryId, type Id, type UserId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import type { Part } from '../../shared/model/entries.ts'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'
import { dial, type Client } from './client.ts'

export interface Seen {
  seq: number
  item: Id
  entry: EntryId
  part: Part
  author: UserId
  serverTime: number
  payload: Uint8Array
  hash: string
}

export interface Observer {
  readonly space: Id
  readonly epoch: Id
  /** By seq, from 1. */
  readonly seen: readonly Seen[]
  readonly byEntry: ReadonlyMap<EntryId, Seen>
  /** How often the relay said that the log is another one than we know. */
  readonly recovers: number
  /** Resolves when everything that the log holds at this moment has been heard. */
  connect(address: string, cookie: string): Promise<void>
  cut(): void
  socketIsOpen(): boolean
}

export function createObserver(space: Id, dice: Dice, violation: (text: string) => void): Observer {
  let seen: Seen[] = []
  let byEntry = new Map<EntryId, Seen>()
  let epoch: Id = NO_ID
  let tailHash: Uint8Array = EMPTY_TAIL_HASH
  let recovers = 0
  let client: Client | null = null
  const say = (text: string): void => violation(`space ${space.slice(0, 6)}: ${text}`)
  return {
    space,
    get epoch() {
      return epoch
    },
    get seen() {
      return seen
    },
    get byEntry() {
      return byEntry
    },
    get recovers() {
      return recovers
    },
    cut: () => client?.cut(),
    socketIsOpen: () => client?.socket.readyState === WebSocket.OPEN,
    async connect(address, cookie) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      let head = Infinity
      const level = (): void => {
        if (seen.length >= head) resolve()
      }
      const mine = await dial(address, cookie, dice, (message) => {
        if (message.type === 'subbed' && message.space === space) {
          if (epoch !== NO_ID && message.mode === 'recover') {
            recovers++
            seen = seen.slice(0, message.commonSeq)
            byEntry = new Map(seen.map((one) => [one.entry, one]))
          }
          epoch = message.epoch
          head = message.head
          level()
        } else if (message.type === 'entries' && message.space === space) {
          for (const { seq, entry, item, part, author, serverTime, payload } of message.entries) {
            const one: Seen = { seq, entry, item, part, author, serverTime, payload, hash: createHash('sha256').update(payload).digest('hex') }
            const known = seen[seq - 1]
            if (known) {
              if (known.entry !== entry || known.hash !== one.hash) say(`seq ${seq} was ${known.entry.slice(0, 6)}, now it is ${entry.slice(0, 6)}`)
              continue
            }
            if (seq !== seen.length + 1) say(`seq ${seq} follows ${seen.length}`)
            if (byEntry.has(entry)) say(`entry ${entry.slice(0, 6)} stands at ${byEntry.get(entry)?.seq} and at ${seq}`)
            seen.push(one)
            byEntry.set(entry, one)
          }
          tailHash = message.tailHashAfter
          mine.send({ type: 'recv', space, cursor: message.cursorAfter })
          level()
        }
      })
      client = mine
      void mine.closed.then((code) => reject(new Error(`the reader's line was closed with ${code}`)))
      mine.send({ type: 'sub', space, epoch, cursor: seen.length, tailHash })
      return promise
    },
  }
}
