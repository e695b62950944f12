/** Makes a failing plan small: leaves out ever smaller runs of its lines as long as it still breaks the same rule (delta debugging). */
import type { Rule } from './checker.ts'
import type { Plan } from './plan.ts'

/**
 * In:  a plan that fails; `failing` runs a plan and says which rules it breaks; at most `runsMax` runs are spent.
 * Out: the smallest plan found that still breaks one of the rules of the first run.
 */
export async function minimise(plan: Plan, rules: readonly Rule[], failing: (plan: Plan) => Promise<readonly Rule[]>, runsMax: number): Promise<Plan> {
  let best = plan
  let runs = 0
  for (let size = Math.ceil(best.ops.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = best.ops.length - size; from > -size && runs < runsMax; from -= size) {
      const start = Math.max(0, from)
      const left = best.ops.slice(start, from + size)
      if (left.length === 0) continue
      // Time goes on as it did: the next line waits for what the lines left out would have waited.
      const waitedMs = left.reduce((sum, op) => sum + op.after, 0)
      const rest = best.ops.slice(from + size)
      const next = rest[0]
      const ops = [...best.ops.slice(0, start), ...(next ? [{ ...next, after: next.after + waitedMs }, ...rest.slice(1)] : [])]
      const candidate: Plan = { ...best, ops }
      runs++
      if ((await failing(candidate)).some((rule) => rules.includes(rule))) best = candidate
    }
  }
  return best
}
