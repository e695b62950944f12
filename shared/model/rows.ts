/**
 * The projection row of an item: what trees, quick open, boards and progress read instead of the document. Computed by
 * `derive/row.ts` from (facts, prose JSON, acts); stored by the engine; computed again by the relay's worker for the programme view.
 * Nothing in it depends on today's date: that is asked at reading time.
 */
import type { ItemId, SpaceId, UserId } from '../base/ids.ts'
import type { Status } from './acts.ts'
import type { ItemType } from './items/index.ts'

export interface ActionRow {
  id: string
  /** As given when it was noted; null when none was. Two offline meetings may give the same one: both stay. */
  number: number | null
  text: string
  owner: string
  due: string
  status: string
  /** The agreement or other item the action is about, '' if none. */
  item: string
}

export interface ItemRow {
  item: ItemId
  space: SpaceId
  type: ItemType
  title: string
  parent: ItemId | ''
  order: string
  gone: boolean
  sample: boolean
  status: Status
  version: number
  /** Paths with two or more answers. */
  conflictCount: number
  /** Content changed after the seal on the table or the adopted seal was made. */
  changedSinceSeal: boolean
  /** Parties that still have to agree on the seal on the table; empty in other statuses. */
  waitingFor: string[]
  proposedAt: number | null
  adoptedAt: number | null
  /** ISO date, '' outside a consultation. */
  consultUntil: string
  owner: string
  domain: string
  reviewBy: string
  /** Date of a meeting, '' otherwise. */
  date: string
  stepCount: number
  stepsWithoutRole: number
  stepsWithoutTerm: number
  /** Handovers without a feedback term or without "als niet". */
  stepsWithoutFeedback: number
  actions: ActionRow[]
  /** Highest number of a decision of a meeting, 0 for none: the next meeting of the space counts on from it. */
  decisionNumberMax: number
  /** Code → status of the milestones of a progress sheet; empty otherwise. */
  milestones: Record<string, string>
  changedAt: number
  changedBy: UserId | null
}
