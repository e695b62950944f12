// Writes one JSON file with the counts of a vitest run for tests/run.mjs. Vitest's own JSON leaves out why a test was
// skipped, and counts a file that does not load as no test at all; both must be visible on the last line.
import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

export interface Counts {
  passed: number
  failed: string[]
  skipped: { title: string; reason: string | null }[]
  /** Passed at a second try: not wrong enough to fail, and worth a look. */
  repeated: string[]
}

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly { message?: string }[]): void {
    const counts: Counts = { passed: 0, failed: [], skipped: [], repeated: [] }
    for (const module of modules) {
      const failedBefore = counts.failed.length
      for (const test of module.children.allTests()) {
        const result = test.result()
        const title = `${module.relativeModuleId} › ${test.fullName}`
        if (test.diagnostic()?.flaky) counts.repeated.push(title)
        if (result.state === 'passed') counts.passed += 1
        else if (result.state === 'skipped') counts.skipped.push({ title, reason: result.note ?? null })
        else counts.failed.push(title)
      }
      if (!module.ok() && counts.failed.length === failedBefore) {
        counts.failed.push(`${module.relativeModuleId} › the file itself: ${module.errors()[0]?.message ?? 'a hook failed'}`)
      }
    }
    for (const error of unhandledErrors) counts.failed.push(`outside any test: ${error.message ?? 'unknown error'}`)
    const file = process.env['SAMENPAD_COUNTS']
    if (!file) throw new Error('SAMENPAD_COUNTS names the file to write')
    writeFileSync(file, JSON.stringify(counts))
  }
}
