/**
 * Documents to measure with: many small ones, and one of so many words. Made like a laptop makes them (facts as Automerge changes, prose as
 * one Yjs update) and pushed through the relay's door. The same dice give the same words.
 */
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import { newId, type Id } from '../../shared/base/ids.ts'
import { orderBetween } from '../../shared/base/order.ts'
import { below, pick, type Dice } from '../../shared/base/random.ts'
import { assignmentsOf, type FactEdit, type FactValue } from '../../shared/model/facts.ts'
import { SCHEMAS, type ItemType } from '../../shared/model/items/index.ts'
import { PUSHES_PER_SECOND_MAX } from '../../shared/model/limits.ts'
import { createFactsDocument, loadFacts } from '../../server/derive/facts-document.ts'
import { connect, entryOf, pushAt, type MakeEntry } from './laptop.ts'
import type { World } from './world.ts'

const BEGINNINGS = 'zorg zwanger kraam wijk jeugd gezins schuld taal ouder huis gemeente verwijs overleg consult signaal begeleidings geboorte borstvoedings rook stress'.split(' ')
const ENDINGS = 'team pad afspraak gesprek kaart plan punt lijst hulp bezoek termijn vraag kring coach route moment formulier netwerk'.split(' ')
const SMALL = 'de het een en van in op met voor door bij aan als dan wie wat waar binnen na over uit tot'.split(' ')
const WORDS_A_PARAGRAPH = 80

/** About 700 words: more than half of them small ones, as in running text. */
export const wordOf = (dice: Dice): string =>
  below(dice, 100) < 55 ? pick(dice, SMALL) : below(dice, 100) < 40 ? pick(dice, ENDINGS) : `${pick(dice, BEGINNINGS)}${pick(dice, ENDINGS)}`
