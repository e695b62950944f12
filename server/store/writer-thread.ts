/** The thread that writes the log: checks, commits, syncs; nothing else waits for the disk. Started by threaded-log.ts. */
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { must } from '../../shared/base/assert.ts'
import type { Epoch, Id, SpaceId } from '../../shared/base/ids.ts'
import type { Erasure } from './erase.ts'
import type { AppendRequest, AppendResult } from './log.ts'
import { openLogDatabase, openLogFile, settingsOf, type LogFile } from './log-file.ts'
import { LOG_FILE } from './log-rows.ts'
import { createLogWriter, type LogWriter } from './log-writer.ts'
import { letGo, unpackRequests, type PackedRequests } from './packing.ts'
import { answerFrom } from './thread-port.ts'
import { threadDice } from './thread-dice.ts'

export interface ThreadOptions {
  folder: string
  bytesMax?: number
  /** These three: see LogFileOptions. */
  installation?: Id | null
  isAgain?: boolean
  lost?: readonly SpaceId[]
}

/** A run without its entries: the asking side has them already. */
export interface BareRun {
  space: SpaceId
  epoch: Epoch
  tailHashAfter: Uint8Array
  /** Per entry: which request of the batch, and the numbers it got. */
  places: [request: number, seq: number, prevItemSeq: number][]
  /** Payloads that are not what was asked for: something in them was erased for good. */
  changed: [seq: number, payload: Uint8Array][]
}

const { folder, bytesMax, installation, isAgain = false, lost = [] } = workerData as ThreadOptions
let file: LogFile | null = null
let writer: LogWriter | null = null
const opened = (): LogWriter => must(writer, 'the log is opened first')

const isAsked = (request: AppendRequest | undefined, payload: Uint8Array): boolean => request?.entry.payload === payload

function append(requests: readonly AppendRequest[]): { results: AppendResult[]; runs: BareRun[] } {
  const { results, runs } = opened().append(requests)
  const requestOf = new Map<string, number>()
  results.forEach((result, i) => {
    if (result.kind === 'stored' && !result.repeated) requestOf.set(`${must(requests[i], 'one result per request').entry.space}/${result.seq}`, i)
  })
  return {
    results,
    runs: runs.map(({ space, epoch, tailHashAfter, entries }) => ({
      space, epoch, tailHashAfter,
      places: entries.map(({ seq, prevItemSeq }) => [must(requestOf.get(`${space}/${seq}`), 'a stored entry was asked for'), seq, prevItemSeq]),
      changed: entries.flatMap(({ seq, payload }): [number, Uint8Array][] => (isAsked(requests[requestOf.get(`${space}/${seq}`) ?? -1], payload) ? [] : [[seq, payload]])),
    })),
  }
}

const functions = {
  open() {
    const first = openLogFile({ folder, dice: threadDice, ...(bytesMax === undefined ? {} : { bytesMax }), ...(installation === undefined ? {} : { installation }), isAgain, lost })
    let isFirst = true
    try {
      writer = createLogWriter({
        open() {
          if (!isFirst) return openLogDatabase(join(folder, LOG_FILE), 'write', bytesMax)
          isFirst = false
          return first.database
        },
        folder,
        dice: threadDice,
      })
    } catch (error) {
      first.close()
      throw error
    }
    file = first
    return { restored: first.restored, damagedSpaces: writer.damagedSpaces(), settings: settingsOf(first.database) }
  },
  append(packed: PackedRequests): { results: AppendResult[]; runs: BareRun[] } {
    try {
      return append(unpackRequests(packed))
    } finally {
      // The asking side has its own; of what was altered the answer holds other bytes.
      letGo(packed.payloads)
    }
  },
  ensureSpace: (space: SpaceId) => opened().ensureSpace(space),
  erase: (erasure: Erasure) => opened().erase(erasure),
  erasures: (space: SpaceId) => opened().erasures(space),
  scrub: () => opened().scrub(),
  close() {
    writer?.close()
    file?.close()
  },
}

export type WriterFunctions = typeof functions
if (parentPort) answerFrom(parentPort, functions)
