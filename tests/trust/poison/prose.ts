/** Yjs updates that no editor makes, written byte by byte (format: yjs 13.6, `structs/*.js`), and some that are well made and make no document. */
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { must } from '../../../shared/base/assert.ts'
import { below, pick, randomBytes, type Dice } from '../../../shared/base/random.ts'
import { poisonsOf, type Make, type Poison, type Seen } from './poison.ts'

type Write = (to: encoding.Encoder) => void
interface Block {
  client: number
  clock: number
  structs: Write[]
  /** As announced, when that is not true. */
  count?: number
}
type Deletes = readonly (readonly [client: number, ranges: readonly (readonly [clock: number, length: number])[]])[]

const { writeVarUint, writeVarString, writeUint8, writeAny } = encoding

function bytesOf(write: Write): Uint8Array {
  const to = encoding.createEncoder()
  write(to)
  return encoding.toUint8Array(to)
}

/** The highest clientID first, as Yjs writes them. */
const update = (blocks: readonly Block[], deletes: Deletes = []): Uint8Array => asWritten([...blocks].sort((a, b) => b.client - a.client), deletes)

const asWritten = (blocks: readonly Block[], deletes: Deletes = []): Uint8Array =>
  bytesOf((to) => {
    writeVarUint(to, blocks.length)
    for (const { client, clock, structs, count = structs.length } of blocks) {
      writeVarUint(to, count)
      writeVarUint(to, client)
      writeVarUint(to, clock)
      for (const struct of structs) struct(to)
    }
    writeVarUint(to, deletes.length)
    for (const [client, ranges] of deletes) {
      writeVarUint(to, client)
      writeVarUint(to, ranges.length)
      for (const [clock, length] of ranges) {
        writeVarUint(to, clock)
        writeVarUint(to, length)
      }
    }
  })

interface Place {
  origin?: readonly [client: number, clock: number]
  right?: readonly [client: number, clock: number]
  /** A name, or the id of the item that holds it. */
  parent?: string | readonly [client: number, clock: number]
  sub?: string
}

/** An item of content `ref`: a type in the text, anything else in a root of another name, where it can stand. */
const item = (ref: number, { origin, right, parent = ref === TYPE ? 'prose' : 'words', sub }: Place, content: Write): Write => (to) => {
  writeUint8(to, ref | (origin ? 0x80 : 0) | (right ? 0x40 : 0) | (sub === undefined ? 0 : 0x20))
  for (const id of [origin, right]) if (id) for (const part of id) writeVarUint(to, part)
  if (!origin && !right) {
    if (typeof parent === 'string') {
      writeVarUint(to, 1)
      writeVarString(to, parent)
    } else {
      writeVarUint(to, 0)
      for (const part of parent) writeVarUint(to, part)
    }
    if (sub !== undefined) writeVarString(to, sub)
  }
  content(to)
}

const text = (words: string): Write => (to) => writeVarString(to, words)
const amount = (count: number): Write => (to) => writeVarUint(to, count)
const raw = (...bytes: number[]): Write => (to) => encoding.writeUint8Array(to, Uint8Array.from(bytes))
const gc = (length: number): Write => (to) => {
  writeUint8(to, 0)
  writeVarUint(to, length)
}
const skip = (length: number): Write => (to) => {
  writeUint8(to, 10)
  writeVarUint(to, length)
}
const type = (ref: number, name?: string): Write => (to) => {
  writeVarUint(to, ref)
  if (name !== undefined) writeVarString(to, name)
}
const anys = (...values: unknown[]): Write => (to) => {
  writeVarUint(to, values.length)
  for (const value of values) writeAny(to, value as never)
}
const json = (written: string): Write => (to) => writeVarString(to, written)

const DELETED = 1
const STRING = 4
const EMBED = 5
const FORMAT = 6
const TYPE = 7
const ANY = 8
const DOCUMENT = 9
const ELEMENT = 3

