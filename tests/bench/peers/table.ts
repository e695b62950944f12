/** What a row of the comparison says: figures by system, side by side, with the ratio to the best of the others. */
import { quantile } from '../machine.ts'
import { isOurs, type SystemName } from './systems.ts'

export interface Column {
  title: string
  unit: string
  /** Which way is ahead; absent: told, not compared. */
  better?: 'more' | 'less'
  /** How far ahead is asked for. */
  target?: number
}
export interface Table {
  row: string
  title: string
  columns: Column[]
  /** `isTold`: shown and not compared, because it does another thing here (the note says what). */
  lines: { system: SystemName; values: (number | string | null)[]; isTold?: boolean }[]
  notes: string[]
}
export type Tell = (table: Table) => void

export const median = (list: readonly number[]): number => quantile(list.toSorted((a, b) => a - b), 0.5)

const rounded = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.095 ? value.toPrecision(2) : Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
export const shown = (value: number | string | null): string => (value === null ? '–' : typeof value === 'string' ? value : Number.isFinite(value) ? rounded(value) : '–')

/** Ours against the best of the others, the bare broadcast aside (it keeps nothing). Above 1: ahead. */
export function ratiosOf({ columns, lines }: Table): { system: SystemName; column: Column; ratio: number; against: SystemName }[] {
  return columns.flatMap((column, at) => {
    const { better } = column
    if (!better) return []
    const others = lines.filter(({ system, values, isTold }) => !isTold && !isOurs(system) && system !== 'null' && typeof values[at] === 'number' && Number.isFinite(values[at]))
    const best = others.toSorted((a, b) => ((a.values[at] as number) - (b.values[at] as number)) * (better === 'less' ? 1 : -1))[0]
    if (!best) return []
    return lines.flatMap(({ system, values }) => {
      const value = values[at]
      if (!isOurs(system) || typeof value !== 'number' || !Number.isFinite(value)) return []
      const theirs = best.values[at] as number
      const ratio = better === 'less' ? theirs / value : value / theirs
      return Number.isFinite(ratio) ? [{ system, column, ratio, against: best.system }] : []
    })
  })
}

const verdict = (ratio: number, target: number): string => `${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2)}x${ratio >= target ? '' : ' BEHIND'}`

export function textOf(table: Table): string {
  const heads = ['', ...table.columns.map(({ title, unit }) => (unit ? `${title}, ${unit}` : title))]
  const rows = table.lines.map(({ system, values }) => [system, ...values.map(shown)])
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)))
  const line = (cells: readonly string[]): string => cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ')
  const ratios = ratiosOf(table).map(({ system, column, ratio, against }) => `  ${column.title}: ${system} ${verdict(ratio, column.target ?? 1)} against ${against}${column.target ? ` (asked: ${column.target}x)` : ''}`)
  return [`\n${table.title}`, line(heads), ...rows.map(line), ...ratios, ...table.notes.map((note) => `  ${note}`)].join('\n')
}

export function markdownOf(table: Table): string {
  const ratios = ratiosOf(table)
  const cells = (values: readonly string[]): string => `| ${values.join(' | ')} |`
  return [
    `### ${table.title}`,
    '',
    cells(['', ...table.columns.map(({ title, unit }) => (unit ? `${title}, ${unit}` : title))]),
    cells(['---', ...table.columns.map(() => '---:')]),
    ...table.lines.map(({ system, values }) => cells([system, ...values.map(shown)])),
    ...(['samenpad', 'samenpad-yjs'] as const).flatMap((system) => {
      const mine = ratios.filter((one) => one.system === system)
      if (mine.length === 0) return []
      return [
        cells([
          `*${system} : best other*`,
          ...table.columns.map((column) => {
            const one = mine.find((ratio) => ratio.column === column)
            return one ? (one.ratio >= (column.target ?? 1) ? `${one.ratio.toFixed(2)}x` : `**${one.ratio.toFixed(2)}x**`) : ''
          }),
        ]),
      ]
    }),
    '',
    ...table.notes.map((note) => `- ${note}`),
    ...(table.notes.length > 0 ? [''] : []),
  ].join('\n')
}
