/** The small item types: knowledge page, folder, social map entry, progress sheet, region profile, template. */
import { agreementSchema } from './agreement.ts'
import { defineItem, type FactsOf } from './schema.ts'

export const knowledgeSchema = defineItem({
  type: 'knowledge',
  version: 1,
  fields: { title: { kind: 'text' }, theme: { kind: 'text' }, sample: { kind: 'flag' } },
  lists: { sources: { text: { kind: 'text' } } },
})

export const folderSchema = defineItem({ type: 'folder', version: 1, fields: { title: { kind: 'text' } }, lists: {} })

export const contactSchema = defineItem({
  type: 'contact',
  version: 1,
  fields: {
    title: { kind: 'text' },
    job: { kind: 'text' },
    line: { kind: 'code', vocabulary: 'line' },
    phone: { kind: 'text' },
    mail: { kind: 'text' },
    hours: { kind: 'text' },
    lastChecked: { kind: 'date' },
    sample: { kind: 'flag' },
  },
  lists: { areas: { code: { kind: 'text' } } },
})

/** One per municipality. What can be computed from the documents is computed, never typed here. */
export const progressSchema = defineItem({
  type: 'progress',
  version: 1,
  fields: { title: { kind: 'text' }, sample: { kind: 'flag' }, vpgTrained: { kind: 'number' } },
  lists: {
    /** `code` is M1 … M17. */
    milestones: { code: { kind: 'text' }, status: { kind: 'code', vocabulary: 'milestoneStatus' }, date: { kind: 'date' }, proof: { kind: 'text' }, note: { kind: 'text' } },
    indicators: { name: { kind: 'text' }, period: { kind: 'text' }, area: { kind: 'text' }, value: { kind: 'number' }, source: { kind: 'text' }, sample: { kind: 'flag' } },
    factors: { kindOf: { kind: 'text' }, text: { kind: 'longText' } },
  },
})

export const regionSchema = defineItem({
  type: 'region',
  version: 1,
  fields: { title: { kind: 'text' }, centre: { kind: 'text' }, website: { kind: 'text' }, toConfirm: { kind: 'flag' } },
  lists: { partnerships: { name: { kind: 'text' } }, themes: { name: { kind: 'text' } }, projects: { name: { kind: 'text' } } },
})

/** A template is an agreement to begin from; it has the same facts. */
export const templateSchema = defineItem({ ...agreementSchema, type: 'template' })

export type ContactFacts = FactsOf<typeof contactSchema>
export type ProgressFacts = FactsOf<typeof progressSchema>
