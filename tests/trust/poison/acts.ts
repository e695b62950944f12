/** Formal steps that are none, or that nobody may take now. */
import { utf8 } from '../../../shared/base/bytes.ts'
import { pick, randomBytes } from '../../../shared/base/random.ts'
import { sealOf } from '../../../shared/model/acts.ts'
import { poisonsOf, type Poison } from './poison.ts'

const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value))
const nested = (open: string, close: string, depth: number): Uint8Array => utf8(open.repeat(depth) + close.repeat(depth))

export const ACT_POISONS: readonly Poison[] = poisonsOf('act', {
  'no JSON': (dice) => utf8(pick(dice, ['', '{', 'null', 'undefined', '1e999', '"propose"', '[]', '\ufeff{}', '{"kind":"consult"}}'])),
  'no UTF-8': (dice) => randomBytes(dice, 200),
  'lists in lists': (dice) => nested('[', ']', pick(dice, [1_000, 100_000, 500_000])),
  'objects in objects': (dice) => nested('{"a":', '}', pick(dice, [1_000, 100_000])),
  'a step nobody knows': (dice) => json({ kind: pick(dice, ['__proto__', 'constructor', 'toString', 'erase', '', 1, null, ['sign']]) }),
  'a step without its fields': (dice) => json({ kind: pick(dice, ['consult', 'propose', 'sign', 'adopt', 'revise', 'publish']) }),
  'fields of another kind': (dice) => json({ kind: 'propose', seal: {}, content: pick<unknown>(dice, [1, null, [], {}]), parties: 'iedereen' }),
  'a seal of other words': () => json({ kind: 'propose', seal: sealOf('iets anders'), content: '{}', parties: ['a'] }),
  'very many parties': () => json({ kind: 'propose', seal: sealOf('x'), content: 'y', parties: Array.from({ length: 100_000 }, (_, i) => `p${i}`) }),
  'signs what is not on the table': () => json({ kind: 'sign', seal: sealOf('x'), party: 'a', verdict: 'agreed', note: '' }),
  'adopts what is not on the table': () => json({ kind: 'adopt', seal: sealOf('x'), mandate: 'omdat het kan' }),
  'publishes what was never adopted': () => json({ kind: 'publish', seal: sealOf('x'), openness: 'public', reason: '' }),
})
