/** Entries of one part of one item, oldest first: history, versions, healing a hole. `upTo` 0: to the head. Answered by ITEM_ENTRIES. */
import { PARTS } from '../../model/entries.ts'
import { ENTRIES_BATCH_COUNT_MAX } from '../../model/limits.ts'
import { bool, defineMessage, id, list, oneOf, uint } from '../schema.ts'
import { wireEntry } from './entries.ts'

export const fetch = defineMessage(12, 'fetch', 'up', { request: uint, space: id, item: id, part: oneOf(PARTS), from: uint, upTo: uint })
export const itemEntries = defineMessage(13, 'itemEntries', 'down', { request: uint, space: id, item: id, entries: list(wireEntry, ENTRIES_BATCH_COUNT_MAX), more: bool })
