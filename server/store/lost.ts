/**
 * What a log had before a backup was put back and no log has now: the period that laptops could not bring back. Compared with the logs that were moved
 * aside then, entry by entry; a lost disk leaves nothing to compare with.
 *
 * Invariant: never says less than what is lost. An entry is there when it stands in the log under its id, or when everything that it wrote does (a
 * laptop that only kept the merged text sends that, under another id); what only deleted, and acts, are there under their id alone.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bytesEqual } from '../../shared/base/bytes.ts'
import type { ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import { PARTS, type Part } from '../../shared/model/entries.ts'
import { readChangeHeaders } from '../../shared/protocol/automerge-header.ts'
import { readProseHeader } from '../../shared/protocol/prose-header.ts'
import { nativeTools } from './admission.ts'
import type { Database } from './database.ts'
import { openLogDatabase, problemOf } from './log-file.ts'
import { blobOf, idOf, LOG_FILE, placeOf, seqOf, SEQ_MAX } from './log-rows.ts'
import { StoreProblem } from './problem.ts'

export interface LostItem {
  space: SpaceId
  item: ItemId
  entries: number
  authors: UserId[]
  /** Of the relay's clock, first and last. */
  since: number
  until: number
}

export interface Lost {
  entries: number
  /** First and last of all; null when nothing is lost. */
  since: number | null
  until: number | null
  items: LostItem[]
  /** Folders with a log of before. */
  compared: string[]
  /** Those whose log cannot be read, each with why. */
  unreadable: { folder: string; reason: string }[]
}

export const BEFORE_RESTORE = 'before-restore-'

/** In: a data folder, in use or not. Errors: StoreProblem when its own log cannot be read. Cost: reads of the older logs what comes after the common beginning. */
export function findLost(folder: string): Lost {
  const lost: Lost = { entries: 0, since: null, until: null, items: [], compared: [], unreadable: [] }
  const items = new Map<string, LostItem>()
  const counted = new Set<string>()
  const now = openLogDatabase(join(folder, LOG_FILE), 'read')
  try {
    for (const name of readdirSync(folder).filter((one) => one.startsWith(BEFORE_RESTORE) && existsSync(join(folder, one, LOG_FILE))).sort()) {
      try {
        const before = openLogDatabase(join(folder, name, LOG_FILE), 'read')
        try {
          for (const { entry, ...one } of missing(before, now)) {
            // Two older logs may lack the same.
            if (counted.has(entry)) continue
            counted.add(entry)
            note(items, one)
          }
        } finally {
          before.close()
        }
        lost.compared.push(name)
      } catch (error) {
        const problem = problemOf(error)
        if (!(problem instanceof StoreProblem)) throw problem
        lost.unreadable.push({ folder: name, reason: problem.message })
      }
    }
  } finally {
    now.close()
  }
  lost.items = [...items.values()].sort((a, b) => b.entries - a.entries)
  for (const { entries, since, until } of lost.items) {
    lost.entries += entries
    lost.since = Math.min(since, lost.since ?? since)
    lost.until = Math.max(until, lost.until ?? until)
  }
  return lost
}

interface Missing {
  entry: string
  space: SpaceId
  item: ItemId
  author: UserId
  time: number
}

function note(items: Map<string, LostItem>, { space, item, author, time }: Missing | Omit<Missing, 'entry'>): void {
  const key = `${space}/${item}`
  const one = items.get(key) ?? { space, item, entries: 0, authors: [], since: time, until: time }
  items.set(key, { ...one, entries: one.entries + 1, authors: [...new Set([...one.authors, author])], since: Math.min(one.since, time), until: Math.max(one.until, time) })
}

function* missing(before: Database, now: Database): Generator<Missing> {
  const erased = new Set(now.all('SELECT item FROM erasures WHERE mode = 0').map(({ item }) => idOf(item as Uint8Array)))
  const spaceNow = now.prepare('SELECT no FROM spaces WHERE space = ?')
  const byId = now.prepare('SELECT 1 FROM entries WHERE space = ? AND entry = ?')
  const tailNow = now.prepare('SELECT tail FROM entries WHERE place = ?')
  const tailBefore = before.prepare('SELECT tail FROM entries WHERE place = ?')
  const rows = before.prepare('SELECT e.entry, i.item, e.part, e.author, e.server_time AS time, e.place FROM entries e JOIN items i ON i.no = e.item WHERE e.place > ? AND e.place <= ? ORDER BY e.place')
  const payload = before.prepare('SELECT payload FROM entries WHERE place = ?')
  const isWritten = writtenIn(now)
  for (const { no, space: blob, head } of before.all('SELECT no, space, head FROM spaces ORDER BY no')) {
    const space = idOf(blob as Uint8Array)
    const here = spaceNow.get(blob as Uint8Array)
    const noNow = here === undefined ? null : Number(here.no)
    // Equal at a place is equal before it: the tail is a hash over all of it.
    let [common, end] = [0, Number(head) + 1]
    while (noNow !== null && end - common > 1) {
      const at = Math.floor((common + end) / 2)
      const [theirs, ours] = [tailBefore.get(placeOf(Number(no), at))?.tail, tailNow.get(placeOf(noNow, at))?.tail]
      if (theirs instanceof Uint8Array && ours instanceof Uint8Array && bytesEqual(theirs, ours)) common = at
      else end = at
    }
    for (const row of rows.iterate(placeOf(Number(no), common), placeOf(Number(no), SEQ_MAX))) {
      const item = idOf(row.item as Uint8Array)
      if (erased.has(item) || (noNow !== null && byId.get(noNow, row.entry as Uint8Array) !== undefined)) continue
      const part = PARTS[Number(row.part)]
      const bytes = payload.get(Number(row.place))?.payload
      if (part === undefined || !(bytes instanceof Uint8Array)) throw new StoreProblem('corrupt', `Entry ${seqOf(Number(row.place))} of space ${space} is damaged on the disk.`)
      if (!isWritten(item, part, bytes)) yield { entry: idOf(row.entry as Uint8Array), space, item, author: idOf(row.author as Uint8Array), time: Number(row.time) }
    }
  }
}

/** Whether everything that a payload wrote stands in the log, whoever brought it. */
function writtenIn(now: Database): (item: ItemId, part: Part, payload: Uint8Array) => boolean {
  const end = now.prepare('SELECT o.last FROM owners o JOIN items i ON i.no = o.item WHERE i.item = ? AND o.part = ? AND o.key = ?')
  const change = now.prepare('SELECT 1 FROM changes c JOIN items i ON i.no = c.item WHERE i.item = ? AND c.hash = ?')
  return (item, part, payload) => {
    if (part === 'prose') {
      const header = readProseHeader(payload)
      if (typeof header === 'string' || header.blocks.length === 0 || header.deletedUpTo.size > 0) return false
      return header.blocks.every(({ client, to }) => Number(end.get(blobOf(item), PARTS.indexOf('prose'), String(client))?.last ?? 0) >= to)
    }
    if (part !== 'facts') return false
    const headers = readChangeHeaders(payload, nativeTools)
    return headers !== null && headers.every(({ hash }) => change.get(blobOf(item), blobOf(hash).subarray(0, 16)) !== undefined)
  }
}
