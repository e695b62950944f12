/** A care-pathway agreement (zorgpadafspraak): what was agreed here, who does it, within what time, who hears back. */
import { defineItem, type FactsOf } from './schema.ts'

export const agreementSchema = defineItem({
  type: 'agreement',
  version: 1,
  fields: {
    title: { kind: 'text' },
    theme: { kind: 'text' },
    domain: { kind: 'code', vocabulary: 'domain' },
    phase: { kind: 'code', vocabulary: 'phase' },
    targetGroup: { kind: 'text' },
    trigger: { kind: 'longText' },
    instrument: { kind: 'text' },
    threshold: { kind: 'text' },
    signalledBy: { kind: 'text' },
    conversationRule: { kind: 'longText' },
    escalation: { kind: 'longText' },
    closure: { kind: 'longText' },
    owner: { kind: 'text' },
    reviewBy: { kind: 'date' },
    validFrom: { kind: 'date' },
    /** Made-up figures and terms carry a label until somebody makes them real. */
    sample: { kind: 'flag' },
    /** Where it was copied from, with the seal it had there. */
    originSpace: { kind: 'id' },
    originItem: { kind: 'item' },
    originSeal: { kind: 'id' },
  },
  lists: {
    parties: { name: { kind: 'text' } },
    areas: { code: { kind: 'area' } },
    steps: {
      action: { kind: 'longText' },
      role: { kind: 'code', vocabulary: 'role' },
      organisation: { kind: 'text' },
      term: { kind: 'number' },
      termUnit: { kind: 'code', vocabulary: 'termUnit' },
      termFrom: { kind: 'text' },
      consent: { kind: 'code', vocabulary: 'consent' },
      feedbackTo: { kind: 'text' },
      feedbackWithin: { kind: 'text' },
      feedbackHow: { kind: 'text' },
      /** "als niet": what happens when no answer comes. */
      ifNoReply: { kind: 'longText' },
      /** True where care passes to another organisation: then feedback and "als niet" are needed. */
      handover: { kind: 'flag' },
      proof: { kind: 'text' },
    },
    contacts: { item: { kind: 'item' } },
    indicators: { text: { kind: 'text' } },
    sources: { text: { kind: 'text' } },
  },
})
export type AgreementFacts = FactsOf<typeof agreementSchema>
export type Step = AgreementFacts['steps'][number]
