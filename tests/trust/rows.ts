/** The rows that can be tried, in the order of the table. */
import type { Row } from './row.ts'
import { c2 } from './c2-processes.ts'
import { d1 } from './d1-sigkill.ts'

export const ROWS: readonly Row[] = [c2, d1]
