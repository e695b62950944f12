/** Automerge changes that Automerge never makes: chunks with a right hash around columns of our own (automerge.org/automerge-binary-format-spec), and real ones spoiled. */
import { deflateRawSync } from 'node:zlib'
import * as A from '@automerge/automerge/slim'
import { must } from '../../../shared/base/assert.ts'
import { ANSWERS_PER_ENTRY_COUNT_MAX, FACTS_BYTES_MAX, FACTS_CHANGES_COUNT_MAX, FACTS_OPERATIONS_COUNT_MAX } from '../../../shared/model/limits.ts'
import { fromHex } from '../../../shared/base/bytes.ts'
import { newId } from '../../../shared/base/ids.ts'
import { below, pick, randomBytes, type Dice } from '../../../shared/base/random.ts'
import { chunkOf, contentsOf, KEY, rawChange, register as runs, sleb, uleb, unopenableChange, unreadableChange, type Column, type Fields } from '../../support/raw-change.ts'
import { poisonsOf, type Make, type Poison, type Seen } from './poison.ts'

/** Of an actor that nobody knows, unless said otherwise. */
const change = (dice: Dice, columns: readonly Column[], fields: Fields = {}): Uint8Array => rawChange(columns, { actor: randomBytes(dice, 16), ...fields })
const without = (columns: readonly Column[], spec: number, ...more: Column[]): Column[] => [...columns.filter(([one]) => one !== spec), ...more].sort(([a], [b]) => a - b)
/** One answer, to a question of its own. */
const asked = (no: number): Column[] => without(runs(1), 0x15, [0x15, [0x7f, `k${no}`.length, ...Buffer.from(`k${no}`)]])
const MANY = [30_000, 1_000_000, 2 ** 31, 2 ** 40, 2 ** 53 - 1] as const
const heads = ({ changes }: Seen): string[] => changes.slice(-1).map((one) => one.hash)
/** As much as may be, or less: what is tried is what one entry costs, and a document is as dear as the sum of its entries. */
const share = (dice: Dice, most: number): number => Math.floor(most / pick(dice, [1, 4, 16, 64]))
/** Made by Automerge itself, in one go. */
const made = (dice: Dice, deed: (draft: Record<string, unknown>) => void): Uint8Array =>
  must(A.getLastLocalChange(A.change(A.init<Record<string, unknown>>({ actor: newId(dice) }), { time: 0 }, deed)), 'a change')
/** One value of so many letters, under a name that is shown. */
const longAnswer = (dice: Dice, bytes: number): Uint8Array =>
  change(dice, [[0x15, [0x7f, 5, ...Buffer.from('title')]], [0x34, [1]], [0x42, [0x7f, 1]], [0x56, [0x7f, ...uleb(bytes * 16 + 6)]], [0x57, Array.from({ length: bytes }, () => 65)], [0x70, [0x7f, 0]]])
/** So many answers to one question, none of which has seen another. */
const answers = (dice: Dice, count: number): Uint8Array => {
  const numbers = Array.from({ length: count }, (_, i) => sleb(2 ** 20 + i))
  return change(dice, [
    [0x15, [...sleb(numbers.length), 5, ...Buffer.from('title')]], [0x34, uleb(numbers.length)], [0x42, [...sleb(numbers.length), 1]],
    [0x56, [...sleb(numbers.length), ...uleb(4 * 16 + 4)]], [0x57, numbers.flat().filter((_, i) => i < 4 * numbers.length)], [0x70, [...sleb(numbers.length), 0]],
  ])
}
function squeezed(plain: Uint8Array): Uint8Array {
  const contents = contentsOf(plain)
  return chunkOf(deflateRawSync(contents), 2, contents)
}
const real = (dice: Dice, { changes }: Seen): Seen['changes'][number] => pick(dice, changes)

