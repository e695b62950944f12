import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { canonicalOf } from '../../shared/derive/canonical.ts'
import { EMPTY_FACTS } from '../../shared/model/facts.ts'
import { proseJson, textOfProse, titleOfProse, type ProseNode } from '../../shared/derive/prose-json.ts'

/** A document made by `write`, and the same one again from its updates. */
function both(write: (prose: Y.XmlFragment) => void): [Y.Doc, Y.Doc] {
  const doc = new Y.Doc()
  doc.clientID = 1
  write(doc.getXmlFragment('prose'))
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  return [doc, copy]
}
const element = (name: string, attrs: Record<string, unknown>, children: (Y.XmlElement | Y.XmlText)[]): Y.XmlElement => {
  const made = new Y.XmlElement(name)
  for (const [key, value] of Object.entries(attrs)) made.setAttribute(key, value as string)
  made.insert(0, children)
  return made
}
const text = (words: string): Y.XmlText => new Y.XmlText(words)

test('blocks, attributes, text and marks come through, unknown ones as well', () => {
  const [doc, copy] = both((prose) => {
    const words = text('stoppen met roken')
    prose.insert(0, [element('heading', { level: 2 }, [text('Aanleiding')]), element('paragraph', {}, [words]), element('zorgpadStap', { step: 'ab', z: 1, a: null }, [])])
    words.format(0, 7, { bold: {}, link: { href: 'https://example.org', target: null } })
  })
  const expected: ProseNode = {
    type: 'doc',
    content: [
      { type: 'heading', attrs: { level: 2 }, content: [{ type: 'text', text: 'Aanleiding' }] },
      {
        type: 'paragraph',
        content: [
          { type: 'text', text: 'stoppen', marks: [{ type: 'bold' }, { type: 'link', attrs: { href: 'https://example.org' } }] },
          { type: 'text', text: ' met roken' },
        ],
      },
      { type: 'zorgpadStap', attrs: { step: 'ab', z: 1 } },
    ],
  }
  expect(proseJson(doc)).toEqual(expected)
  expect(JSON.stringify(proseJson(copy))).toBe(JSON.stringify(proseJson(doc)))
})

test('overlapping marks of one type lose the suffix that the editor binding stores them under', () => {
  const [doc] = both((prose) => {
    const words = text('abc')
    prose.insert(0, [element('paragraph', {}, [words])])
    words.format(0, 1, { 'comment--AbCd1234': { id: 'x' }, 'comment--EfGh5678': { id: 'y' } })
  })
  expect(proseJson(doc).content?.[0]?.content?.[0]?.marks).toEqual([{ type: 'comment', attrs: { id: 'x' } }, { type: 'comment', attrs: { id: 'y' } }])
})

test('an empty document is an empty document', () => {
  expect(proseJson(new Y.Doc())).toEqual({ type: 'doc', content: [] })
  expect([textOfProse({ type: 'doc' }), titleOfProse({ type: 'doc' })]).toEqual(['', ''])
})

test('a document nested deeper than any editor makes is read without exhausting the stack', () => {
  const [doc] = both((prose) => {
    let inner = element('blok', {}, [text('diep')])
    for (let i = 0; i < 500; i++) inner = element('blok', {}, [inner])
    prose.insert(0, [inner])
  })
  expect(() => textOfProse(proseJson(doc))).not.toThrow()
})

test('text has a line per block; the title is the first heading with words, or else the first line', () => {
  const list: ProseNode = { type: 'bulletList', content: [{ type: 'listItem', content: [{ type: 'paragraph', content: [{ type: 'text', text: 'een' }, { type: 'text', text: ' twee' }] }] }] }
  const page: ProseNode = { type: 'doc', content: [{ type: 'paragraph' }, list, { type: 'heading', content: [] }, { type: 'heading', content: [{ type: 'text', text: ' Kop ' }] }] }
  expect(textOfProse(page)).toBe('een twee\nKop')
  expect(titleOfProse(page)).toBe('Kop')
  expect(titleOfProse({ type: 'doc', content: [list] })).toBe('een twee')
})

test('[B3] numbers that are no plain data become texts, so that a document can be sealed and exported', () => {
  const [doc] = both((prose) => prose.insert(0, [element('heading', { level: 12345678901234567890n, more: { list: [1n, { deep: 2n }] }, bytes: Uint8Array.of(1) }, [text('kop')])]))
  const prose = proseJson(doc)
  expect(prose.content?.[0]?.attrs).toEqual({ bytes: Uint8Array.of(1), level: '12345678901234567890', more: { list: ['1', { deep: '2' }] } })
  expect(canonicalOf({ facts: EMPTY_FACTS, prose })).toContain('"level":"12345678901234567890"')
})
