/** The short form of the rows about the disk of the relay: kills, power cuts, backups, compaction. The others are in trust.test.ts. */
import { shortForms } from './short-form.ts'

shortForms(
  ['D1', '[INV1] killed under load: what was acknowledged or handed on is there, once'],
  ['D3', '[INV1] after a write or a sync that failed nothing is acknowledged that is not there'],
  ['D4', 'a full disk is refused with a reason, and with room again everything goes on'],
  ['D5', 'a folder that cannot be used is said in one sentence, and nothing is begun anew over it'],
  ['D6', 'altered bytes are found before they are served'],
  ['D7', 'the store of another installation is refused, and a second relay on a store is fenced'],
  ['D11', 'a relay whose settings of durability did not stick does not run'],
  ['D8', '[EPO2] after an old backup, put back once, twice or not at all, the laptops bring the rest'],
  ['D9', 'a backup made while people type is a consistent beginning of the log'],
  ['D2', '[INV1] after a power cut every acknowledged entry is there'],
  ['D10', '[INV6] killed while snapshots are built or a log is brought forward: nothing is lost, and every catch-up is right'],
)
