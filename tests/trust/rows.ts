/** The rows that can be tried, in the order of the table. */
import type { Row } from './row.ts'
import { b2 } from './b2-fuzz.ts'
import { c2 } from './c2-processes.ts'
import { d1 } from './d1-sigkill.ts'
import { d11 } from './d11-settings.ts'
import { d2 } from './d2-power-loss.ts'
import { d3 } from './d3-disk-errors.ts'
import { d4 } from './d4-disk-full.ts'
import { d5 } from './d5-folder.ts'
import { d6 } from './d6-corrupt.ts'
import { d7 } from './d7-wrong-store.ts'
import { d8 } from './d8-old-backup.ts'
import { d9 } from './d9-backups.ts'
import { k1, k5 } from './k1-browser-kill.ts'
import { k2, k4 } from './k2-torn-store.ts'
import { l1, l2, l3 } from './l-load.ts'

export const ROWS: readonly Row[] = [c2, d1, d2, d3, d4, d5, d6, d7, d8, d9, d11, k1, k2, k4, k5, l1, l2, l3, b2]
