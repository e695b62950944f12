/**
 * Real writing, spoiled: stretches of a recorded history (tests/replay; writing from a seed where there is none), made by the libraries themselves and then
 * changed in a few bytes, cut, doubled, swapped or put together with another. What no list of ours thought of.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import * as A from '@automerge/automerge/slim'
import * as Y from 'yjs'
import { must } from '../../../shared/base/assert.ts'
import { concatBytes } from '../../../shared/base/bytes.ts'
import { newId } from '../../../shared/base/ids.ts'
import { below, chance, pick, randomBytes, type Dice } from '../../../shared/base/random.ts'
import type { Patch } from '../../replay/recorded-session.ts'
import { chunkOf, contentsOf } from '../../support/raw-change.ts'
import { ROOT } from '../relay-process.ts'
import { poisonsOf, type Make, type Poison } from './poison.ts'

const FILE = 'automerge-paper.json.gz'
const EDITS_COUNT = 120

let recorded: Patch[] | null = null
/** The recording, or as many edits made up. */
function patches(): Patch[] {
  if (recorded) return recorded
  const path = join(process.env.SAMENPAD_TRACES ?? join(ROOT, '..', 'shared', 'data'), FILE)
  recorded = existsSync(path)
    ? (JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as { txns: { patches: Patch[] }[] }).txns.flatMap((one) => one.patches)
    : Array.from({ length: 10_000 }, (_, i): Patch => [(i * 7919) % (i + 1), i % 5 === 4 ? 1 : 0, i % 5 === 4 ? '' : String.fromCharCode(97 + (i % 26))])
  return recorded
}

/** Updates of somebody who writes a stretch of it, one an edit. */
function proseHistory(dice: Dice): Uint8Array[] {
  const all = patches()
  const from = below(dice, all.length - EDITS_COUNT)
  const doc = new Y.Doc()
  doc.clientID = dice.uint32()
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => void updates.push(update))
  const text = new Y.XmlText()
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [text])
  doc.getXmlFragment('prose').insert(0, [paragraph])
  for (const [position, deleted, inserted] of all.slice(from, from + EDITS_COUNT)) {
    doc.transact(() => {
      const at = position % (text.length + 1)
      const gone = Math.min(deleted, text.length - at)
      if (gone > 0) text.delete(at, gone)
      if (inserted !== '') text.insert(at, inserted)
    })
  }
  doc.destroy()
  return updates
}

/** Changes of somebody who answers facts with it. */
function factsHistory(dice: Dice): Uint8Array[] {
  const all = patches()
  let doc = A.init<Record<string, unknown>>({ actor: newId(dice) })
  const changes: Uint8Array[] = []
  for (let i = 0; i < 12; i++) {
    doc = A.change(doc, { time: i }, (draft) => {
      for (let n = 1 + below(dice, 4); n > 0; n--) {
        const [at, , words] = must(all[below(dice, all.length)], 'in range')
        const key = `${pick(dice, ['title', 'owner', 'steps', 'reviewBy'])}${chance(dice, 0.5) ? `/${at % 9}` : ''}`
        if (draft[key] !== undefined && chance(dice, 0.2)) delete draft[key]
        else draft[key] = pick<unknown>(dice, [new A.ImmutableString(words), at, null, true])
      }
    })
    changes.push(must(A.getLastLocalChange(doc), 'a change'))
  }
  A.free(doc)
  return changes
}

