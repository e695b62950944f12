/**
 * What a row of the trust table is: a promise, a target, and a trial that counts. A violation is something that must never be (lost, doubled,
 * altered); a missed figure is a time or a size beyond its target on this machine. Both are said in words and neither is hidden: the
 * command ends in an error for either, the test suite asks for violations only, because its machine is nobody's in particular.
 */
export type Size = 'small' | 'usual' | 'full'

export interface Row {
  id: string
  name: string
  promise: string
  target: string
  run(trial: Trial): Promise<void>
}

export interface Trial {
  readonly seed: number
  readonly size: Size
  /** How often: as asked on the command line, or by the size of the run. */
  count(small: number, usual: number, full: number): number
  /** A part of the sentence that the row prints: `100 kills`. */
  figure(text: string): void
  violation(text: string): void
  missed(text: string): void
  /** For whoever waits: how far it is. Not part of the result. */
  progress(text: string): void
  /** The row cannot be tried here; the reason is printed and stands in the table. */
  skip(reason: string): void
}

export interface Outcome {
  row: Row
  figures: string[]
  violations: string[]
  missed: string[]
  skipped: string | null
  ms: number
}

export interface TrialOptions {
  seed: number
  size: Size
  /** Overrides the count of the size. */
  n?: number
  progress?(text: string): void
}

export async function tryRow(row: Row, { seed, size, n, progress }: TrialOptions): Promise<Outcome> {
  const outcome: Outcome = { row, figures: [], violations: [], missed: [], skipped: null, ms: 0 }
  const began = performance.now()
  let reached = 'the beginning'
  try {
    await row.run({
      seed,
      size,
      count: (small, usual, full) => n ?? { small, usual, full }[size],
      figure: (text) => void outcome.figures.push(text),
      violation: (text) => void outcome.violations.push(text),
      missed: (text) => void outcome.missed.push(text),
      progress(text) {
        reached = text
        progress?.(text)
      },
      skip: (reason) => (outcome.skipped = reason),
    })
  } catch (error) {
    // What was not tried to its end proves nothing, and the other rows can still be tried.
    outcome.violations.push(`broke off after ${reached}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
  outcome.ms = performance.now() - began
  return outcome
}

/** `D1 SIGKILL under load: 100 kills, 0 lost, 0 doubled (target …)` */
export function lineOf({ row, figures, violations, missed, skipped }: Outcome): string {
  const said = skipped === null ? figures.join(', ') : `not tried: ${skipped}`
  const verdict = violations.length > 0 ? `  VIOLATED ${violations.length}×` : missed.length > 0 ? `  MISSED: ${missed.join('; ')}` : ''
  return `${row.id} ${row.name}: ${said} (target ${row.target})${verdict}`
}

/** The same as one line for programs. What was not tried is neither. */
export const jsonOf = ({ row: { id }, figures, violations, missed, skipped, ms }: Outcome, { seed, size, n }: TrialOptions): string =>
  JSON.stringify({ row: id, seed, size, n: n ?? null, ok: skipped !== null && violations.length === 0 ? null : violations.length + missed.length === 0, violations: violations.length, missed, figures, skipped, ms: Math.round(ms) })

/** A miss counts as well. What could not be tried here is no failure; it says so. */
export const exitCodeOf = (outcomes: readonly Outcome[]): 0 | 1 => (outcomes.some(({ violations, missed }) => violations.length + missed.length > 0) ? 1 : 0)

const thousands = new Intl.NumberFormat('en')
export const count = (value: number, one: string, many = `${one}s`): string => `${thousands.format(value)} ${value === 1 ? one : many}`