export const sentenceOf = (dice: Dice, count: number): string => {
  const words = Array.from({ length: count }, () => wordOf(dice)).join(' ')
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

/** ProseMirror's own JSON, so that an editor without Yjs can be given the same text. */
export interface Block {
  type: string
  attrs?: Record<string, string | number>
  content?: Block[]
  text?: string
}
const text = (words: string): Block[] => [{ type: 'text', text: words }]
const paragraph = (words: string): Block => ({ type: 'paragraph', content: text(words) })

/** A text of so many words with headings, lists, tables and the block of steps, 480 words a page. */
export function longText(wordCount: number, dice: Dice): Block[] {
  const blocks: Block[] = [{ type: 'pathwaySteps' }]
  for (let words = 0, at = 0; words < wordCount; at++) {
    words += WORDS_A_PARAGRAPH
    if (at % 6 === 0) blocks.push({ type: 'heading', attrs: { level: 2 }, content: text(sentenceOf(dice, 4)) })
    if (at % 30 === 17) {
      const row = (kind: string): Block => ({ type: 'tableRow', content: Array.from({ length: 4 }, () => ({ type: kind, attrs: { colspan: 1, rowspan: 1 }, content: [paragraph(sentenceOf(dice, 4))] })) })
      blocks.push({ type: 'table', content: [row('tableHeader'), ...Array.from({ length: 4 }, () => row('tableCell'))] })
    } else if (at % 10 === 5) blocks.push({ type: 'bulletList', content: Array.from({ length: 8 }, () => ({ type: 'listItem', content: [paragraph(sentenceOf(dice, 10))] })) })
    else blocks.push(paragraph(Array.from({ length: 8 }, () => sentenceOf(dice, WORDS_A_PARAGRAPH / 8)).join(' ')))
  }
  return blocks
}

function elementOf({ type, attrs = {}, content = [] }: Block): Y.XmlElement {
  const element = new Y.XmlElement(type)
  // The type says string; the editor binding stores attribute values as they are.
  for (const [key, value] of Object.entries(attrs)) element.setAttribute(key, value as string)
  element.insert(0, content.map((one) => (one.text === undefined ? elementOf(one) : new Y.XmlText(one.text))))
  return element
}
export function proseOf(blocks: readonly Block[], dice: Dice): Uint8Array {
  const doc = new Y.Doc()
  doc.clientID = dice.uint32()
  doc.getXmlFragment('prose').push(blocks.map(elementOf))
  const update = Y.encodeStateAsUpdate(doc)
  doc.destroy()
  return update
}

export interface Draft {
  space: Id
  item: Id
  type: ItemType
  facts: Record<string, FactValue>
  lists?: Record<string, readonly Record<string, FactValue>[]>
  /** As blocks, or as the update that somebody else begins from as well. */
  prose: readonly Block[] | Uint8Array
}

export const stepsOf = (count: number, dice: Dice): Record<string, FactValue>[] =>
  Array.from({ length: count }, () => ({ action: sentenceOf(dice, 12), role: pick(dice, ['verloskundige', 'wijkteam', 'schuldhulp']), term: 1 + below(dice, 20), termUnit: 'workdays', feedbackTo: 'verloskundige', feedbackWithin: '5 werkdagen', ifNoReply: sentenceOf(dice, 6) }))

/** A small agreement or page as a municipality has hundreds of: some 120 words, two steps. */
export function smallDraft(space: Id, at: number, dice: Dice): Draft {
  const type = at % 3 === 0 ? 'agreement' : at % 3 === 1 ? 'knowledge' : 'contact'
  return {
    space, item: newId(dice), type,
    facts: { title: `${sentenceOf(dice, 3).slice(0, -1)} ${at}`, ...(type === 'agreement' ? { owner: 'projectleider', reviewBy: '2027-03-01', domain: 'income' } : {}) },
    ...(type === 'agreement' ? { lists: { steps: stepsOf(2, dice) } } : {}),
    prose: Array.from({ length: 3 }, () => paragraph(`${sentenceOf(dice, 20)} ${sentenceOf(dice, 20)}`)),
  }
}

const assignmentsIn = ({ type, facts, lists = {} }: Draft, dice: Dice): (readonly [path: string, value: FactValue])[] => {
  let order = ''
  const edits: FactEdit[] = [
    ...Object.entries({ type, parent: '', order: 'V', ...facts }).map(([path, value]): FactEdit => ({ op: 'set', path, value })),
    ...Object.entries(lists).flatMap(([list, rows]) => rows.map((values): FactEdit => ({ op: 'insert', list, id: newId(dice), order: (order = orderBetween(order, '')), values }))),
  ]
  return edits.flatMap(assignmentsOf)
}

export interface WrittenItem {
  registers: Record<string, FactValue>
  facts: Uint8Array
  prose: Uint8Array
}

/** A draft as the payloads of its two entries. In: after `loadFacts`. */
export function written(draft: Draft, dice: Dice): WrittenItem {
  const assignments = assignmentsIn(draft, dice)
  const document = createFactsDocument(newId(dice))
  const facts = document.change(assignments, Date.now(), newId(dice))
  document.dispose()
  return { registers: Object.fromEntries(assignments), facts, prose: draft.prose instanceof Uint8Array ? draft.prose : proseOf(draft.prose, dice) }
}

/** Pushes drafts over so many connections; resolves when the relay has them all. In: the administrator may write in their spaces. */
export async function pushDrafts({ product, admin }: World, drafts: readonly Draft[], dice: Dice, connectionCount = 1): Promise<void> {
  await loadFacts()
  const makers = drafts.flatMap((draft): MakeEntry[] => {
    const { space, item, type } = draft
    let prose: Uint8Array
    return [
      (n) => {
        const made = written(draft, dice)
        prose = made.prose
        return entryOf(dice, { n, space, item, part: 'facts', schema: SCHEMAS[type].version, writer: newId(dice), payload: made.facts })
      },
      (n) => entryOf(dice, { n, space, item, part: 'prose', writer: newId(dice), payload: prose }),
    ]
  })
  // Both entries of an item go over one connection.
  const each = Math.ceil(drafts.length / connectionCount) * 2
  await Promise.all(
    Array.from({ length: connectionCount }, async (_, at) => {
      const mine = makers.slice(at * each, (at + 1) * each)
      if (mine.length === 0) return
      const laptop = await connect(product.address, admin.cookie, dice)
      await pushAt(laptop, [(n) => must(mine[n - 1], 'one entry for each place')(n)], PUSHES_PER_SECOND_MAX * 0.9, mine.length)
      await laptop.close()
    }),
  )
}