const fresh = (dice: Dice): number => dice.uint32()
const HUGE = [2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 52, 2 ** 53 - 2] as const
const one = (dice: Dice, ...structs: Write[]): Uint8Array => update([{ client: fresh(dice), clock: 0, structs }])
const honest = (dice: Dice, { clients }: Seen): { client: number; end: number } => pick(dice, clients)
const deepAny = (depth: number): Write => (to) => {
  writeVarUint(to, 1)
  for (let i = 0; i < depth; i++) {
    writeUint8(to, 117)
    writeVarUint(to, 1)
  }
  writeUint8(to, 126)
}
/** What a document of our own makes of a change. */
function made(dice: Dice, change: (fragment: Y.XmlFragment) => void): Uint8Array {
  const doc = new Y.Doc()
  doc.clientID = fresh(dice)
  doc.transact(() => change(doc.getXmlFragment('prose')))
  const bytes = Y.encodeStateAsUpdate(doc)
  doc.destroy()
  return bytes
}
/** As Yjs lets any program do it, whatever its types say. */
const insert = (list: Y.XmlFragment, at: number, what: readonly unknown[]): void => list.insert(at, what as Y.XmlElement[])
/** What a document that holds all that others wrote makes of a change: beside what is in the log already, where only who has the text can tell what it is. */
function besideTheirs(dice: Dice, { prose }: Seen, change: (fragment: Y.XmlFragment) => void): Uint8Array {
  const doc = new Y.Doc()
  doc.clientID = fresh(dice)
  Y.applyUpdate(doc, prose)
  const before = Y.encodeStateVector(doc)
  doc.transact(() => change(doc.getXmlFragment('prose')))
  const bytes = Y.encodeStateAsUpdate(doc, before)
  doc.destroy()
  return bytes
}
/** Elements in elements, each in the one before it. */
const nested = (dice: Dice, depth: number): Uint8Array => {
  const client = fresh(dice)
  const structs = Array.from({ length: depth }, (_, i) => item(TYPE, i === 0 ? {} : { parent: [client, i - 1] }, type(ELEMENT, pick(dice, ['blockquote', 'bulletList', 'paragraph', 'x']))))
  return update([{ client, clock: 0, structs }])
}