const COLUMNS: Record<string, Make> = {
  'operations by the million in a few bytes': (dice) => change(dice, runs(pick(dice, MANY))),
  'maps by the million in a few bytes': (dice) => change(dice, runs(pick(dice, MANY), 0)),
  'operations without a key by the million': (dice) => change(dice, without(runs(pick(dice, MANY)), 0x15, [0x15, [0, ...uleb(pick(dice, MANY))]])),
  'replaces answers by the million': (dice) => {
    const count = pick(dice, MANY)
    return change(dice, without(runs(1), 0x70, [0x70, [0x7f, ...uleb(count)]], [0x71, [...sleb(count), 0]], [0x73, [...sleb(count), 1]]))
  },
  'replaces what nobody answered': (dice) => unopenableChange({ actor: randomBytes(dice, 16) }),
  'runs of one, as Automerge does not write them': (dice) => change(dice, [[0x15, [1, ...KEY]], [0x34, [1]], [0x42, [1, 1]], [0x56, [1, 0]], [0x70, [1, 0]]]),
  'operations that begin at the end of the numbers': (dice) => change(dice, runs(1), { startOp: pick(dice, [2 ** 31, 2 ** 32 - 1, 2 ** 53 - 1]) }),
  'operations that begin too late': (dice, seen) => change(dice, runs(1), { startOp: 1_000, deps: heads(seen) }),
  'operations that begin too early': (dice, seen) => change(dice, runs(1), { startOp: 1, deps: heads(seen) }),
  'a time at the end of the numbers': (dice) => change(dice, runs(1), { time: pick(dice, [2 ** 53 - 1, -(2 ** 53) + 1]) }),
  'in an object that is not there': (dice) => change(dice, [[0x01, [0x7f, 0]], [0x02, [0x7f, 1]], ...runs(1)]),
  'of an actor beyond the list': (dice) => change(dice, [[0x01, [0x7f, ...uleb(pick(dice, [1, 1000, 2 ** 40]))]], [0x02, [0x7f, 1]], ...runs(1)]),
  'the same actor in the list again': (dice) => {
    const actor = randomBytes(dice, 16)
    return change(dice, runs(1), { actor, others: [actor, actor] })
  },
  'an unknown action': (dice) => change(dice, runs(1, 9 + below(dice, 100))),
  'an unknown column': (dice) => change(dice, [...runs(1), [0xa6, [0x7f, 2]]]),
  'a value longer than its bytes': (dice) => unreadableChange({ actor: randomBytes(dice, 16) }),
  'columns of chance': (dice) => change(dice, [0x15, 0x34, 0x42, 0x56, 0x70].map((spec) => [spec, [...randomBytes(dice, below(dice, 30))]])),
  'columns in the wrong order': (dice) => change(dice, runs(1).reverse()),
  'no columns': (dice) => change(dice, []),
  'keys that are no facts': (dice) => change(dice, without(runs(1), 0x15, [0x15, [0x7f, 9, ...Buffer.from('__proto__')]])),
}

const HEADERS: Record<string, Make> = {
  'the same seq with other words': (dice, seen) => {
    const { actor, seq } = real(dice, seen)
    return change(dice, runs(1), { actor: fromHex(actor), seq })
  },
  'somebody else’s actor, continued': (dice, seen) => {
    const { actor } = real(dice, seen)
    const last = Math.max(...seen.changes.filter((one) => one.actor === actor).map(({ seq }) => seq))
    return change(dice, runs(1), { actor: fromHex(actor), seq: last + 1, deps: heads(seen), startOp: 500 })
  },
  'a seq that skips some': (dice) => change(dice, runs(1), { seq: 2 + below(dice, 1000) }),
  'a seq of nought': (dice) => change(dice, runs(1), { seq: 0 }),
  'builds on what is not there': (dice) => change(dice, runs(1), { deps: [newId(dice) + newId(dice)] }),
  'builds on thousands that are not there': (dice) => change(dice, runs(1), { deps: Array.from({ length: 3_000 }, () => newId(dice) + newId(dice)) }),
  'builds on the same one thousands of times': (dice, seen) => change(dice, runs(1), { deps: Array.from({ length: 3_000 }, () => real(dice, seen).hash), startOp: 500 }),
  'an actor without a name': (dice) => change(dice, runs(1), { actor: new Uint8Array() }),
  'an actor of great length': (dice) => change(dice, runs(1), { actor: randomBytes(dice, 10_000) }),
  'a compressed bomb': () => chunkOf(deflateRawSync(new Uint8Array(64 * 1024 * 1024)), 2),
  'a compressed bomb that nearly fits': (dice) => squeezed(longAnswer(dice, FACTS_BYTES_MAX)),
  'a compressed bomb behind the columns': (dice) => {
    const contents = new Uint8Array(FACTS_BYTES_MAX)
    contents.set([0, 16, ...randomBytes(dice, 16), 1, 1, 0, 0, 0, 0])
    return chunkOf(deflateRawSync(contents), 2, contents)
  },
  'compressed, and not': (dice) => chunkOf(randomBytes(dice, 200), 2),
  'a whole document': () => {
    const doc = A.init<Record<string, unknown>>()
    const saved = A.save(A.change(doc, { time: 0 }, (draft) => void (draft.a = 1)))
    return saved
  },
  'more answers to one question than may be': (dice) => answers(dice, share(dice, FACTS_OPERATIONS_COUNT_MAX)),
  'more changes than may be': (dice) => Buffer.concat(Array.from({ length: FACTS_CHANGES_COUNT_MAX + 1 }, () => change(dice, []))),
  'one of thousands is bad': (dice) => Buffer.concat([...Array.from({ length: 500 }, (_, i) => change(dice, asked(i))), change(dice, runs(1), { seq: 3 })]),
  'a wrong checksum': (dice) => {
    const bytes = change(dice, runs(1)).slice()
    bytes[4] = (bytes[4] ?? 0) ^ 1
    return bytes
  },
  'an honest change, cut off': (dice, seen) => real(dice, seen).payload.slice(0, 5 + below(dice, 20)),
  'an honest change with a bit the other way': (dice, seen) => {
    const bytes = real(dice, seen).payload.slice()
    const at = below(dice, bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(dice, 8))
    return bytes
  },
  'an honest change, told again as our own': (dice, seen) => real(dice, seen).payload,
  'bytes of chance': (dice) => randomBytes(dice, 1 + below(dice, 4_000)),
}

