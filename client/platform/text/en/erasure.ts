/** Erasing for good: what goes, what stays, and that it cannot be undone. Same keys as the Dutch ones, by type. */
import type { erasure as dutch } from '../nl/erasure.ts'
import type { Texts } from '../texts.ts'

export const erasure: Texts<typeof dutch> = {
  open: 'Erase for good…',
  also: 'erase destroy delete privacy gdpr personal data',
  title: 'Erase for good',
  what: 'What has to go?',
  history: 'What was deleted from the text',
  historyHint: 'The text stays as it is. What somebody typed and deleted disappears from the timeline as well. Fields and adopted texts keep their history.',
  whole: 'The whole document',
  wholeHint: 'Text, fields, decisions and history disappear for everybody.',
  reach: 'This cannot be undone. Laptops let go of it as soon as they are connected again. Copies and backups made before still hold it.',
  reason: 'Why?',
  reasonHint: 'Everybody who had the document sees this reason. Do not name clients.',
  reasonNeeded: 'Write down why this has to go.',
  typeTitle: (wanted: string) => `Type to confirm: ${wanted}`,
  titleNeeded: (wanted: string) => `Type exactly: ${wanted}`,
  erase: 'Erase for good',
  doneWhole: (title: string) => `${title} was erased for good.`,
  doneHistory: (title: string) => `What had been deleted from ${title} was erased for good.`,
  gone: (title: string, date: string, reason: string) => `${title} was erased for good on ${date}. Reason: ${reason}. What you had not sent yet is under ‘refused’.`,
}
