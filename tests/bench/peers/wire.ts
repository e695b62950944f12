/**
 * The Yjs wires as load generators speak them: frames of y-websocket and of Hocuspocus (the same behind the name of the document), one letter
 * as an update without a Y.Doc, and which letters an update holds. What is measured is the server, so none of this may cost much.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import type { Dice } from '../../../shared/base/random.ts'

export type Dialect = 'y-websocket' | 'hocuspocus'

const SYNC = 0
const AUTH = 2
export const STEP_1 = 0
export const STEP_2 = 1
export const UPDATE = 2
/** Hocuspocus: an answer to step 1 that asks nothing in return. */
const SYNC_REPLY = 4
/** Hocuspocus: whether an update was "saved". */
const SYNC_STATUS = 8
const PING = 9

export const EMPTY_STATE_VECTOR = new Uint8Array([0])

const frameOf = (write: (encoder: encoding.Encoder) => void): Uint8Array => {
  const encoder = encoding.createEncoder()
  write(encoder)
  return encoding.toUint8Array(encoder)
}

export const syncFrame = (dialect: Dialect, name: string, step: number, bytes: Uint8Array): Uint8Array =>
  frameOf((encoder) => {
    if (dialect === 'hocuspocus') encoding.writeVarString(encoder, name)
    encoding.writeVarUint(encoder, SYNC)
    encoding.writeVarUint(encoder, step)
    encoding.writeVarUint8Array(encoder, bytes)
  })

/** Hocuspocus wants this first for every document, also when nobody checks it. */
export const authFrame = (name: string): Uint8Array =>
  frameOf((encoder) => {
    encoding.writeVarString(encoder, name)
    encoding.writeVarUint(encoder, AUTH)
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarString(encoder, 'anybody')
  })

export const pingFrame = (name: string): Uint8Array =>
  frameOf((encoder) => {
    encoding.writeVarString(encoder, name)
    encoding.writeVarUint(encoder, PING)
  })

export const awarenessFrame = (dialect: Dialect, name: string, states: readonly { clientId: number; json: string }[]): Uint8Array =>
  frameOf((encoder) => {
    if (dialect === 'hocuspocus') encoding.writeVarString(encoder, name)
    encoding.writeVarUint(encoder, 1)
    encoding.writeVarUint8Array(
      encoder,
      frameOf((inner) => {
        encoding.writeVarUint(inner, states.length)
        for (const { clientId, json } of states) {
          encoding.writeVarUint(inner, clientId)
          encoding.writeVarUint(inner, 1)
          encoding.writeVarString(inner, json)
        }
      }),
    )
  })

export type Heard = { kind: 'step1' | 'step2' | 'update'; name: string; bytes: Uint8Array } | { kind: 'saved'; name: string; isSaved: boolean } | null

/** null: of no interest here (awareness, answers about rights). */
export function read(dialect: Dialect, frame: Uint8Array): Heard {
  const decoder = decoding.createDecoder(frame)
  const name = dialect === 'hocuspocus' ? decoding.readVarString(decoder) : ''
  const type = decoding.readVarUint(decoder)
  if (dialect === 'hocuspocus' && type === SYNC_STATUS) return { kind: 'saved', name, isSaved: decoding.readVarUint(decoder) === 1 }
  if (type !== SYNC && !(dialect === 'hocuspocus' && type === SYNC_REPLY)) return null
  const kind = (['step1', 'step2', 'update'] as const)[decoding.readVarUint(decoder)]
  return kind ? { kind, name, bytes: decoding.readVarUint8Array(decoder) } : null
}

export interface Pen {
  readonly client: number
  /** The paragraph and its first letter. */
  readonly first: Uint8Array
  /** The clock of the next letter. */
  readonly clock: number
  /** The next letter, at the end of the paragraph. */
  next(): Uint8Array
}

/** Somebody who types in a paragraph of their own. Letters are written as Yjs writes them (checked by a test), without a document. */
export function createPen(dice: Dice): Pen {
  const doc = new Y.Doc()
  doc.clientID = dice.uint32()
  const text = new Y.XmlText()
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [text])
  text.insert(0, 'a')
  doc.getXmlFragment('prose').insert(0, [paragraph])
  const client = doc.clientID
  const first = Y.encodeStateAsUpdate(doc)
  let clock = Y.getState(doc.store, client)
  doc.destroy()
  return {
    client,
    first,
    get clock() {
      return clock
    },
    next() {
      const update = letter(client, clock)
      clock += 1
      return update
    },
  }
}

/** A letter that stands behind one nobody has: it waits for a past that never comes. */
export const orphan = (client: number, at: number): Uint8Array => letter(client, 1_000 + 3 * at)

const ITEM_WITH_ORIGIN = 0x84 // content 4: a string; bit 8: a left neighbour
function letter(client: number, clock: number): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarUint(encoder, client)
  encoding.writeVarUint(encoder, clock)
  encoding.writeUint8(encoder, ITEM_WITH_ORIGIN)
  encoding.writeVarUint(encoder, client)
  encoding.writeVarUint(encoder, clock - 1)
  encoding.writeVarString(encoder, 'e')
  encoding.writeVarUint(encoder, 0)
  return encoding.toUint8Array(encoder)
}

/** Runs of clocks in an update. */
export type Runs = readonly { client: number; from: number; to: number }[]

/** What an update holds; quick for letters, through Yjs for anything else. */
export function runsIn(update: Uint8Array): Runs {
  return lettersIn(update) ?? [...Y.parseUpdateMeta(update).to].map(([client, to]) => ({ client, from: Y.parseUpdateMeta(update).from.get(client) ?? 0, to }))
}

function lettersIn(update: Uint8Array): Runs | null {
  const decoder = decoding.createDecoder(update)
  const runs: { client: number; from: number; to: number }[] = []
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients--) {
    let structs = decoding.readVarUint(decoder)
    const client = decoding.readVarUint(decoder)
    const from = decoding.readVarUint(decoder)
    let to = from
    for (; structs > 0; structs--) {
      if (decoding.readUint8(decoder) !== ITEM_WITH_ORIGIN) return null
      decoding.readVarUint(decoder)
      decoding.readVarUint(decoder)
      // Plain letters: one byte, one clock.
      const length = decoding.readVarUint(decoder)
      decoder.pos += length
      to += length
    }
    runs.push({ client, from, to })
  }
  return runs
}
