/** Markdown of an item: complete, labelled, and nothing in a text can pose as something else. */
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { markdownOf } from '../../shared/derive/markdown.ts'
import { proseJson, type ProseNode } from '../../shared/derive/prose-json.ts'
import { namedDice } from '../../shared/base/random.ts'
import { assignmentsOf, type FactsState, type FactValue } from '../../shared/model/facts.ts'
import { templateEdits } from '../../shared/model/templates/edits.ts'
import { TEMPLATES } from '../../shared/model/templates/index.ts'
import { templateProse } from '../../shared/model/templates/prose.ts'

const factsOf = (registers: Record<string, FactValue>): FactsState => ({ registers, conflicts: {} })
const doc = (...content: ProseNode[]): ProseNode => ({ type: 'doc', content })
const text = (words: string, ...marks: { type: string; attrs?: Record<string, unknown> }[]): ProseNode => ({ type: 'text', text: words, ...(marks.length > 0 ? { marks } : {}) })
const paragraph = (...content: ProseNode[]): ProseNode => ({ type: 'paragraph', content })
const markdown = (prose: ProseNode, registers: Record<string, FactValue> = { type: 'knowledge' }) => markdownOf({ facts: factsOf(registers), prose, title: 'Titel', status: 'concept', version: 0 })

describe('Markdown', () => {
  test('an agreement has its head, its prose, and its steps as a table, with label and status', () => {
    const registers: Record<string, FactValue> = {}
    for (const edit of templateEdits(TEMPLATES[3]!, namedDice(1, 'markdown'), { as: 'agreement' })) for (const [path, value] of assignmentsOf(edit)) registers[path] = value
    const prose = new Y.Doc()
    templateProse(TEMPLATES[3]!)(prose)
    const out = markdownOf({ facts: factsOf(registers), prose: proseJson(prose), title: 'Schulden en geldzorgen', status: 'adopted', version: 2 })
    expect(out).toMatch(/^# Schulden en geldzorgen\n\n- Status: vastgesteld, versie 2\n- Voorbeeld: /)
    expect(out).toContain('- Domein: werk en inkomen')
    expect(out).toContain('### Waarom deze afspraak')
    expect(out).toContain('| Wat | Wie | Organisatie | Binnen | Eenheid | Vanaf |')
    expect(out).toContain('| verloskundige | Verloskundigenpraktijk | 3 | werkdagen | na toestemming |')
    expect(out.match(/^\| .*schuldhulpverlening/gm)).toHaveLength(2)
    expect(out.endsWith('\n')).toBe(true)
  })

  test('blocks: lists within lists, tasks, quotes, tables, and marks', () => {
    const item = (...content: ProseNode[]): ProseNode => ({ type: 'listItem', content })
    const out = markdown(doc(
      { type: 'bulletList', content: [item(paragraph(text('een')), { type: 'orderedList', content: [item(paragraph(text('diep')))] }), item(paragraph(text('twee')))] },
      { type: 'taskList', content: [{ type: 'taskItem', attrs: { checked: true }, content: [paragraph(text('gedaan'))] }, { type: 'taskItem', content: [paragraph(text('nog niet'))] }] },
      { type: 'blockquote', content: [paragraph(text('gezegd'))] },
      { type: 'table', content: [{ type: 'tableRow', content: [{ type: 'tableHeader', content: [paragraph(text('wie'))] }, { type: 'tableHeader', content: [paragraph(text('wat|hoe'))] }] }, { type: 'tableRow', content: [{ type: 'tableCell', content: [paragraph(text('JGZ'))] }] }] },
      paragraph(text('vet', { type: 'bold' }), text(' en '), text('schuin', { type: 'italic' }), { type: 'hardBreak' }, text('hier', { type: 'link', attrs: { href: 'https://voorbeeld.nl/a b' } })),
    ))
    expect(out).toContain('- een\n  1. diep\n- twee')
    expect(out).toContain('- [x] gedaan\n- [ ] nog niet')
    expect(out).toContain('> gezegd')
    expect(out).toContain('| wie | wat\\|hoe |\n| --- | --- |\n| JGZ |  |')
    expect(out).toContain('**vet** en *schuin*\\\n[hier](<https://voorbeeld.nl/a%20b>)')
  })

  test('[B3] attributes of every kind and tables of every shape come out', () => {
    const cells = (count: number): ProseNode => ({ type: 'tableRow', content: Array.from({ length: count }, () => ({ type: 'tableCell' })) })
    const out = markdown(doc(
      { type: 'heading', attrs: { level: { toString: 5 } }, content: [text('kop')] },
      { type: 'orderedList', attrs: { start: { valueOf: 1, toString: 1 } }, content: [{ type: 'listItem', content: [paragraph(text('een'))] }] },
      { type: 'table', content: [cells(1), cells(40_000), ...Array.from({ length: 5_000 }, () => cells(0))] },
      paragraph(text('erna')),
    ))
    expect(out).toContain('## kop\n\n1. een')
    expect(out).toContain('\n\nerna\n')
    // The first row says how wide it is; what the others lack is not filled in.
    expect(out.split('\n').filter((line) => line.length > 1_000)).toHaveLength(3)
    expect(out.length).toBeLessThan(1_000_000)
  })

  test('[B6] text stays text: no HTML, no heading, no foreign link', () => {
    const out = markdown(doc(paragraph(text('# geen kop')), paragraph(text('<script>alert(1)</script>')), paragraph(text('klik', { type: 'link', attrs: { href: 'javascript:alert(1)' } })), paragraph(text('1. geen lijst'))), { type: 'knowledge', theme: 'a\n# b' })
    expect(out.match(/^#/gm)).toHaveLength(1)
    expect(out).not.toMatch(/(^|[^\\])<script/)
    expect(out).not.toContain('javascript')
    expect(out).toContain('1\\. geen lijst')
  })

  test('a reference in the notes says what it refers to', () => {
    const [decision, action] = ['a'.repeat(32), 'b'.repeat(32)]
    const out = markdown(doc({ type: 'decisionRef', attrs: { id: decision } }, { type: 'actionRef', attrs: { id: action } }), {
      type: 'meeting', [`decisions/${decision}/order`]: 'V', [`decisions/${decision}/number`]: 3, [`decisions/${decision}/text`]: 'Het pad is vastgesteld.',
    })
    expect(out).toContain('**Besluit 3:** Het pad is vastgesteld.')
    expect(out).toContain('**Actie:** vervallen')
  })

  test('two answers are mentioned, unknown blocks give their text', () => {
    const answers = [1, 2].map((value) => ({ value, key: String(value), author: null, time: null }))
    const out = markdownOf({ facts: { registers: { type: 'meeting' }, conflicts: { place: answers } }, prose: doc({ type: 'latereVersie', content: [paragraph(text('bewaard'))] }), title: '', status: 'concept', version: 0 })
    expect(out).toContain('Eén vraag heeft twee of meer antwoorden')
    expect(out).toContain('bewaard')
    expect(out).toMatch(/^# Zonder titel/)
  })
})
