/** Every rule of SPEC.md has a test with its number in the title, and every such number is a rule. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SPEC_FILE } from './spec-parts.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const rules = new Map([...readFileSync(SPEC_FILE, 'utf8').matchAll(/^- \*\*([A-Z]{3}\d+)\*\* (.+)$/gm)].map(([, rule, text]) => [rule!, text!]))
const families = new Set([...rules.keys()].map((rule) => rule.replace(/\d+/, '')))

/** Numbers in titles, by rule. */
function testedRules(): Map<string, string[]> {
  const tested = new Map<string, string[]>()
  const note = (rule: string, file: string): void => void tested.set(rule, [...(tested.get(rule) ?? []), file])
  for (const folder of ['shared', 'server', 'client', 'tests']) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!/\.(test|contract)\.ts$/.test(name)) continue
      const text = readFileSync(join(root, folder, name), 'utf8')
      for (const [, title] of text.matchAll(/\b(?:it|test)(?:\.\w+)?\(\s*['"`](.*?)['"`],/g)) {
        for (const [, rule] of title!.matchAll(/\[([A-Z]{3}\d+)\]/g)) note(rule!, join(folder, name))
      }
    }
  }
  // The simulator checks the invariants in every schedule; its list of them is its claim.
  const checker = readFileSync(join(root, 'tests/simulation/checker.ts'), 'utf8')
  for (const [, number] of checker.matchAll(/^ {2}(\d+): '/gm)) note(`INV${number}`, 'tests/simulation/checker.ts')
  return tested
}

it('every rule has a test', () => {
  const tested = testedRules()
  expect([...rules.keys()].filter((rule) => !tested.has(rule))).toEqual([])
})

it('every number in a title is a rule', () => {
  const unknown = [...testedRules()].filter(([rule]) => families.has(rule.replace(/\d+/, '')) && !rules.has(rule))
  expect(unknown).toEqual([])
})

it('the rules are read at all', () => {
  expect(rules.size).toBeGreaterThan(60)
})
