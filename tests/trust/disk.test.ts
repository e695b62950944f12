/** The short form of the rows about the disk of the relay: kills, power cuts, backups, compaction. The others are in trust.test.ts. */
import { shortForms } from './short-form.ts'

shortForms(
  ['D1', 100, '[INV1] killed under load: what was acknowledged or handed on is there, once'],
  ['D8', 2, '[EPO2] after an old backup, put back once, twice or not at all, the laptops bring the rest'],
  ['D9', 2, 'a backup made while people type is a consistent beginning of the log'],
  ['D2', 2_000, '[INV1] after a power cut every acknowledged entry is there'],
  ['D10', 4, '[INV6] killed while snapshots are built or a log is brought forward: nothing is lost, and every catch-up is right'],
)
