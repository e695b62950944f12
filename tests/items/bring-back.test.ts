/** An earlier version brought back: whatever stood there and whatever stands there now, afterwards it is what it was; and what was the same in both is not touched. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { proseJson } from '../../shared/derive/prose-json.ts'
import { assignmentsOf, rowsOf, type FactsState, type Registers } from '../../shared/model/facts.ts'
import { factsBack, proseBack } from '../../client/items/bring-back.ts'

type Made = { name: string; attrs: Record<string, string | number>; children: Made[] } | { text: { words: string; bold: boolean }[] }
const run = fc.record({ words: fc.stringMatching(/^[a-c😀é ]{1,6}$/u), bold: fc.boolean() })
const text = fc.array(run, { minLength: 1, maxLength: 4 }).map((runs): Made => ({ text: runs }))
const inline = fc.oneof(text, fc.record({ id: fc.constantFrom('a', 'b') }).map((attrs): Made => ({ name: 'decisionRef', attrs, children: [] })))
const paragraph = fc.array(inline, { maxLength: 3 }).map((children): Made => ({ name: 'paragraph', attrs: {}, children }))
const heading = fc.tuple(fc.constantFrom(2, 3), text).map(([level, child]): Made => ({ name: 'heading', attrs: { level }, children: [child] }))
const list = fc.array(fc.array(paragraph, { minLength: 1, maxLength: 2 }).map((children): Made => ({ name: 'listItem', attrs: {}, children })), { minLength: 1, maxLength: 3 }).map((children): Made => ({ name: 'bulletList', attrs: {}, children }))
/** Of a later build, which this one cannot draw. */
const unknown = text.map((child): Made => ({ name: 'timeTable', attrs: { rows: 3 }, children: [child] }))
const blocks = fc.array(fc.oneof(paragraph, paragraph, heading, list, unknown), { maxLength: 7 })

function built(made: Made): Y.XmlElement | Y.XmlText {
  if ('text' in made) {
    const node = new Y.XmlText()
    node.applyDelta(made.text.map(({ words, bold }) => ({ insert: words, attributes: bold ? { bold: true } : {} })))
    return node
  }
  const node = new Y.XmlElement(made.name)
  for (const [name, value] of Object.entries(made.attrs)) node.setAttribute(name, value as string)
  node.insert(0, made.children.map(built))
  return node
}
function docOf(parts: readonly Made[]): Y.Doc {
  const doc = new Y.Doc()
  doc.getXmlFragment('prose').push(parts.map(built))
  return doc
}
const back = (now: Y.Doc, then: Y.Doc): void => now.transact(() => proseBack(now.getXmlFragment('prose'), then.getXmlFragment('prose')))
const words = (...texts: string[]): Made[] => texts.map((one) => ({ name: 'paragraph', attrs: {}, children: [{ text: [{ words: one, bold: false }] }] }))

describe('prose brought back', () => {
  it('is what it was, blocks of a later build included, and the version of before can be brought back in turn', () => {
    fc.assert(
      fc.property(blocks, blocks, (a, b) => {
        const [now, then] = [docOf(a), docOf(b)]
        const before = proseJson(now)
        const kept = new Y.Doc()
        Y.applyUpdate(kept, Y.encodeStateAsUpdate(now))
        back(now, then)
        expect(proseJson(now)).toEqual(proseJson(then))
        back(now, kept)
        expect(proseJson(now)).toEqual(before)
      }),
      { numRuns: 400 },
    )
  })

  it('what is equal costs nothing at all', () => {
    fc.assert(
      fc.property(blocks, (a) => {
        const [now, then] = [docOf(a), docOf(a)]
        let updates = 0
        now.on('update', () => updates++)
        back(now, then)
        expect(updates).toBe(0)
      }),
    )
  })

  it('what somebody wrote meanwhile in a paragraph that is the same in both stays in it, and in a changed one beside the equal words', () => {
    const then = docOf(words('Eerste alinea.', 'De verwijzer belt binnen vijf dagen.', 'Laatste alinea.'))
    const mine = new Y.Doc()
    Y.applyUpdate(mine, Y.encodeStateAsUpdate(then))
    const paragraphs = (doc: Y.Doc): Y.XmlText[] => doc.getXmlFragment('prose').toArray().map((one) => (one as Y.XmlElement).get(0) as Y.XmlText)
    paragraphs(mine)[1]?.delete(3, 9)
    paragraphs(mine)[1]?.insert(3, 'huisarts')
    const theirs = new Y.Doc()
    Y.applyUpdate(theirs, Y.encodeStateAsUpdate(mine))
    paragraphs(theirs)[0]?.insert(0, 'ANDER ')
    const second = paragraphs(theirs)[1]
    second?.insert(second.length, ' EN OOK')
    back(mine, then)
    Y.applyUpdate(mine, Y.encodeStateAsUpdate(theirs))
    expect(paragraphs(mine).map((one) => one.toJSON())).toEqual(['ANDER Eerste alinea.', 'De verwijzer belt binnen vijf dagen. EN OOK', 'Laatste alinea.'])
  })
})

const [ROW, OTHER, THIRD] = ['a', 'b', 'c'].map((one) => one.repeat(32)) as [string, string, string]
const state = (registers: Registers, conflicts: FactsState['conflicts'] = {}): FactsState => ({ registers, conflicts })
function after(now: FactsState, then: FactsState): Registers {
  const registers = { ...now.registers }
  for (const edit of factsBack(now, then)) for (const [path, value] of assignmentsOf(edit)) registers[path] = value
  return registers
}

describe('facts brought back', () => {
  it('fields, rows that went, rows that came, and the order of rows are what they were; the place in the tree is not', () => {
    const then = state({ type: 'agreement', parent: '', title: 'Roken', owner: 'GGD', [`steps/${ROW}/order`]: 'V', [`steps/${ROW}/action`]: 'Vraag', [`steps/${OTHER}/order`]: 'W', [`steps/${OTHER}/term`]: 3 })
    const now = state({
      type: 'agreement', parent: 'f'.repeat(32), title: 'Stoppen met roken', owner: 'GGD', targetGroup: 'Zwangeren', [`steps/${ROW}/order`]: 'X', [`steps/${ROW}/action`]: 'Vraag', [`steps/${ROW}/gone`]: false,
      [`steps/${OTHER}/order`]: 'W', [`steps/${OTHER}/term`]: 5, [`steps/${OTHER}/gone`]: true, [`steps/${THIRD}/order`]: 'Y',
    })
    const registers = after(now, then)
    expect(registers).toMatchObject({ title: 'Roken', owner: 'GGD', targetGroup: null, parent: 'f'.repeat(32) })
    expect(rowsOf(registers, 'steps').map(({ id, term = null, action = '' }) => [id, term, action])).toEqual([[ROW, null, 'Vraag'], [OTHER, 3, '']])
    expect(factsBack(now, then).some((edit) => edit.op === 'set' && edit.path === 'owner')).toBe(false)
  })

  it('a question that stands open now is answered by what stood then; a question of then is not answered for anybody', () => {
    const answers = [{ value: 3, key: '1', author: null, time: null }, { value: 10, key: '2', author: null, time: null }]
    expect(factsBack(state({ minutes: 10 }, { minutes: answers }), state({ minutes: 10 }))).toEqual([{ op: 'set', path: 'minutes', value: 10 }])
    expect(factsBack(state({ minutes: 5 }), state({ minutes: 10 }, { minutes: answers }))).toEqual([])
  })
})