const stretch = (dice: Dice, bytes: Uint8Array): [from: number, to: number] => {
  const from = below(dice, bytes.length)
  return [from, Math.min(bytes.length, from + 1 + below(dice, 40))]
}
/** Ways to spoil bytes; `other` of another history. */
const SPOILS: Record<string, (dice: Dice, bytes: Uint8Array, other: Uint8Array) => Uint8Array> = {
  'bits the other way': (dice, bytes) => {
    const copy = bytes.slice()
    for (let i = 1 + below(dice, 4); i > 0; i--) {
      const at = below(dice, copy.length)
      copy[at] = must(copy[at], 'in range') ^ (1 << below(dice, 8))
    }
    return copy
  },
  'bytes at an edge': (dice, bytes) => {
    const copy = bytes.slice()
    for (let i = 1 + below(dice, 3); i > 0; i--) copy[below(dice, copy.length)] = pick(dice, [0, 1, 0x7f, 0x80, 0xff])
    return copy
  },
  'a stretch gone': (dice, bytes) => {
    const [from, to] = stretch(dice, bytes)
    return concatBytes([bytes.subarray(0, from), bytes.subarray(to)])
  },
  'a stretch twice': (dice, bytes) => {
    const [from, to] = stretch(dice, bytes)
    return concatBytes([bytes.subarray(0, to), bytes.subarray(from)])
  },
  'a stretch of chance': (dice, bytes) => {
    const [from, to] = stretch(dice, bytes)
    return concatBytes([bytes.subarray(0, from), randomBytes(dice, to - from), bytes.subarray(to)])
  },
  'the end of another': (dice, bytes, other) => {
    const at = below(dice, Math.min(bytes.length, other.length))
    return concatBytes([bytes.subarray(0, at), other.subarray(at)])
  },
}

const prose: Record<string, Make> = {
  'in another order': (dice) => {
    const updates = proseHistory(dice)
    return Y.mergeUpdates([...updates.slice(60), ...updates.slice(0, 60)])
  },
  'without its beginning': (dice) => Y.mergeUpdates(proseHistory(dice).slice(1 + below(dice, 60))),
  'without an edit in the middle': (dice) => {
    const updates = proseHistory(dice)
    updates.splice(1 + below(dice, updates.length - 2), 1)
    return Y.mergeUpdates(updates)
  },
  'of two people as one update': (dice) => Y.mergeUpdates([...proseHistory(dice), ...proseHistory(dice)]),
  ...Object.fromEntries(Object.entries(SPOILS).map(([name, spoil]): [string, Make] => [name, (dice) => spoil(dice, Y.mergeUpdates(proseHistory(dice)), Y.mergeUpdates(proseHistory(dice)))])),
  ...Object.fromEntries(Object.entries(SPOILS).map(([name, spoil]): [string, Make] => [`${name}, in one edit`, (dice) => spoil(dice, must(proseHistory(dice)[0], 'a first edit'), must(proseHistory(dice)[0], 'a first edit'))])),
}

const facts: Record<string, Make> = {
  'whole': (dice) => concatBytes(factsHistory(dice)),
  'in another order': (dice) => concatBytes(factsHistory(dice).reverse()),
  'without a change in the middle': (dice) => concatBytes(factsHistory(dice).toSpliced(5, 1)),
  'a change twice': (dice) => {
    const changes = factsHistory(dice)
    return concatBytes(changes.toSpliced(3, 0, must(changes[3], 'a change')))
  },
  'of two people as one': (dice) => concatBytes([...factsHistory(dice), ...factsHistory(dice)]),
  // With a right hash around it: the bytes are then the ones their writer made.
  ...Object.fromEntries(Object.entries(SPOILS).map(([name, spoil]): [string, Make] => [`${name}, hashed again`, (dice) => {
    const changes = factsHistory(dice)
    const at = below(dice, 2) === 0 ? 0 : below(dice, changes.length)
    const spoiled = chunkOf(spoil(dice, contentsOf(must(changes[at], 'a change')), contentsOf(must(factsHistory(dice)[at], 'a change'))))
    return concatBytes([...changes.slice(0, at), spoiled])
  }])),
}

/** In: after Automerge was loaded. */
export const HISTORY_POISONS: readonly Poison[] = [
  ...poisonsOf('prose', prose).map((one) => ({ ...one, name: `${one.name} (writing)` })),
  ...poisonsOf('facts', facts).map((one) => ({ ...one, name: `${one.name} (answers)` })),
]
