/**
 * Who wrote what of an item, and when, without its entries: per Yjs clientID or Automerge actor its author, and stretches of its clock with the
 * relay's time and the place in the log where each ended. Writing within a minute is one stretch, so that it costs a fraction of a byte an entry.
 *
 * Invariant: what an entry continued is in exactly one stretch, under the author of that entry.
 */
import { must } from '../base/assert.ts'
import type { UserId } from '../base/ids.ts'
import { ATTRIBUTION_STRETCH_MS } from '../model/limits.ts'
import { id, list, struct, text, uint, type Field } from './schema.ts'

/** Clocks from…to (not included) of one clientID; of an actor: numbers of its changes. */
export interface Stretch {
  from: number
  to: number
  /** Relay's time of its first entry, to the second. */
  time: number
  /** Place in the log of its last entry. */
  seq: number
}

export interface Hand {
  /** clientID in digits, or actor in hex. */
  key: string
  author: UserId
  stretches: Stretch[]
}

export interface Attribution {
  readonly hands: readonly Hand[]
}

/** One entry's part in it. */
export interface Contribution {
  seq: number
  author: UserId
  serverTime: number
  spans: readonly { key: string; from: number; to: number }[]
}

export interface AttributionBuilder {
  /** Entries in the order of the log. */
  add(contribution: Contribution): void
  result(): Attribution
}

/** In: what it goes on from; its stretches are not changed. */
export function attributionFrom(before: Attribution | null): AttributionBuilder {
  const hands = new Map<string, Hand>((before?.hands ?? []).map(({ key, author, stretches }) => [key, { key, author, stretches: [...stretches] }]))
  return {
    add({ seq, author, serverTime, spans }) {
      for (const { key, from, to } of spans) {
        let hand = hands.get(key)
        if (!hand) hands.set(key, (hand = { key, author, stretches: [] }))
        const last = hand.stretches.at(-1)
        // The log was put back and the same clocks were offered again: the first entry counts.
        if (last && to <= last.to) continue
        const time = Math.floor(serverTime / 1000) * 1000
        const goesOn = last !== undefined && Math.abs(time - last.time) < ATTRIBUTION_STRETCH_MS && Math.max(from, last.to) === last.to
        if (goesOn) hand.stretches[hand.stretches.length - 1] = { ...last, to, seq }
        else hand.stretches.push({ from: Math.max(from, last?.to ?? from), to, time, seq })
      }
    },
    result: () => ({ hands: [...hands.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)) }),
  }
}

// On the wire: differences between neighbours, times in seconds, people once.

const HANDS_COUNT_MAX = 1_000_000
const STRETCHES_COUNT_MAX = 10_000_000
const PEOPLE_COUNT_MAX = 100_000

/** A clock that was set back makes a difference negative: 0, −1, 1, −2 … as 0, 1, 2, 3 … */
const folded = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)
const unfolded = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2)

const wire = struct({
  people: list(id, PEOPLE_COUNT_MAX),
  hands: list(
    struct({ key: text(64), author: uint, stretches: list(struct({ gap: uint, length: uint, seconds: uint, seq: uint }), STRETCHES_COUNT_MAX) }),
    HANDS_COUNT_MAX,
  ),
})

export const attribution: Field<Attribution> = {
  shape: wire.shape,
  write(to, { hands }) {
    const people = [...new Set(hands.map(({ author }) => author))]
    const indexOf = new Map(people.map((author, index) => [author, index]))
    wire.write(to, {
      people,
      hands: hands.map(({ key, author, stretches }) => {
        let [end, seconds, seq] = [0, 0, 0]
        return {
          key,
          author: must(indexOf.get(author), 'listed above'),
          stretches: stretches.map((one) => {
            const now = Math.round(one.time / 1000)
            const row = { gap: one.from - end, length: one.to - one.from, seconds: folded(now - seconds), seq: folded(one.seq - seq) }
            ;[end, seconds, seq] = [one.to, now, one.seq]
            return row
          }),
        }
      }),
    })
  },
  read(from) {
    const { people, hands } = wire.read(from)
    return {
      hands: hands.map(({ key, author, stretches }) => {
        let [end, seconds, seq] = [0, 0, 0]
        return {
          key,
          // An index beyond the list names nobody.
          author: people[author] ?? '',
          stretches: stretches.map((row) => {
            const start = end + row.gap
            ;[end, seconds, seq] = [start + row.length, seconds + unfolded(row.seconds), seq + unfolded(row.seq)]
            return { from: start, to: end, time: seconds * 1000, seq }
          }),
        }
      }),
    }
  },
}
