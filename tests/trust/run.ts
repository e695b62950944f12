/**
 * `npm run trust`: what the product promises, tried on real processes, one line per row with counted figures.
 *
 *   npm run trust -- [D1 D3 | --only D1,D3] [--seed S] [--n N] [--quick | --full] [--write docs/trust.md]
 *   npm run trust -- --list
 *
 * `--quick` is what continuous integration does, `--full` the counts of the table. Every row ends with one line of JSON. The exit code is 1 when
 * something that must never be was found, or a figure was missed. `--write` puts what was reached in the table, row by row; rows that were not tried
 * keep their line.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeMachine } from '../bench/machine.ts'
import { exitCodeOf, jsonOf, lineOf, tryRow, type Outcome, type Size } from './row.ts'
import { ROWS } from './rows.ts'
import { writeTable } from './table.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' }, seed: { type: 'string', default: '1' }, n: { type: 'string' }, quick: { type: 'boolean', default: false }, full: { type: 'boolean', default: false },
    write: { type: 'string' }, list: { type: 'boolean', default: false },
  },
})
if (values.list) {
  for (const { id, name, target } of ROWS) console.log(`${id.padEnd(4)} ${name}: ${target}`)
  process.exit(0)
}
const wanted = [...(values.only?.split(',') ?? []), ...positionals].map((id) => id.toUpperCase())
const unknown = wanted.find((id) => !ROWS.some((row) => row.id === id))
if (unknown !== undefined) {
  console.error(`No row ${unknown}. There are: ${ROWS.map(({ id }) => id).join(', ')}.`)
  process.exit(2)
}
const seed = Number(values.seed)
const n = values.n === undefined ? undefined : Number(values.n)
if (!Number.isSafeInteger(seed) || (n !== undefined && !(Number.isSafeInteger(n) && n > 0))) {
  console.error('--seed and --n are whole numbers.')
  process.exit(2)
}
const size: Size = values.full ? 'full' : values.quick ? 'small' : 'usual'
const machine = describeMachine()
console.log(`${machine.join('\n')}\n`)

const SHOWN_COUNT_MAX = 10
const isTerminal = process.stdout.isTTY
const outcomes: Outcome[] = []
for (const row of ROWS) {
  if (wanted.length > 0 && !wanted.includes(row.id)) continue
  const progress = (text: string): void => void (isTerminal ? process.stdout.write(`\r\u001b[K${row.id} ${text}`) : process.env.TRUST_PROGRESS && console.error(text))
  const outcome = await tryRow(row, { seed, size, ...(n === undefined ? {} : { n }), progress })
  if (isTerminal) process.stdout.write('\r\u001b[K')
  outcomes.push(outcome)
  console.log(lineOf(outcome))
  console.log(`  repeat: npm run trust -- --only ${row.id} --seed ${seed}${n === undefined ? (size === 'full' ? ' --full' : size === 'small' ? ' --quick' : '') : ` --n ${n}`}   (${(outcome.ms / 1000).toFixed(1)} s)`)
  for (const violation of outcome.violations.slice(0, SHOWN_COUNT_MAX)) console.log(`  ✗ ${violation}`)
  if (outcome.violations.length > SHOWN_COUNT_MAX) console.log(`  … and ${outcome.violations.length - SHOWN_COUNT_MAX} more`)
  console.log(jsonOf(outcome, { seed, size, ...(n === undefined ? {} : { n }) }))
  // At once: a later row may run for hours.
  if (values.write) writeTable(values.write, [outcome], machine)
}

mkdirSync('test-output', { recursive: true })
writeFileSync('test-output/trust.json', JSON.stringify({ machine, seed, size, rows: outcomes.map(({ row: { id, name, target }, figures, violations, missed, skipped, ms }) => ({ id, name, target, figures, violations, missed, skipped, ms })) }, null, 2))
process.exitCode = exitCodeOf(outcomes)
