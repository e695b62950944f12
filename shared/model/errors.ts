/**
 * Codes of everything that can go wrong between a laptop and the relay. Each has a sentence in the text catalogue that says what
 * happened, what was kept safe and what to do next.
 */

/** Try again later by itself; the row stays in the outbox. */
export const RETRY_CODES = ['busy', 'rate', 'gap', 'storage'] as const
/** A person has to look; the row is parked: visible, exportable, never deleted by itself. */
export const PARK_CODES = ['forbidden', 'too-large', 'invalid', 'id-conflict', 'deleted', 'upgrade-required'] as const

/** Reason of a `storage` that is about one space alone: its log is damaged, and somebody has to restore it. */
export const STORAGE_DAMAGED = 'damaged'

export type RetryCode = (typeof RETRY_CODES)[number]
export type ParkCode = (typeof PARK_CODES)[number]
export type RefusalCode = RetryCode | ParkCode

export const REFUSAL_CODES: readonly RefusalCode[] = [...RETRY_CODES, ...PARK_CODES]
export const isRetry = (code: RefusalCode): code is RetryCode => (RETRY_CODES as readonly string[]).includes(code)

/** Websocket close codes. `permanent`: reconnecting by itself is pointless. */
export const CLOSE = {
  protocol: { code: 1002, permanent: true, reason: 'protocol' },
  tooBig: { code: 1009, permanent: true, reason: 'too-big' },
  restart: { code: 1012, permanent: false, reason: 'restart' },
  busy: { code: 1013, permanent: false, reason: 'busy' },
  signedOut: { code: 4401, permanent: true, reason: 'signed-out' },
  forbidden: { code: 4403, permanent: true, reason: 'forbidden' },
  gone: { code: 4404, permanent: true, reason: 'gone' },
  epoch: { code: 4409, permanent: true, reason: 'epoch' },
  upgrade: { code: 4426, permanent: true, reason: 'upgrade' },
} as const
export type CloseReason = keyof typeof CLOSE

/** Codes of HTTP answers: `{ error: HttpErrorCode }`. */
export type HttpErrorCode =
  | 'bad-request' | 'signed-out' | 'forbidden' | 'not-found' | 'gone' | 'conflict' | 'too-large' | 'rate' | 'storage' | 'internal'
  | 'wrong-credentials' | 'link-used' | 'link-expired' | 'weak-password'
