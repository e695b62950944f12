/**
 * *Definitief verwijderen*, asked for by a person: finds out what was deleted from a text, erases it between two commits, and sees to it that
 * nothing of it is left in what was derived. Rights and the register are the door's business.
 */
import type { Clock } from '../../shared/base/clock.ts'
import { newId, type ItemId, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import type { Relay } from '../relay/api.ts'
import type { EraseMode } from '../store/erase.ts'
import { StoreProblem } from '../store/problem.ts'
import type { StoredLog } from '../store/sqlite-log.ts'
import type { LogReader } from './reader.ts'

export interface EraseOrder {
  space: SpaceId
  item: ItemId
  mode: EraseMode
  reason: string
  /** null: from the machine itself. */
  by: UserId | null
}

export interface EraseOutcome {
  entriesCount: number
  /** Seals of proposed texts that stay as they are: a seal names its bytes. */
  sealsCount: number
  /** Answers given earlier in fields that stay in the history of the facts. */
  factsEntriesCount: number
  /** Whether free pages were written over already; if not, that is tried again. */
  isScrubbed: boolean
}

export type EraseFailure = { kind: 'unknown-item' } | { kind: 'unreadable'; reason: string } | { kind: 'storage'; reason: string }

export interface Eraser {
  erase(order: EraseOrder): Promise<Result<EraseOutcome, EraseFailure>>
}

export interface EraserDeps {
  log: Pick<StoredLog, 'spaceOf' | 'scrub' | 'readItem'>
  relay: Pick<Relay, 'erase'>
  reader: Pick<LogReader, 'ask' | 'renew'>
  /** What was made from the log of a space and is kept. */
  forgetDerived(space: SpaceId): Promise<void>
  clock: Clock
  dice: Dice
  report(event: { kind: string; [detail: string]: unknown }): void
}

/** Somebody who reads the whole log (a check, a backup) keeps old pages alive for minutes. */
const SCRUB_AGAIN_MS = 30_000

export function createEraser({ log, relay, reader, forgetDerived, clock, dice, report }: EraserDeps): Eraser {
  const scrubLater = (): void => {
    clock.after(SCRUB_AGAIN_MS, () => {
      log.scrub().then((isDone) => void (isDone || scrubLater()), (problem: unknown) => {
        if (problem instanceof StoreProblem && problem.kind === 'closed') return
        report({ kind: 'scrub-failed', problem })
        scrubLater()
      })
    })
  }
  return {
    async erase({ space, item, mode, reason, by }) {
      try {
        if ((await log.spaceOf(item)) !== space) return fail({ kind: 'unknown-item' })
        let ranges: Uint8Array[] = []
        let kept = { sealsCount: 0, factsEntriesCount: 0 }
        if (mode === 'history') {
          const read = await reader.ask('deleted', { space, item })
          if (!read.ok) return fail({ kind: 'unreadable', reason: read.failure.kind })
          ranges = read.value.ranges
          const countOf = async (part: 'act' | 'facts'): Promise<number> => (await log.readItem(space, item, part, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).length
          kept = { sealsCount: await countOf('act'), factsEntriesCount: await countOf('facts') }
        }
        const { entriesCount, isScrubbed } = await relay.erase({ id: newId(dice), space, item, mode, time: clock.now(), by, reason, ranges })
        reader.renew()
        await forgetDerived(space)
        if (!isScrubbed) scrubLater()
        return ok({ entriesCount, isScrubbed, ...kept })
      } catch (problem) {
        if (!(problem instanceof StoreProblem)) throw problem
        report({ kind: 'erase-failed', problem })
        return fail({ kind: 'storage', reason: problem.message })
      }
    },
  }
}
