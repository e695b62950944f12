/**
 * Requests that wait: whoever asks faster than anybody needs to has their turn a little later, and whoever has many waiting already is told so. That answer is short, made
 * beforehand, without a route, a log line or a record of its own, and not at once either: a program that waits for one answer before it asks again, as most do,
 * then asks some twenty times a second instead of thousands, and those beside it keep the relay to themselves (decision 0026).
 */
import type { ServerResponse } from 'node:http'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import { bareHeaders } from './headers.ts'
import { STATUS_OF_ERROR } from './route.ts'

/** As long as a person waits for a page without wondering. */
const ANSWERED_AFTER_MS = 500
/** Requests that wait, each with its connection; beyond it whoever has to wait is refused at once, and their connection closes. */
const WAITING_COUNT_MAX = 1_000
const TOLD_EVERY_MS = 60_000
const BODY = '{"error":"rate"}'

export interface Patience extends Disposable {
  /** Goes on after so many ms, unless whoever asked has left. Out: false when too many wait already; nothing follows then. */
  hold(response: ServerResponse, ms: number, goOn: () => void): boolean
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
    response.writeHead(STATUS_OF_ERROR.rate, [...headers, 'Retry-After', String(seconds), ...(isLast ? ['Connection', 'close'] : [])])
    response.end(BODY)
  }

  function hold(response: ServerResponse, ms: number, goOn: () => void): boolean {
    if (waiting.size >= WAITING_COUNT_MAX) return false
    const timer = clock.after(ms, () => {
      waiting.delete(timer)
      if (!response.destroyed) goOn()
    })
    waiting.add(timer)
    return true
  }

  return {
    hold,
    refuse(response, seconds) {
      onRefused()
      refusedCount++
      telling ??= clock.after(TOLD_EVERY_MS, () => {
        telling = null
        tell(refusedCount)
        refusedCount = 0
      })
      if (!hold(response, ANSWERED_AFTER_MS, () => answer(response, seconds, false))) answer(response, seconds, true)
    },
    dispose() {
      telling?.dispose()
      for (const timer of waiting) timer.dispose()
    },
  }
}
