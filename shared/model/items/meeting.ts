/** A meeting of the platform: who was there (function and organisation), agenda, decisions, actions. Notes are prose. */
import { defineItem, type FactsOf } from './schema.ts'

export const meetingSchema = defineItem({
  type: 'meeting',
  version: 1,
  fields: {
    title: { kind: 'text' },
    date: { kind: 'date' },
    startTime: { kind: 'text' },
    endTime: { kind: 'text' },
    place: { kind: 'text' },
    chair: { kind: 'text' },
    noteTaker: { kind: 'text' },
    sample: { kind: 'flag' },
  },
  lists: {
    attendance: { job: { kind: 'text' }, organisation: { kind: 'text' }, presence: { kind: 'code', vocabulary: 'attendance' } },
    agenda: { title: { kind: 'text' }, minutes: { kind: 'number' }, item: { kind: 'item' } },
    decisions: {
      number: { kind: 'number' },
      text: { kind: 'longText' },
      reason: { kind: 'longText' },
      mandate: { kind: 'text' },
      item: { kind: 'item' },
      public: { kind: 'flag' },
    },
    actions: {
      number: { kind: 'number' },
      text: { kind: 'longText' },
      owner: { kind: 'text' },
      due: { kind: 'date' },
      status: { kind: 'code', vocabulary: 'actionStatus' },
      item: { kind: 'item' },
      proof: { kind: 'text' },
    },
  },
})
export type MeetingFacts = FactsOf<typeof meetingSchema>
export type Decision = MeetingFacts['decisions'][number]
export type Action = MeetingFacts['actions'][number]
