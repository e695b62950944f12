/**
 * The table of docs/trust.md: per row what was last reached, when, on what. It is read back before it is written, because the long trials are
 * run by hand on another day than the others; what stands around the table is in preamble and afterword here, so that one command makes the page.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Outcome } from './row.ts'
import { ROWS } from './rows.ts'
import { AFTERWORD, PREAMBLE } from './words.ts'

const HEAD = ['| row | promise | target | reached | date | commit | machine |', '|---|---|---|---|---|---|---|']
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

export function writeTable(path: string, outcomes: readonly Outcome[], machine: readonly string[]): void {
  const before = new Map<string, string>()
  for (const line of existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []) {
    const id = /^\| (\w+) /.exec(line)?.[1]
    if (id !== undefined && ROWS.some((row) => row.id === id)) before.set(id, line)
  }
  const date = /date\s+([\d-]+)/.exec(machine[0] ?? '')?.[1] ?? ''
  const commit = /commit (\w+)/.exec(machine[0] ?? '')?.[1] ?? ''
  const load = /^load\s+([\d.]+)/.exec(machine.find((line) => line.startsWith('load')) ?? '')?.[1]
  const on = `${(machine[1] ?? '').replace(/^machine\s+/, '')}${load === undefined ? '' : `; load ${load} when it began`}`
  for (const { row, figures, violations, missed, skipped } of outcomes) {
    const reached = skipped !== null ? `not tried: ${skipped}` : [...figures, ...(violations.length > 0 ? [`**${violations.length} violations**`] : ['0 violations']), ...missed.map((text) => `**MISSED: ${text}**`)].join(', ')
    before.set(row.id, `| ${row.id} ${cell(row.name)} | ${cell(row.promise)} | ${cell(row.target)} | ${cell(reached)} | ${date} | ${commit} | ${cell(on)} |`)
  }
  const lines = ROWS.flatMap(({ id }) => before.get(id) ?? [])
  writeFileSync(path, [PREAMBLE, '', ...HEAD, ...lines, '', AFTERWORD, ''].join('\n'))
}
