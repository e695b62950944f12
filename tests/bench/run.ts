/**
 * `npm run bench`: every figure of the budgets on this machine, with machine and versions beside it. `--only NAME` one group, `--write FILE` as
 * Markdown as well. A missed budget is said, not an error: these are measurements, the tests assert.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { lineOf, markdownOf, type Figure, type Measure } from './figures.ts'
import { describeMachine } from './machine.ts'
import { benchStart, benchWeight } from './start.bench.ts'
import { benchTyping } from './typing.bench.ts'
import { benchAcknowledgement, benchCatchUp, benchFanOut, benchIdle, benchThroughput } from './relay.bench.ts'

const GROUPS: Record<string, (measure: Measure) => Promise<void>> = {
  ack: benchAcknowledgement,
  throughput: benchThroughput,
  'catch-up': benchCatchUp,
  'fan-out': benchFanOut,
  idle: benchIdle,
  typing: benchTyping,
  start: benchStart,
  weight: benchWeight,
}

const { values } = parseArgs({ options: { only: { type: 'string' }, write: { type: 'string' } } })
const names = values.only ? values.only.split(',') : Object.keys(GROUPS)
const unknown = names.find((name) => !(name in GROUPS))
if (unknown) {
  console.error(`No group ${unknown}. There are: ${Object.keys(GROUPS).join(', ')}.`)
  process.exit(2)
}

const machine = describeMachine()
console.log(machine.join('\n'))
const figures: Figure[] = []
let row = ''
const measure: Measure = (figure) => {
  if (figure.row !== row) console.log(`\n${(row = figure.row)}`)
  console.log(`  ${lineOf(figure)}`)
  figures.push(figure)
}
for (const name of names) await GROUPS[name]?.(measure)

const missed = figures.filter((figure) => figure.isMet === false)
console.log(missed.length === 0 ? '\nAll budgets met.' : `\nMissed budgets: ${missed.map((figure) => figure.name).join('; ')}`)
mkdirSync('test-output', { recursive: true })
writeFileSync('test-output/bench.json', JSON.stringify({ machine, figures }, null, 2))
if (values.write) writeFileSync(values.write, markdownOf(machine, figures))
