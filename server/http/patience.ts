/**
 * The answer to whoever asks too often: short, made beforehand, without a route, a log line or a record of its own, and not at once. A program that waits for one
 * answer before it asks again, as most do, then asks a few times a second instead of thousands, and those beside it keep the relay to themselves.
 */
import type { ServerResponse } from 'node:http'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import { bareHeaders } from './headers.ts'
import { STATUS_OF_ERROR } from './route.ts'

/** As long as a person waits for a page without wondering. */
const ANSWERED_AFTER_MS = 500
/** Answers that wait, each with its connection; beyond it the rest goes at once, and closes. */
const WAITING_COUNT_MAX = 1_000
const TOLD_EVERY_MS = 60_000
const BODY = '{"error":"rate"}'

export interface Patience extends Disposable {
  /** In: an answer of which nothing was written yet. */
  refuse(response: ServerResponse, seconds: number): void
}

export interface PatienceDeps {
  clock: Clock
  isSecure: boolean
  onRefused(): void
  /** How many were refused within a minute, when it is over. */
  tell(refusedCount: number): void
}

export function createPatience({ clock, isSecure, onRefused, tell }: PatienceDeps): Patience {
  const headers = Object.entries({ ...bareHeaders(isSecure), 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': String(BODY.length) }).flat()
  const waiting = new Set<Disposable>()
  let refusedCount = 0
  let telling: Disposable | null = null

  function answer(response: ServerResponse, seconds: number, isLast: boolean): void {
    if (response.destroyed) return
    response.writeHead(STATUS_OF_ERROR.rate, [...headers, 'Retry-After', String(seconds), ...(isLast ? ['Connection', 'close'] : [])])
    response.end(BODY)
  }

  return {
    refuse(response, seconds) {
      onRefused()
      refusedCount++
      telling ??= clock.after(TOLD_EVERY_MS, () => {
        telling = null
        tell(refusedCount)
        refusedCount = 0
      })
      if (waiting.size >= WAITING_COUNT_MAX) return answer(response, seconds, true)
      const timer = clock.after(ANSWERED_AFTER_MS, () => {
        waiting.delete(timer)
        answer(response, seconds, false)
      })
      waiting.add(timer)
    },
    dispose() {
      telling?.dispose()
      for (const timer of waiting) timer.dispose()
    },
  }
}
