/**
 * The others in a document: ten people at laptops of their own, in this process, over the relay. Each has the whole text, follows the space and
 * shows a caret; each types in a paragraph of its own, spread over the document, one key at a time with its own pauses.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import * as Y from 'yjs'
import { utf8 } from '../../shared/base/bytes.ts'
import { newId, type Id } from '../../shared/base/ids.ts'
import { fraction, type Dice } from '../../shared/base/random.ts'
import { connect, entryOf, follow, NOWHERE, type Laptop } from './laptop.ts'
import { wordOf } from './writing.ts'
import type { World } from './world.ts'

/** A quick typist: 60 words a minute. */
const KEYS_PER_SECOND = 5

export interface Others {
  readonly count: number
  /** Keys typed by all of them so far. */
  readonly keyCount: number
  begin(): void
  /** Resolves when nobody types any more. */
  pause(): Promise<void>
  dispose(): Promise<void>
}

interface Document {
  space: Id
  item: Id
  /** The update that the relay has: theirs begin from it. */
  update: Uint8Array
}

export async function othersIn(world: World, { space, item, update }: Document, count: number, dice: Dice): Promise<Others> {
  let keyCount = 0
  let isTyping = false
  let running: Promise<void>[] = []

  const people = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const laptop = await connect(world.product.address, world.admin.cookie, dice)
      await follow(laptop, space, NOWHERE)
      return { laptop, type: typistIn(laptop, (at + 0.5) / count) }
    }),
  )

  /** Types at the end of the paragraph that lies at this part of the document. */
  function typistIn(laptop: Laptop, part: number): () => void {
    const doc = new Y.Doc()
    doc.clientID = dice.uint32()
    Y.applyUpdate(doc, update)
    const paragraphs = doc.getXmlFragment('prose').toArray().filter((one): one is Y.XmlElement => one instanceof Y.XmlElement && one.nodeName === 'paragraph')
    const text = paragraphs[Math.floor(part * paragraphs.length)]?.get(0) as Y.XmlText
    const writer = newId(dice)
    let made: Uint8Array | null = null
    doc.on('update', (bytes: Uint8Array) => {
      made = bytes
    })
    let n = 0
    let word = ''
    return () => {
      if (word === '') word = ` ${wordOf(dice)}`
      text.insert(text.length, word.charAt(0))
      word = word.slice(1)
      const place = Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, text.length)) as unknown
      laptop.send(
        entryOf(dice, { n: ++n, space, item, part: 'prose', writer, payload: made as unknown as Uint8Array }),
        { type: 'presence', space, item, open: true, bytes: utf8(JSON.stringify({ cursor: { anchor: place, head: place } })) },
      )
      keyCount++
    }
  }

  const others: Others = {
    count,
    get keyCount() {
      return keyCount
    },
    begin() {
      isTyping = true
      running = people.map(async ({ type }) => {
        await sleep(fraction(dice) * (1000 / KEYS_PER_SECOND))
        while (isTyping) {
          type()
          await sleep((0.5 + fraction(dice)) * (1000 / KEYS_PER_SECOND))
        }
      })
    },
    async pause() {
      isTyping = false
      await Promise.all(running)
    },
    async dispose() {
      await others.pause()
      await Promise.all(people.map(({ laptop }) => laptop.close()))
    },
  }
  return others
}