/** What a reader takes as long for as one entry may make it. A document is as dear as their sum, so that these are for the command alone. */
const DEAR: Record<string, Make> = {
  'a compressed bomb that just fits': (dice) => squeezed(longAnswer(dice, FACTS_BYTES_MAX - 200)),
  'a long answer, not compressed': (dice) => longAnswer(dice, share(dice, FACTS_BYTES_MAX - 200)),
  'as many answers to one question as may be': (dice) => answers(dice, share(dice, ANSWERS_PER_ENTRY_COUNT_MAX)),
  'as many changes as may be, each beside the others': (dice) => Buffer.concat(Array.from({ length: share(dice, FACTS_CHANGES_COUNT_MAX) }, (_, i) => change(dice, asked(i)))),
  'changes that each build on hundreds': (dice) => {
    const roots = Array.from({ length: 200 }, (_, i) => change(dice, asked(i)))
    const deps = roots.map((root) => must(A.decodeChange(root).hash, 'a hash'))
    return Buffer.concat([...roots, ...Array.from({ length: share(dice, FACTS_CHANGES_COUNT_MAX - roots.length) }, (_, i) => change(dice, asked(i), { deps, startOp: 2 }))])
  },
  'as many registers as may be': (dice) =>
    made(dice, (draft) => {
      for (let i = share(dice, FACTS_OPERATIONS_COUNT_MAX); i > 0; i--) draft[`k${i}`] = i
    }),
}

const MADE_WELL: Record<string, Make> = {
  // 60 and 26 seconds for a reader of 2,000 and of 2,400, before the relay looked.
  'objects in one another': (dice) =>
    made(dice, (draft) => {
      let inner = draft
      for (let i = 0; i < 300; i++) {
        inner.a = {}
        inner = inner.a as Record<string, unknown>
      }
    }),
  'marks over marks on a text': (dice) =>
    made(dice, (draft) => {
      draft.tekst = 'x'.repeat(300)
      for (let i = 0; i < 300; i++) A.mark(draft, ['tekst'], { start: i % 100, end: 150 + (i % 150), expand: 'both' }, `m${i}`, i)
    }),
  'maps, lists and letters where facts stand': (dice) => {
    let doc = A.init<Record<string, unknown>>({ actor: newId(dice) })
    doc = A.change(doc, { time: 0 }, (draft) => {
      draft.diep = { a: { b: [1, [2, [3]]] } }
      draft.tekst = 'letter voor letter'
      draft['__proto__x'] = new Date(0)
    })
    return A.getLastLocalChange(doc) ?? new Uint8Array()
  },
  'a title of many letters': (dice) => {
    let doc = A.init<Record<string, unknown>>({ actor: newId(dice) })
    doc = A.change(doc, { time: 0 }, (draft) => void (draft.title = new A.ImmutableString('t'.repeat(400_000))))
    return A.getLastLocalChange(doc) ?? new Uint8Array()
  },
}

/** In: after Automerge was loaded. */
export const FACTS_POISONS: readonly Poison[] = poisonsOf('facts', { ...COLUMNS, ...HEADERS, ...MADE_WELL })
export const DEAR_FACTS_POISONS: readonly Poison[] = poisonsOf('facts', DEAR)