const MADE_BADLY: Record<string, Make> = {
  'a hole before the first struct': (dice) => update([{ client: fresh(dice), clock: 1 + below(dice, 2 ** 30), structs: [item(STRING, {}, text('gat'))] }]),
  'a clock at the end of the numbers': (dice) => update([{ client: fresh(dice), clock: pick(dice, HUGE), structs: [item(STRING, {}, text('hoog'))] }]),
  'collected structs of great length': (dice) => one(dice, gc(pick(dice, HUGE))),
  'collected structs, very many': (dice) => one(dice, ...Array.from({ length: 20_000 }, () => gc(1 + below(dice, 3)))),
  'deleted content of great length': (dice) => one(dice, item(DELETED, {}, amount(pick(dice, HUGE)))),
  'a skip inside': (dice) => one(dice, item(STRING, {}, text('a')), skip(1 + below(dice, 1000)), item(STRING, {}, text('b'))),
  'a skip alone': (dice) => one(dice, skip(pick(dice, HUGE))),
  'structs of no length': (dice) => one(dice, pick(dice, [gc(0), item(STRING, {}, text('')), item(DELETED, {}, amount(0)), item(ANY, {}, anys())])),
  'values in values': (dice) => one(dice, item(ANY, {}, deepAny(pick(dice, [33, 200, 5_000, 400_000])))),
  'an embed in embeds': (dice) => {
    const depth = pick(dice, [40, 1_000, 200_000])
    return one(dice, item(EMBED, {}, json('['.repeat(depth) + ']'.repeat(depth))))
  },
  'an embed that is no JSON': (dice) => one(dice, item(EMBED, {}, json(pick(dice, ['', '{', 'undefined', 'NaN', '\u0000'])))),
  'a prototype as a key': (dice) => one(dice, item(EMBED, {}, json('{"__proto__":{"polluted":true}}'))),
  'a list longer than its bytes': (dice) => one(dice, item(ANY, {}, raw(...bytesOf((to) => writeVarUint(to, pick(dice, HUGE))), 117, 255, 255, 255, 255, 15))),
  'a text longer than its bytes': (dice) => one(dice, item(STRING, {}, raw(255, 255, 255, 255, 15, 65))),
  'text that is no UTF-8': (dice) => one(dice, item(STRING, {}, raw(4, 0xed, 0xa0, 0x80, 0xff))),
  'more structs announced than there are': (dice) => update([{ client: fresh(dice), clock: 0, structs: [item(STRING, {}, text('x'))], count: pick(dice, HUGE) }]),
  'two blocks of one clientID': (dice) => {
    const client = fresh(dice)
    return update([{ client, clock: 0, structs: [item(STRING, {}, text('a'))] }, { client, clock: 5, structs: [item(STRING, {}, text('b'))] }])
  },
  'an unknown type': (dice) => one(dice, item(TYPE, {}, type(7 + below(dice, 1000)))),
  'unknown content': (dice) => one(dice, item(11 + below(dice, 20), {}, text('x'))),
  'a document in the document': (dice) => one(dice, item(DOCUMENT, {}, (to) => {
    writeVarString(to, 'guid')
    writeAny(to, { autoLoad: true } as never)
  })),
  'stands on what nobody wrote': (dice) => one(dice, item(STRING, pick<Place>(dice, [{ origin: [fresh(dice), 0] }, { right: [fresh(dice), 7] }, { parent: [fresh(dice), 3] }]), text('spook'))),
  'stands on itself': (dice) => {
    const client = fresh(dice)
    return update([{ client, clock: 0, structs: [item(STRING, { origin: [client, below(dice, 3)] }, text('ik'))] }])
  },
  'two that stand on each other': (dice) => {
    const [a, b] = [fresh(dice), fresh(dice)]
    return update([{ client: a, clock: 0, structs: [item(STRING, { origin: [b, 0] }, text('a'))] }, { client: b, clock: 0, structs: [item(STRING, { origin: [a, 0] }, text('b'))] }])
  },
  'thousands of clientIDs, each with a hole': (dice) => update(Array.from({ length: 4_000 }, () => ({ client: fresh(dice), clock: 1 + below(dice, 9), structs: [gc(1)] }))),
  'a thousand clientIDs that wait for each other in turn': (dice) => {
    const clients = Array.from({ length: 900 }, () => fresh(dice))
    return update(clients.map((client, i) => ({ client, clock: 0, structs: [item(STRING, i + 1 < clients.length ? { origin: [must(clients[i + 1], 'in range'), 0] } : {}, text('k'))] })))
  },
  'continues somebody else': (dice, seen) => {
    const { client, end } = honest(dice, seen)
    return update([{ client, clock: end, structs: [item(STRING, {}, text('vals'))] }])
  },
  'writes again what somebody else wrote': (dice, seen) => {
    const { client } = honest(dice, seen)
    return update([{ client, clock: 0, structs: [item(STRING, {}, text('overschreven'))] }])
  },
  'deletes of unknown clientIDs': (dice) => update([], Array.from({ length: 1 + below(dice, 5_000) }, () => [fresh(dice), [[below(dice, 99), 1 + below(dice, 99)]]] as const)),
  'deletes of more clientIDs than there can be': (dice) => update([], Array.from({ length: 50_001 }, () => [fresh(dice), [[0, 1]]] as const)),
  'deletes beyond the end': (dice, seen) => {
    const { client, end } = honest(dice, seen)
    return update([], [[client, [[end + 1, pick(dice, HUGE)]]]])
  },
  'deletes of no length': (dice, seen) => update([], [[honest(dice, seen).client, [[0, 0]]]]),
  'nothing': () => update([]),
  'V2 bytes': (dice) => {
    const doc = new Y.Doc()
    doc.clientID = fresh(dice)
    doc.getXmlFragment('prose').insert(0, [new Y.XmlText('versie twee')])
    return Y.encodeStateAsUpdateV2(doc)
  },
  'bytes of the V2 reader’s endless loop': (dice) => Uint8Array.of(0, 0, 0, 0, 0, 0, 6, 255, 255, 255, 255, 255, 15, 0, 0, 0, 0, ...randomBytes(dice, 10)),
  'honest prose, cut off': (dice, { prose }) => prose.slice(0, below(dice, prose.length)),
  'honest prose and more behind it': (dice, { prose }) => Uint8Array.from([...prose, ...randomBytes(dice, 1 + below(dice, 50))]),
  'bytes of chance': (dice) => randomBytes(dice, 1 + below(dice, 4_000)),
}

