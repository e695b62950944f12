/** A measured figure beside its budget. A budget is a sentence and a check; a missed one is printed as missed, never hidden and never an error. */
export interface Figure {
  row: string
  name: string
  value: number
  unit: string
  /** From design.md section 7, in words. */
  budget?: string
  isMet?: boolean
}

export type Measure = (figure: Figure) => void

const rounded = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2))

export function lineOf({ name, value, unit, budget, isMet }: Figure): string {
  const figure = `${rounded(value)} ${unit}`
  return `${name.padEnd(66)} ${figure.padStart(16)}  ${budget === undefined ? '' : `${isMet ? 'ok    ' : 'MISSED'}  ${budget}`}`.trimEnd()
}

export function markdownOf(machine: readonly string[], figures: readonly Figure[]): string {
  const rows = [...new Set(figures.map((figure) => figure.row))]
  return [
    '# Numbers',
    '',
    'Written by `npm run bench -- --write docs/bench.md`. Absolute times move with the machine and with what else runs on it: read ratios. A missed budget says MISSED.',
    '',
    'Relay, browser, the others who type and the load generator share the cores of one machine, over loopback. Everything is measured from outside on the built product:',
    'its relay as a process of its own, its window in Chromium. A keystroke is timed by the page, from the time stamp of the key to behind the next frame; the same editor',
    'without engine, collaboration or others has its turns in between, in the same browser, and then nobody types. Nothing here is asserted: tests assert, this counts.',
    '',
    '```',
    ...machine,
    '```',
    ...rows.flatMap((row) => [
      '',
      `## ${row}`,
      '',
      '| figure | measured | budget |',
      '|---|---|---|',
      ...figures.filter((figure) => figure.row === row).map(({ name, value, unit, budget, isMet }) => `| ${name} | ${rounded(value)} ${unit} | ${budget === undefined ? '' : `${isMet ? 'ok' : '**MISSED**'}: ${budget}`} |`),
    ]),
    '',
  ].join('\n')
}
