/** Two answers to one question: choosing without losing anything. Same keys as the Dutch ones, by type. */
import type { conflicts as dutch } from '../nl/conflicts.ts'
import type { Texts } from '../texts.ts'

export const conflicts: Texts<typeof dutch> = {
  category: 'Two answers',
  choose: 'Choose an answer',
  also: 'conflict difference',
  heading: (count: number) => (count === 2 ? 'Two answers — choose one' : `${count} answers — choose one`),
  explain: 'People filled this in without seeing each other’s answer. Nothing is lost. Which answer holds?',
  about: (where: string, field: string) => `${where}, ‘${field}’`,
  answers: 'Answers',
  other: 'Fill in another answer',
  otherLabel: 'Your answer',
  stays: 'The other answer stays in the timeline. Your choice goes along as soon as you are connected again.',
  take: (answer: string) => `Choose ${answer}`,
  takeNone: 'Choose an answer',
  chosen: (field: string, answer: string) => `‘${field}’ is now ${answer}.`,
  gone: 'This has been chosen already. There is nothing left to do.',
  readOnly: 'You are reading along. A member can choose.',
  next: 'To the next question with two answers',
  none: 'Nothing in this document has two answers.',
}