const MADE_WELL: Record<string, Make> = {
  'elements in elements': (dice) => nested(dice, pick(dice, [40, 400, 3_000])),
  'text straight in the document': (dice) => one(dice, item(STRING, { parent: 'prose' }, text('los'))),
  'values between blocks that come with them': (dice) => made(dice, (fragment) => {
    const blocks = [new Y.XmlElement('paragraph'), new Y.XmlElement('heading')]
    insert(fragment, 0, [blocks[0], pick<unknown>(dice, ['los', 7, null, { a: [1] }, Uint8Array.of(1), new Y.Array(), new Y.Text('los')]), blocks[1]])
  }),
  'values in a block': (dice) => made(dice, (fragment) => {
    const [outer, inner] = [new Y.XmlElement('blockquote'), new Y.XmlElement('paragraph')]
    insert(fragment, 0, [outer])
    insert(outer, 0, [inner])
    insert(inner, 0, [new Y.XmlText('tekst'), pick<unknown>(dice, ['los', new Y.Map(), new Y.XmlFragment(), new Y.XmlHook('haak')])])
  }),
  'values behind a block of others': (dice, seen) => besideTheirs(dice, seen, (fragment) => insert(fragment, below(dice, fragment.length) + 1, [pick<unknown>(dice, ['los', 7, { a: [1] }, new Y.Array(), new Y.Map([['k', 'v']]), new Y.Text('los')])])),
  'values in a block of others': (dice, seen) => besideTheirs(dice, seen, (fragment) => {
    const block = pick(dice, fragment.toArray().filter((one): one is Y.XmlElement => one instanceof Y.XmlElement))
    insert(block, below(dice, block.length + 1), [pick<unknown>(dice, ['los', false, new Y.XmlHook('haak'), new Y.Array()])])
  }),
  'blocks behind a value that stands behind a block of others': (dice, seen) => besideTheirs(dice, seen, (fragment) => {
    insert(fragment, fragment.length, ['los'])
    const block = new Y.XmlElement('paragraph')
    block.insert(0, [new Y.XmlText('erachter')])
    insert(fragment, fragment.length, [block])
  }),
  'lists and maps where blocks stand': (dice) => one(dice, item(TYPE, {}, type(0)), item(TYPE, {}, type(1)), item(TYPE, {}, type(2)), item(ANY, { parent: 'prose' }, anys(1, null, 'x', { a: [1] }))),
  'marks without text': (dice) => one(dice, ...Array.from({ length: 2_000 }, (_, i) => item(FORMAT, { parent: pick(dice, ['prose', 'words']) }, (to) => {
    writeVarString(to, pick(dice, ['strong', 'em', '__proto__', 'x'.repeat(200)]))
    writeVarString(to, i % 2 === 0 ? '{}' : 'null')
  }))),
  'keys of the document as a map': (dice) => one(dice, item(ANY, { parent: 'prose', sub: pick(dice, ['__proto__', 'constructor', 'a'.repeat(4_000)]) }, anys(1))),
  'a root of another name': (dice) => one(dice, item(STRING, { parent: pick(dice, ['', 'prosa', '__proto__', 'comments']) }, text('elders'))),
  'half a character': (dice) => one(dice, item(STRING, {}, text('\u{1F469}\u200D\u{1F467}'.slice(0, 4)))),
  'in what holds nothing': (dice, seen) => one(dice, item(STRING, { parent: [honest(dice, seen).client, 1 + below(dice, 3)] }, text('in tekst'))),
  'origins the wrong way round': (dice, seen) => {
    const { client, end } = honest(dice, seen)
    return one(dice, item(STRING, { origin: [client, end - 1], right: [client, 0] }, text('kruis')))
  },
  'clientIDs in the wrong order': (dice) => asWritten(Array.from({ length: 200 }, () => ({ client: fresh(dice), clock: 0, structs: [item(STRING, {}, text('o'))] })).sort((a, b) => a.client - b.client)),
  'nine hundred clientIDs in one place': (dice) => update(Array.from({ length: 900 }, () => ({ client: fresh(dice), clock: 0, structs: [item(STRING, {}, text('z'))] }))),
  'unknown blocks with attributes of every kind': (dice) => made(dice, (fragment) => {
    const block = new Y.XmlElement(pick(dice, ['script', 'iframe', '__proto__', 'table', 'x'.repeat(4_000), 'a\u0000b', '']))
    fragment.insert(0, [block])
    const values: Record<string, unknown> = { onclick: 'alert(1)', href: 'javascript:alert(1)', level: -1e308, object: { a: { b: [null] } }, nothing: null, bytes: Uint8Array.of(1, 2), constructor: 'x', no: Number.NaN }
    for (const [key, value] of Object.entries(values)) block.setAttribute(key, value as string)
  }),
  'tables without rows and lists without points': (dice) => made(dice, (fragment) => {
    for (const name of ['table', 'bulletList', 'taskList', 'heading', 'codeBlock', 'image']) {
      const outer = new Y.XmlElement(name)
      fragment.push([outer])
      const inner = new Y.XmlElement(pick(dice, ['tableCell', 'doc', 'text', 'listItem']))
      outer.insert(0, [inner, new Y.XmlText('los')])
    }
  }),
}

