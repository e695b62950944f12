import { describe, expect, test } from 'vitest'
import { purityFaults } from './purity.ts'
import { readSources, tree } from './sources.ts'

test('shared, the engine and the relay are handed their clock, dice and doors', () => {
  expect(purityFaults(readSources())).toEqual([])
})

describe('the check refuses', () => {
  const refused: [why: string, files: Record<string, string>][] = [
    ['the clock in shared', { 'shared/base/x.ts': 'export const now = Date.now()' }],
    ['the clock without a name', { 'shared/base/x.ts': 'export const now = () => new Date().getTime()' }],
    ['the clock as a function handed on', { 'shared/base/x.ts': 'export const clock = { now: Date }' }],
    ['dice in shared', { 'shared/model/x.ts': 'const pick = (n: number) => Math.floor(Math.random() * n)' }],
    ['crypto in shared', { 'shared/base/ids.ts': 'const id = crypto.getRandomValues(new Uint8Array(16))' }],
    ['crypto through globalThis', { 'shared/base/ids.ts': 'const id = globalThis.crypto' }],
    ['the DOM in shared', { 'shared/derive/x.ts': "const e = document.createElement('p')" }],
    ['Node in shared', { 'shared/derive/x.ts': 'const a = Buffer.from([1])' }],
    ['a timer in shared', { 'shared/base/x.ts': 'setTimeout(() => undefined, 1)' }],
    ['the DOM in the engine', { 'client/engine/x.ts': "const name = localStorage.getItem('name')" }],
    ['the clock in the engine', { 'client/engine/x.ts': 'const now = Date.now()' }],
    ['a timer in the relay', { 'server/relay/x.ts': 'const timer = setInterval(flush, 5); function flush() {}' }],
  ]
  test.each(refused)('%s', (_why, files) => {
    const faults = purityFaults(tree(files))
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(/^\S+:\d+ uses \S+: .+\.$/)
  })

  test('nothing about a given moment, a name of its own, a type, an edge or a test', () => {
    expect(
      purityFaults(
        tree({
          'shared/base/a.ts': 'export const year = (ms: number) => new Date(ms).getUTCFullYear(); Date.UTC(2027, 0); const half = Math.floor(1 / 2)',
          'shared/base/b.ts': 'export function render(document: { text: string }) { return document.text }',
          'shared/base/c.ts': 'export interface Clock { performance: Performance; crypto: typeof crypto }; export const codes = { location: 1 }',
          'client/engine/engine.worker.ts': 'const clock = { now: () => Date.now() }',
          'server/http/x.ts': 'const started = Date.now()',
          'shared/base/x.test.ts': 'const started = Date.now()',
        }),
      ),
    ).toEqual([])
  })
})
