/** Taking part in a programme, and what the programme then sees. */
import type { participation as dutch } from '../nl/participation.ts'
import type { Texts } from '../texts.ts'

export const participation: Texts<typeof dutch> = {
  title: 'Programmes',
  titleOf: (space: string) => `${space} and programmes`,
  show: 'Show programmes that this municipality takes part in',
  also: 'take part programme leader share',
  intro: 'When your municipality takes part, the programme leader sees its progress: titles, status and counts. Never the text itself.',
  mayNotChange: 'Your project leader or administrator decides about taking part.',
  none: 'There are no programmes on this relay yet.',
  takesPart: 'Takes part: the programme leader sees what is listed below.',
  takesNoPart: 'Does not take part: the programme leader sees nothing.',
  beginOf: (name: string) => `Take part in ${name}`,
  stopOf: (name: string) => `Stop with ${name}`,
  begin: {
    title: (name: string) => `Take part in ${name}?`,
    text: 'The programme leader then sees the progress of your municipality, not the texts. You can always stop.',
    yes: 'Take part',
    done: (name: string) => `Your municipality takes part in ${name}.`,
  },
  stop: {
    title: (name: string) => `Stop with ${name}?`,
    text: 'The programme leader then no longer sees your municipality. What was looked at or copied before is not taken back by this.',
    yes: 'Stop',
    done: (name: string) => `Your municipality no longer takes part in ${name}.`,
  },
  seen: (count: number) => `This is what a programme sees: ${count} ${count === 1 ? 'document' : 'documents'}`,
  seenText: 'Of each document only title, status, dates, who still has to sign, and counts of steps and actions.',
  document: 'Document',
  status: 'Status',
  changed: 'Changed',
  onlyOnline: 'Programmes can be seen and changed only with a connection.',
}
