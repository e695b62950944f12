/** The timeline: who changed what and when, in plain sentences. Same keys as the Dutch ones, by type. */
import type { timeline as dutch } from '../nl/timeline.ts'
import type { Texts } from '../texts.ts'

const capital = (text: string): string => text.charAt(0).toLocaleUpperCase('en') + text.slice(1)
const small = (text: string): string => text.charAt(0).toLocaleLowerCase('en') + text.slice(1)
const words = (count: number): string => (count === 1 ? '1 word' : `${count} words`)

export const timeline: Texts<typeof dutch> = {
  view: 'Timeline',
  category: 'Timeline',
  show: 'Timeline of this document',
  list: 'Who changed what',
  count: (shown, all) => (shown < all ? `the latest ${shown} of ${all}` : `${all}`),
  more: 'Show more',
  hereOnly: 'only on this laptop',
  offline: 'You are offline. This is what is on this laptop. What others did meanwhile shows as soon as you are connected again.',
  olderElsewhere: 'What is older is at the relay only. It shows as soon as you are connected.',
  arriving: 'This document is still coming in. The timeline is not complete yet.',
  none: { title: 'Nothing to see yet', text: 'As soon as somebody writes or fills in something, it is here.' },
  failed: 'The timeline cannot be read now. Nothing is lost.',
  you: (who) => `${who} (you)`,
  from: (who, when) => `by ${who}, ${when}`,
  when: (day, from, to) => (from === to ? `${day} ${from}` : `${day} ${from}–${to}`),
  inRow: (row, field) => `${capital(row)}, ${small(field)}`,
  goneRow: (row) => `${row} (removed)`,
  rows: {
    parties: 'party', areas: 'area', steps: 'step', contacts: 'contact', indicators: 'indicator', sources: 'source', attendance: 'attendee', agenda: 'agenda item', decisions: 'decision',
    actions: 'action', milestones: 'milestone', other: 'row',
  },
  made: (title) => (title === '' ? 'Made this document' : `Made this document: ‘${title}’`),
  filled: (field, value) => `${field}: filled in ‘${value}’`,
  changed: (field, before, after) => `${field}: first ‘${before}’, now ‘${after}’`,
  now: (field, value) => `${field}: now ‘${value}’`,
  cleared: (field, before) => `${field}: removed ‘${before}’`,
  apart: (field, value) => `${field}: filled in ‘${value}’, without seeing the other answer`,
  besides: (value) => `There was also ‘${value}’`,
  chosen: (field, value) => `${field}: chose ‘${value}’`,
  unchosen: (value) => `Not chosen: ‘${value}’`,
  row: {
    added: (row, label) => (label === '' ? `${capital(row)} added` : `${capital(row)} added: ‘${label}’`),
    removed: (row, label) => (label === '' ? `${capital(row)} removed` : `${capital(row)} removed: ‘${label}’`),
    restored: (row, label) => (label === '' ? `${capital(row)} put back` : `${capital(row)} put back: ‘${label}’`),
    moved: (row) => `${capital(row)} moved`,
  },
  moved: 'Moved the document in the list',
  moreSteps: (count) => (count === 1 ? '1 more change' : `${count} more changes`),
  wrote: (blocks) => (blocks === 0 ? 'Wrote in the text' : blocks === 1 ? 'Wrote in the text, 1 paragraph' : `Wrote in the text, ${blocks} paragraphs`),
  took: (blocks) => (blocks < 2 ? 'Removed text' : `Removed text, ${blocks} paragraphs`),
  laidOut: (blocks) => (blocks < 2 ? 'Changed the formatting of the text' : `Changed the formatting of the text, ${blocks} paragraphs`),
  about: (added, removed) => (removed === 0 ? `about ${words(added)} more` : added === 0 ? `about ${words(removed)} less` : `about ${words(added)} more, ${words(removed)} less`),
  unreadable: (count) => (count === 1 ? 'A change that this version of Samenpad cannot read' : `${count} changes that this version of Samenpad cannot read`),
}
