/**
 * The HTTP twin of `/sync`, for networks that block websockets: the same frames, the same session, the same checks. Each request is a
 * connection that lives for one question: what is posted is said to a fresh session, what the session answers is the response.
 *
 * Nothing is kept between requests but what the log keeps, and for some seconds who looks at what: entry ids make a repeated POST harmless, cursors make
 * a repeated GET harmless.
 */
import * as v from 'valibot'
import { must } from '../../../shared/base/assert.ts'
import { concatBytes, fromHex } from '../../../shared/base/bytes.ts'
import type { Clock } from '../../../shared/base/clock.ts'
import { createBag } from '../../../shared/base/dispose.ts'
import { NO_ID } from '../../../shared/base/ids.ts'
import { CLOSE, type HttpErrorCode } from '../../../shared/model/errors.ts'
import { FETCHES_COUNT_MAX, FRAME_BYTES_MAX, PRESENCE_ITEMS_COUNT_MAX, PUSHES_IN_FLIGHT_COUNT_MAX } from '../../../shared/model/limits.ts'
import { decodeDown, decodeUp, encodeDown, encodeUp, PROTO_MAX, PROTO_MIN, WireError } from '../../../shared/protocol/codec.ts'
import type { DownMessage, UpMessage } from '../../../shared/protocol/messages/index.ts'
import type { Accounts } from '../../auth/accounts.ts'
import type { Relay } from '../../relay/api.ts'
import type { TwinSeats } from '../twin-seats.ts'
import { defineRoute, type Asked, type Route } from '../route.ts'
import { id } from '../schemas.ts'

interface Verdict {
  keep: boolean
  /** 0: this was the last; more: wait this much longer, whatever else comes. */
  endInMs?: number
}

export interface TwinRoutesDeps {
  relay: Pick<Relay, 'accept'>
  accounts: Pick<Accounts, 'may' | 'onDidEndSession'>
  clock: Clock
  build: string
  seats: TwinSeats
}

/** Longest a GET waits for something new: below the 30 s at which proxies cut silent answers. */
const WAIT_SECONDS_MAX = 25
/** A commit takes milliseconds; a store that has not answered by then is in trouble. */
const ANSWER_MS_MAX = 20_000
/** A response ends after this much: the rest is asked for from the cursor that came with it. */
const RESPONSE_BYTES_MAX = FRAME_BYTES_MAX

const seconds = v.pipe(v.string(), v.regex(/^\d{1,2}$/), v.transform(Number), v.maxValue(WAIT_SECONDS_MAX))
/** `as`: for whom the browser speaks. One cookie is shared by all its windows, and another person may have signed in in the next one. */
const as = { as: v.optional(id) }
const isSomebodyElse = ({ query, caller }: Asked<unknown, { as?: string | undefined }, unknown>): boolean => query.as !== undefined && query.as !== must(caller, 'signed in').user

/** What a posted frame says, or why it is not listened to. */
function said(asked: Asked<unknown, { as?: string | undefined }, unknown>): UpMessage[] | { error: HttpErrorCode } {
  if (isSomebodyElse(asked)) return { error: 'signed-out' }
  try {
    return decodeUp(asked.frame)
  } catch (error) {
    if (error instanceof WireError) return { error: 'bad-request' }
    throw error
  }
}

/** What every route is that takes frames and answers with frames. */
const ofFrames = {
  operation: 'sync.open',
  takesFrame: true,
  answer: null,
  answerType: 'application/octet-stream',
  refusals: ['bad-request', 'too-large', 'storage'],
  query: v.object(as),
} as const

const whole = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number))