/** What a member may do, and no word is sure of it. */
const TOUCHES_WORDS: Record<string, Make> = {
  // By then it may have been written, in the middle of a word.
  'stands on what is not written yet': (dice, seen) => {
    const { client, end } = honest(dice, seen)
    return one(dice, item(STRING, { origin: [client, end + below(dice, 1000)] }, text('later')))
  },
  // Under another clientID it is a copy; in what is deleted it takes away.
  'honest prose with a bit the other way': (dice, { prose }) => {
    const copy = prose.slice()
    for (let i = 0; i < 4; i++) {
      const at = below(dice, copy.length)
      copy[at] = (copy[at] ?? 0) ^ (1 << below(dice, 8))
    }
    return copy
  },
  'deletes everything, one letter at a time': (_dice, { clients }) => update([], clients.map(({ client, end }) => [client, Array.from({ length: Math.min(end, 20_000) }, (_, clock) => [clock, 1] as const)] as const)),
  'deletes the same again and again': (dice, seen) => {
    const { client, end } = honest(dice, seen)
    return update([], [[client, Array.from({ length: 5_000 }, () => [below(dice, end), 1] as const)]])
  },
}

export const PROSE_POISONS: readonly Poison[] = [
  ...poisonsOf('prose', { ...MADE_BADLY, ...MADE_WELL }),
  ...poisonsOf('prose', TOUCHES_WORDS).map((poison) => ({ ...poison, touchesWords: true })),
]
