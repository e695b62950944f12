/** Sealed text against working version: every difference is named once, equal content gives none, and the runs hold both texts whole. */
import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { canonicalOf } from '../../shared/derive/canonical.ts'
import type { Registers } from '../../shared/model/facts.ts'
import type { ProseNode } from '../../shared/derive/prose-json.ts'
import { differencesOf, readContent } from '../../client/items/differences.ts'

const ROW = 'a'.repeat(32)
const OTHER = 'b'.repeat(32)
const prose = (...texts: string[]): ProseNode => ({ type: 'doc', content: texts.map((text) => ({ type: 'paragraph', content: [{ type: 'text', text }] })) })
const content = (registers: Registers, text: ProseNode = prose()) => readContent(canonicalOf({ facts: { registers: { type: 'agreement', ...registers }, conflicts: {} }, prose: text }))

describe('differences between sealed and working text', () => {
  it('equal content has none', () => {
    const one = content({ title: 'Roken', [`steps/${ROW}/order`]: 'V', [`steps/${ROW}/action`]: 'Vraag ernaar' }, prose('Waarom', 'Daarom.'))
    expect(differencesOf(one, one)).toEqual([])
  })

  it('names a changed fact, a new row, a removed row and a changed field of a row', () => {
    const before = content({ owner: 'Gemeente', [`steps/${ROW}/order`]: 'V', [`steps/${ROW}/term`]: 3, [`steps/${OTHER}/order`]: 'W', [`steps/${OTHER}/action`]: 'Bel' })
    const after = content({ owner: 'GGD', [`steps/${ROW}/order`]: 'V', [`steps/${ROW}/term`]: 5, [`parties/${OTHER}/order`]: 'V', [`parties/${OTHER}/name`]: 'JGZ' })
    expect(differencesOf(before, after).map(({ path, kind, number }) => [path, kind, number])).toEqual([
      ['owner', 'changed', 0],
      [`steps/${ROW}/term`, 'changed', 1],
      [`steps/${OTHER}`, 'removed', 2],
      [`parties/${OTHER}`, 'added', 1],
    ])
  })

  it('pairs a rewritten paragraph with its earlier self and shows the words', () => {
    const found = differencesOf(content({}, prose('Een', 'Daarna is het aan de ouder.', 'Drie')), content({}, prose('Een', 'De verwijzer blijft betrokken.', 'Drie')))
    expect(found).toHaveLength(1)
    expect(found[0]?.kind).toBe('changed')
  })

  it('the runs of a difference hold both texts whole, whatever they are', () => {
    const texts = fc.array(fc.string({ minLength: 1, maxLength: 40 }).map((text) => text.trim()).filter((text) => text !== ''), { maxLength: 6 })
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        for (const one of differencesOf(content({}, prose(...before)), content({}, prose(...after)))) {
          const side = (kind: 'removed' | 'added') => one.runs.filter((run) => run.kind === 'same' || run.kind === kind).map((run) => run.text).join('')
          expect(side('removed')).toBe(one.before ?? '')
          expect(side('added')).toBe(one.after ?? '')
        }
      }),
    )
  })
})
