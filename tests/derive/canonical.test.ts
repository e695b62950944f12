import { expect, test } from 'vitest'
import { canonicalJson, canonicalOf } from '../../shared/derive/canonical.ts'
import type { ProseNode } from '../../shared/derive/prose-json.ts'
import type { FactsState, Registers } from '../../shared/model/facts.ts'
import { sealOf } from '../../shared/model/acts.ts'

const [x, y] = ['a'.repeat(32), 'b'.repeat(32)]
const prose: ProseNode = { type: 'doc', content: [{ type: 'paragraph', content: [{ type: 'text', text: 'tekst' }] }] }
const facts = (registers: Registers, conflicts: FactsState['conflicts'] = {}): FactsState => ({ registers, conflicts })
const base: Registers = {
  type: 'agreement', title: 'Roken', parent: x, order: 'V', sample: false, owner: '', theme: null,
  [`steps/${x}/order`]: 'V', [`steps/${x}/action`]: 'vragen', [`steps/${y}/order`]: 'k', [`steps/${y}/action`]: 'verwijzen', [`steps/${y}/gone`]: false,
}
const of = (registers: Registers, conflicts: FactsState['conflicts'] = {}): string => canonicalOf({ facts: facts(registers, conflicts), prose })

test('the content is one text with its keys in order, and says what a reader sees', () => {
  expect(of(base)).toBe(
    `{"facts":{"title":"Roken"},"format":"samenpad-content-1","lists":{"steps":[{"action":"vragen","id":"${x}"},{"action":"verwijzen","id":"${y}"}]},` +
      '"prose":{"content":[{"content":[{"text":"tekst","type":"text"}],"type":"paragraph"}],"type":"doc"},"type":"agreement"}',
  )
  expect(sealOf(of(base))).toMatch(/^[0-9a-f]{64}$/)
})

test('what moves without the content changing does not change it', () => {
  const same: Registers[] = [
    { ...base, parent: y, order: 'a', gone: true },
    { ...base, [`steps/${x}/order`]: 'A', [`steps/${y}/order`]: 'B' }, // other keys, same order
    { ...base, owner: null, sample: null },
    { ...base, [`sources/${x}/text`]: 'weg', [`sources/${x}/gone`]: true }, // added and removed again
    Object.fromEntries(Object.entries(base).reverse()),
  ]
  for (const registers of same) expect(of(registers)).toBe(of(base))
})

test('what a reader would see differently changes it', () => {
  const other: Registers[] = [
    { ...base, title: 'Meeroken' },
    { ...base, sample: true },
    { ...base, [`steps/${x}/order`]: 'z' }, // the steps change places
    { ...base, [`steps/${y}/gone`]: true },
    { ...base, [`steps/${y}/term`]: 0 },
    { ...base, type: 'template' },
  ]
  const all = other.map((registers) => of(registers))
  expect(new Set([...all, of(base), canonicalOf({ facts: facts(base), prose: { type: 'doc', content: [] } })]).size).toBe(other.length + 2)
})

test('an open question is sealed with both its answers, in whichever order they came', () => {
  const answer = (value: string) => ({ value, key: value, author: null, time: null })
  const one = of(base, { title: [answer('Roken'), answer('Meeroken')], [`steps/${x}/action`]: [answer('b'), answer('a')] })
  const two = of(base, { [`steps/${x}/action`]: [answer('a'), answer('b')], title: [answer('Meeroken'), answer('Roken')] })
  expect(one).toBe(two)
  expect(one).toContain('"conflicts":{')
  expect(of(base, { order: [answer('a'), answer('b')], [`steps/${x}/order`]: [answer('a'), answer('b')] })).toBe(of(base))
})

test('canonical JSON is JSON', () => {
  const value = { b: [1, null, 'é"\n'], a: { z: true, y: 0.5 } }
  expect(JSON.parse(canonicalJson(value))).toEqual(value)
  expect(canonicalJson(value)).toBe('{"a":{"y":0.5,"z":true},"b":[1,null,"é\\"\\n"]}')
})
