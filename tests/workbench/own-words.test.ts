// What was refused is read on the page by whoever wrote it: the words, the fields by their names, the formal step; no ids, codes or moments.
import { beforeAll, beforeEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { createFactsDocument, factsReady } from '../../client/engine/facts.ts'
import { unsentText, type Unsent } from '../../client/engine/unsent-text.ts'
import { ownWords } from '../../client/features/parked/own-words.ts'
import { setLanguage } from '../../client/platform/text/text.svelte.ts'
import { newId } from '../../shared/base/ids.ts'
import { namedDice } from '../../shared/base/random.ts'
import { actToBytes, type Act } from '../../shared/model/acts.ts'
import { assignmentsOf, type FactEdit } from '../../shared/model/facts.ts'
import '../engine/support/world.ts'

const dice = namedDice(5, 'own words')
const item = newId(dice)
const NOW = Date.UTC(2026, 10, 21, 9)

beforeAll(() => factsReady())
beforeEach(() => setLanguage('nl'))

const unsent = (part: Unsent['part'], payload: Uint8Array): Unsent => ({ part, payload, item, space: newId(dice), entry: newId(dice), format: 1, schema: 1, clientTime: NOW, writer: '1', code: 'forbidden' }) as unknown as Unsent
const file = (...entries: Unsent[]): string => unsentText(entries, () => '', NOW).text

function prose(...paragraphs: string[]): Uint8Array {
  const doc = new Y.Doc()
  for (const words of paragraphs) {
    const paragraph = new Y.XmlElement('paragraph')
    doc.getXmlFragment('prose').push([paragraph])
    paragraph.push([new Y.XmlText(words)])
  }
  return Y.encodeStateAsUpdate(doc)
}
const facts = (...edits: FactEdit[]): Uint8Array => createFactsDocument(newId(dice)).change(edits.flatMap(assignmentsOf), NOW, newId(dice))!
const act = (one: Act): Uint8Array => actToBytes(one)

test('the text as it was typed, a paragraph each', () => {
  expect(ownWords(file(unsent('prose', prose('Eerst dit.', 'Dan [dit] = dat.'))), 'agreement')).toEqual(['Eerst dit.', 'Dan [dit] = dat.'])
})

test('fields by their names, and codes by their words when the kind of document is known', () => {
  const changed = file(unsent('facts', facts({ op: 'set', path: 'owner', value: 'iemand = anders' }, { op: 'set', path: 'domain', value: 'living' }, { op: 'set', path: 'reviewBy', value: '2027-03-01' })))
  const words = ownWords(changed, 'agreement')
  expect(words).toContain('Eigenaar: iemand = anders')
  expect(words.join(' ')).toContain('1 maart 2027')
  expect(ownWords(changed, '')).toContain('Eigenaar: iemand = anders')
})

test('a formal step in words', () => {
  expect(ownWords(file(unsent('act', act({ kind: 'revise', reason: 'nieuwe richtlijn' }))), 'agreement')).toEqual(['In herziening genomen'])
})

test('nothing of the file that is for others, in whatever order the parts came', () => {
  const text = ownWords(file(unsent('prose', prose('Woorden.')), unsent('facts', facts({ op: 'set', path: 'owner', value: 'GGD' })), unsent('prose', prose('Meer.'))), 'agreement').join('\n')
  expect(text).toBe('Woorden.\nEigenaar: GGD\nMeer.')
})