export function twinRoutes({ relay, accounts, clock, build, seats }: TwinRoutesDeps): Route[] {
  accounts.onDidEndSession(({ session }) => seats.leave(session))

  /** Says `frames` to a fresh session and keeps what `take` wants of the answers, until `take` ends it, the session is closed, or time is up. */
  function converse(asked: Asked<unknown, unknown, unknown>, frames: readonly Uint8Array[], take: (message: DownMessage) => Verdict): Promise<{ frame: Uint8Array; closed: number | null }> {
    return new Promise((resolve) => {
      const bag = createBag()
      const kept: Uint8Array[] = []
      let isOver = false
      let timer = clock.after(ANSWER_MS_MAX, () => end(null))
      const end = (closed: number | null): void => {
        if (isOver) return
        isOver = true
        timer.dispose()
        bag.dispose()
        resolve({ frame: concatBytes(kept), closed })
      }
      const { user, session: login } = must(asked.caller, 'signed in')
      bag.add(accounts.onDidEndSession(({ session: ended }) => ended === login && end(CLOSE.signedOut.code)))
      const session = relay.accept(
        {
          send(frame) {
            if (isOver) return
            for (const message of decodeDown(frame)) {
              const { keep, endInMs } = take(message)
              if (keep) kept.push(encodeDown(message))
              if (endInMs === 0) return end(null)
              if (endInMs === undefined) continue
              timer.dispose()
              timer = clock.after(endInMs, () => end(null))
            }
          },
          bufferedBytes: () => 0,
          close: end,
          confirms: false,
          address: () => asked.address,
        },
        user,
      )
      bag.add(() => session.closed())
      const { signal } = asked
      const onAbort = (): void => end(null)
      signal.addEventListener('abort', onAbort)
      bag.add(() => signal.removeEventListener('abort', onAbort))
      if (signal.aborted) end(null)
      for (const frame of frames) if (!isOver) session.receive(frame)
    })
  }

  const hello = encodeUp({ type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MAX, build, device: NO_ID, pendingCount: 0 })

  return [
    defineRoute({
      method: 'POST',
      path: '/sync/push',
      summary: `Frames with PUSH messages, at most ${PUSHES_IN_FLIGHT_COUNT_MAX}, optionally with HELLO first; answers with ACK and NACK frames, after HELLO also WELCOME and SCOPE`,
      ...ofFrames,
      async handle(asked) {
        const messages = said(asked)
        if ('error' in messages) return messages
        const [first] = messages
        const saysHello = first?.type === 'hello'
        const pushes = messages.filter((message) => message.type === 'push')
        if (pushes.length + (saysHello ? 1 : 0) !== messages.length) return { error: 'bad-request' }
        if (pushes.length > PUSHES_IN_FLIGHT_COUNT_MAX) return { error: 'too-large' }
        const unanswered = new Set(pushes.filter(({ fragment, fragments }) => fragment + 1 >= fragments).map(({ n }) => n))
        // A PING at the end: its PONG says that everything that needs no commit has been answered.
        const frames = [...(saysHello ? [] : [hello]), ...messages.map((message) => encodeUp(message)), encodeUp({ type: 'ping', pendingCount: 0, oldestPendingAgeMs: 0 })]
        let isHeardOut = false
        const { frame, closed } = await converse(asked, frames, (message) => {
          if (message.type === 'ack') for (const n of unanswered) if (n <= message.upToN) unanswered.delete(n)
          if (message.type === 'nack') unanswered.delete(message.n)
          if (message.type === 'pong') isHeardOut = true
          const keep = message.type === 'ack' || message.type === 'nack' || (saysHello && (message.type === 'welcome' || message.type === 'scope'))
          return isHeardOut && unanswered.size === 0 ? { keep, endInMs: 0 } : { keep }
        })
        // Half an answer is none: who is told of a part waits for the rest for ever, and everything may be said again.
        if (!isHeardOut || unanswered.size > 0) return { error: closed === null ? 'storage' : errorOfClose(closed) }
        return frame.length > 0 ? { status: 200, frame } : { error: 'bad-request' } // heard out and nothing to say: an unfinished entry
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/sync/ask',
      summary: `HELLO, then FETCH messages (at most ${FETCHES_COUNT_MAX}), or a PRESENCE message for everything that is open in this browser; answers with ITEM_ENTRIES frames, or with PRESENT frames of the others there`,
      ...ofFrames,
      async handle(asked) {
        const messages = said(asked)
        if ('error' in messages) return messages
        const [first, ...questions] = messages
        if (first?.type !== 'hello') return { error: 'bad-request' }
        const fetches = questions.filter((message) => message.type === 'fetch')
        const looks = questions.filter((message) => message.type === 'presence')
        if (fetches.length + looks.length !== questions.length || (fetches.length > 0 && looks.length > 0)) return { error: 'bad-request' }
        if (fetches.length > FETCHES_COUNT_MAX || looks.length > PRESENCE_ITEMS_COUNT_MAX) return { error: 'too-large' }
        if (fetches.length === 0) {
          const { user, session } = must(asked.caller, 'signed in')
          const open = looks.filter((look) => look.open)
          seats.show(user, first.device, open, session)
          const present = open
            .filter(({ space }) => accounts.may(user, space, 'space.read'))
            .flatMap(({ space, item }) => seats.othersAt(user, first.device, item).map(({ session, who, bytes }): DownMessage => ({ type: 'present', space, item, session, who, open: true, bytes })))
          return { status: 200, frame: encodeDown(...present) }
        }
        let answered = 0
        const { frame, closed } = await converse(asked, messages.map((message) => encodeUp(message)), (message) => {
          if (message.type !== 'itemEntries') return { keep: false }
          answered++
          return answered === fetches.length ? { keep: true, endInMs: 0 } : { keep: true }
        })
        if (answered === fetches.length) return { status: 200, frame }
        return { error: closed === null ? 'storage' : errorOfClose(closed) }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/sync/entries',
      summary: 'What a space has after a cursor: SUBBED and ENTRIES frames. `wait`: seconds to wait for something new when there is nothing. `tailHash` in hex',
      operation: 'sync.open',
      query: v.object({
        ...as,
        space: id,
        epoch: v.optional(id, NO_ID),
        cursor: v.optional(whole, '0'),
        tailHash: v.optional(id, NO_ID), // 16 bytes, as an id
        wait: v.optional(seconds, '0'),
      }),
      answer: null,
      answerType: 'application/octet-stream',
      refusals: ['storage'],
      async handle(asked) {
        const { space, epoch, cursor, tailHash, wait } = asked.query
        if (isSomebodyElse(asked)) return { error: 'signed-out' }
        if (!accounts.may(must(asked.caller, 'signed in').user, space, 'space.read')) return { error: 'forbidden' }
        let keptBytes = 0
        const sub = encodeUp({ type: 'sub', space, epoch, cursor, tailHash: fromHex(tailHash) })
        const { frame, closed } = await converse(asked, [hello, sub], (message) => {
          if (message.type === 'subbed') {
            const isLevel = message.head <= (message.mode === 'resume' ? cursor : message.commonSeq)
            return isLevel ? { keep: true, endInMs: wait * 1000 } : { keep: true }
          }
          if (message.type === 'erased') return { keep: true }
          if (message.type === 'scope' && message.space === space && message.role === null) return { keep: false, endInMs: 0 }
          if (message.type !== 'entries') return { keep: false }
          keptBytes += message.entries.reduce((sum, entry) => sum + entry.payload.length, 0)
          return message.entries.length > 0 && (!message.more || keptBytes >= RESPONSE_BYTES_MAX) ? { keep: true, endInMs: 0 } : { keep: true }
        })
        // The session, or the right, may have ended while the question waited: then nothing is handed over, and the laptop hears it now.
        if (closed === CLOSE.signedOut.code) return { error: 'signed-out' }
        if (!accounts.may(must(asked.caller, 'signed in').user, space, 'space.read')) return { error: 'forbidden' }
        return closed !== null && frame.length === 0 ? { error: errorOfClose(closed) } : { status: 200, frame }
      },
    }),
  ]
}

function errorOfClose(code: number): HttpErrorCode {
  switch (code) {
    case CLOSE.tooBig.code:
      return 'too-large'
    case CLOSE.restart.code:
    case CLOSE.busy.code:
      return 'storage'
    case CLOSE.signedOut.code:
      return 'signed-out'
    case CLOSE.forbidden.code:
      return 'forbidden'
    case CLOSE.gone.code:
      return 'gone'
    default:
      return 'bad-request'
  }
}
