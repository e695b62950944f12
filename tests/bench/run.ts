/**
 * `npm run bench`: every figure of the budgets on this machine, with machine and versions beside it. `--only NAME` one group, `--write FILE` as
 * Markdown as well; `--peers` the relay beside the servers of others instead (peers/run.ts). A missed budget is said, not an error: these are measurements, the tests assert. A group that breaks is one, and then nothing is written.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { lineOf, markdownOf, type Figure, type Measure } from './figures.ts'
import { describeMachine } from './machine.ts'
import { runPeers } from './peers/run.ts'
import { sectionIn } from './peers/section.ts'
import { benchHistory } from './history.bench.ts'
import { benchStart, benchWeight } from './start.bench.ts'
import { benchTyping } from './typing.bench.ts'
import { benchAcknowledgement, benchCatchUp, benchFanOut, benchIdle, benchThroughput } from './relay.bench.ts'

const GROUPS: Record<string, (measure: Measure) => Promise<void>> = {
  ack: benchAcknowledgement,
  throughput: benchThroughput,
  'catch-up': benchCatchUp,
  'fan-out': benchFanOut,
  history: benchHistory,
  idle: benchIdle,
  typing: benchTyping,
  start: benchStart,
  weight: benchWeight,
}

const { values } = parseArgs({ options: { only: { type: 'string' }, write: { type: 'string' }, peers: { type: 'boolean' }, quick: { type: 'boolean' } } })
// Plain JavaScript without types: it also runs on whatever Node starts `npm start`.
const { ensureBuilt } = (await import(new URL('../../server/setup.mjs', import.meta.url).href)) as { ensureBuilt(): Promise<boolean> }
if (values.peers) {
  // Nothing of the client is measured here: an old build will do.
  if (!existsSync(new URL('../../dist/index.html', import.meta.url))) await ensureBuilt()
  process.exit(await runPeers({ only: values.only, write: values.write, isQuick: values.quick ?? false }))
}
const names = values.only ? values.only.split(',') : Object.keys(GROUPS)
const unknown = names.find((name) => !(name in GROUPS))
if (unknown) {
  console.error(`No group ${unknown}. There are: ${Object.keys(GROUPS).join(', ')}.`)
  process.exit(2)
}

await ensureBuilt()
const machine = describeMachine()
console.log(machine.join('\n'))
const figures: Figure[] = []
let row = ''
const measure: Measure = (figure) => {
  if (figure.row !== row) console.log(`\n${(row = figure.row)}`)
  console.log(`  ${lineOf(figure)}`)
  figures.push(figure)
}
const failed: string[] = []
const began = performance.now()
for (const name of names) {
  try {
    await GROUPS[name]?.(measure)
  } catch (error) {
    // The other groups still have something to say.
    console.error(`\n${name} did not finish:`, error)
    failed.push(name)
  }
}
console.log(`\n${((performance.now() - began) / 60_000).toFixed(1)} minutes.`)

const missed = figures.filter((figure) => figure.isMet === false)
console.log(missed.length === 0 ? '\nAll budgets met.' : `\nMissed budgets: ${missed.map((figure) => figure.name).join('; ')}`)
mkdirSync('test-output', { recursive: true })
writeFileSync('test-output/bench.json', JSON.stringify({ machine, figures }, null, 2))
if (values.write && failed.length === 0) {
  // The comparison with others stands in the same file and is measured apart.
  const besides = existsSync(values.write) ? sectionIn(readFileSync(values.write, 'utf8')) : null
  writeFileSync(values.write, [markdownOf(machine, figures), ...(besides === null ? [] : [`${besides}\n`])].join('\n'))
}
if (failed.length > 0) {
  console.error(`Did not finish: ${failed.join(', ')}.${values.write ? ` ${values.write} stays as it was.` : ''}`)
  process.exit(1)
}
