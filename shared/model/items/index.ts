/** Every item type with its schema. `type`, `title`, `parent` and `order` are facts that every item has (names and tree position are facts). */
import { agreementSchema } from './agreement.ts'
import { meetingSchema } from './meeting.ts'
import { contactSchema, folderSchema, knowledgeSchema, progressSchema, regionSchema, templateSchema } from './others.ts'
import type { ItemSchema } from './schema.ts'

export const ITEM_TYPES = ['agreement', 'meeting', 'knowledge', 'contact', 'progress', 'folder', 'template', 'region'] as const
export type ItemType = (typeof ITEM_TYPES)[number]

export const SCHEMAS: Record<ItemType, ItemSchema> = {
  agreement: agreementSchema,
  meeting: meetingSchema,
  knowledge: knowledgeSchema,
  contact: contactSchema,
  progress: progressSchema,
  folder: folderSchema,
  template: templateSchema,
  region: regionSchema,
}

export const isItemType = (value: unknown): value is ItemType => (ITEM_TYPES as readonly unknown[]).includes(value)

/** Registers that every item has beside those of its schema. `parent` is '' at the top of the tree. `gone` takes an item out of the tree; nothing is erased. */
export const COMMON_FIELDS = ['type', 'title', 'parent', 'order', 'gone'] as const
