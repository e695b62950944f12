/**
 * The way to the relay over plain HTTP requests (SPEC §6), for networks that block websockets. To the engine it is a socket like any other: it
 * says the same frames and hears the same frames, only later. One request asks for news at a time and one brings edits, so that a browser's
 * handful of connections is never used up.
 *
 * Who looks at what is said and asked every few seconds, while something is open; history is asked for when somebody wants it.
 */
import { bytesEqual, toHex } from '../../shared/base/bytes.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import { CLOSE } from '../../shared/model/errors.ts'
import { DETOUR_POLL_MS, DETOUR_POST_BYTES_MAX, DETOUR_POST_BYTES_MIN, DETOUR_POST_MS_SHORT, DETOUR_PRESENCE_MS, DETOUR_WAIT_SECONDS } from '../../shared/model/limits.ts'
import { decodeDown, decodeUp, encodeDown, encodeUp } from '../../shared/protocol/codec.ts'
import type { Down, DownMessage, Up } from '../../shared/protocol/messages/index.ts'
import type { Transport } from './transport.ts'

export interface HttpTransportDeps {
  /** The browser's own. */
  fetch(path: string, init: { method: 'GET' | 'POST'; body?: Uint8Array<ArrayBuffer>; signal: AbortSignal }): Promise<Response>
  clock: Clock
}

const LOST = 1006
const FRAMES = 'application/octet-stream'

interface Followed {
  asked: Up<'sub'>
  /** The engine has heard SUBBED: later ones say nothing new, unless the log was replaced. */
  isAnswered: boolean
}

export function createHttpTransport({ fetch, clock }: HttpTransportDeps): Transport {
  return {
    connect(listener) {
      const ending = new AbortController()
      const followed = new Map<SpaceId, Followed>()
      const waiting: Up<'push'>[] = []
      /** In a request that is not answered yet. It counts as not gone: PINGs that are answered beside it keep the line from being given up meanwhile. */
      let leaving: Up<'push'>[] = []
      /** What one request may carry: little over a slow line, so that no answer takes minutes; much over a quick one, which would wait for each of them. */
      let postBytes = DETOUR_POST_BYTES_MIN
      let isPosting = false
      let isAsking = false
      let isOver = false
      let hello: Up<'hello'> | null = null
      /** Whom the relay greeted: should somebody else sign in in this browser meanwhile, their cookie must not carry what we say. */
      let greeted: UserId | null = null
      /** What is open here, as it was last said by the engine. */
      const looking = new Map<ItemId, Up<'presence'>>()
      /** The others, as the engine heard it. */
      const others = new Map<string, Down<'present'>>()
      let looks: Disposable | null = null
      let isLooking = false
      let pause: Disposable | null = null

      const say = (...messages: DownMessage[]): void => {
        if (!isOver && messages.length > 0) listener.frame(encodeDown(...messages))
      }
      const close = (code: number): void => {
        if (isOver) return
        over()
        listener.closed(code, '')
      }
      const over = (): void => {
        isOver = true
        pause?.dispose()
        looks?.dispose()
        ending.abort()
      }

      /** Out: what the relay answered; null when this connection is over. Somebody's sign-in page is no answer of the relay. */
      async function ask(path: string, body?: Uint8Array<ArrayBuffer>): Promise<{ status: number; messages: DownMessage[] } | null> {
        try {
          const asked = greeted === null ? path : `${path}${path.includes('?') ? '&' : '?'}as=${greeted}`
          const response = await fetch(asked, { method: body ? 'POST' : 'GET', ...(body ? { body } : {}), signal: ending.signal })
          const { status } = response
          if (response.ok && response.headers.get('content-type')?.startsWith(FRAMES)) {
            const bytes = new Uint8Array(await response.arrayBuffer())
            const messages = bytes.length === 0 ? [] : decodeDown(bytes) // nobody else is there
            if (isOver) return null
            return { status, messages }
          }
          if (isOver) return null
          if (status === 403 || status === 404) return { status, messages: [] } // a relay from before this question: nothing is answered
          close(status === 401 ? CLOSE.signedOut.code : LOST)
        } catch (error) {
          if (!isOver) close(LOST)
          if (!(error instanceof Error)) throw error
          // No network, a cut answer, or one that is not ours: asked again on the next connection.
        }
        return null
      }

      async function greet(first: Up<'hello'>): Promise<void> {
        hello = first
        const answer = await ask('/sync/push', encodeUp(first))
        greeted = answer?.messages.find((message) => message.type === 'welcome')?.who.user ?? null
        if (answer) say(...answer.messages)
      }

      /** Whole entries from the front of what waits: as many as one request may carry, at least one. Empty when none is whole yet. */
      function nextBatch(): Up<'push'>[] {
        let count = 0
        let bytes = 0
        for (const [at, { fragment, fragments, payload }] of waiting.entries()) {
          bytes += payload.length
          if (count > 0 && bytes > postBytes) break
          if (fragment + 1 === fragments) count = at + 1
        }
        return waiting.splice(0, count)
      }

      /** In order; a request counts its pushes from 1. */
      async function post(): Promise<void> {
        if (isPosting) return
        isPosting = true
        for (;;) {
          leaving = nextBatch()
          const [first] = leaving
          if (!first) break
          const before = first.n - 1
          const beganAt = clock.now()
          const answer = await ask('/sync/push', encodeUp(...leaving.map((push) => ({ ...push, n: push.n - before }))))
          if (!answer) return
          if (answer.status === 403) return close(LOST)
          postBytes = clock.now() - beganAt < DETOUR_POST_MS_SHORT ? Math.min(2 * postBytes, DETOUR_POST_BYTES_MAX) : DETOUR_POST_BYTES_MIN
          say(...answer.messages.map((message) => (message.type === 'ack' ? { ...message, upToN: message.upToN + before } : message.type === 'nack' ? { ...message, n: message.n + before } : message)))
        }
        isPosting = false
      }

      /** Space after space; with one of them the relay holds the question until there is something, with more we come back. */
      async function poll(): Promise<void> {
        if (isAsking || isOver) return
        isAsking = true
        let isMore = false
        for (const [space, one] of followed) isMore = (await news(space, one)) || isMore
        isAsking = false
        if (isOver || followed.size === 0) return
        pause?.dispose()
        pause = clock.after(isMore ? 0 : DETOUR_POLL_MS, () => void poll())
      }

      /** Out: whether the relay has more for this space now. */
      async function news(space: SpaceId, one: Followed): Promise<boolean> {
        const { asked } = one
        const isAlone = followed.size === 1 && one.isAnswered
        const query = new URLSearchParams({
          space, epoch: asked.epoch, cursor: String(asked.cursor), tailHash: toHex(asked.tailHash), wait: String(isAlone ? DETOUR_WAIT_SECONDS : 0),
        })
        const answer = await ask(`/sync/entries?${query.toString()}`)
        if (!answer || followed.get(space) !== one) return false
        if (answer.status === 403) {
          followed.delete(space)
          say({ type: 'scope', space, role: null, kind: 'municipality', name: '', offlineDaysMax: null })
          return false
        }
        const subbed = answer.messages.find((message): message is Down<'subbed'> => message.type === 'subbed')
        if (!subbed) return false
        const runs = answer.messages.filter((message): message is Down<'entries'> => message.type === 'entries')
        if (!one.isAnswered) {
          one.isAnswered = true
          say(...answer.messages)
        } else if (subbed.mode === 'recover' || subbed.epoch !== asked.epoch) {
          // The log is another one now: the engine asks anew.
          followed.delete(space)
          say({ type: 'epoch', space, epoch: subbed.epoch })
          return false
        } else say(...runs)
        const last = runs.at(-1)
        const from = last ? { cursor: last.cursorAfter, tailHash: last.tailHashAfter } : subbed.mode === 'recover' ? null : { cursor: asked.cursor, tailHash: asked.tailHash }
        // Nothing of the new log yet: it is asked for again from its beginning.
        one.asked = { ...asked, epoch: subbed.epoch, ...(from ?? { cursor: 0, tailHash: new Uint8Array(asked.tailHash.length) }) }
        return last?.more ?? false
      }

      async function history(question: Up<'fetch'>): Promise<void> {
        if (!hello) return
        const answer = await ask('/sync/ask', encodeUp(hello, question))
        if (answer) say(...answer.messages.filter(({ type }) => type === 'itemEntries'))
      }

      /** Asked after the PING: what the relay answered before says nothing of now. What it says of the spaces is what a socket would have been told meanwhile. */
      async function answerPing(): Promise<void> {
        if (!hello || isOver) return
        const answer = await ask('/sync/push', encodeUp(hello))
        if (answer) say(...answer.messages.filter(({ type }) => type === 'scope'), { type: 'pong', serverTime: clock.now() })
      }

      const keyOf = ({ item, session }: Down<'present'>): string => `${item} ${session}`
      const lookSoon = (afterMs: number): void => {
        looks?.dispose()
        looks = clock.after(afterMs, () => void look())
      }
      /** All that is open here, and who else is there. Nothing open: said once, so that nobody sees us there any more. */
      async function look(): Promise<void> {
        if (!hello || isOver || isLooking) return
        isLooking = true
        const said = [...looking.values()]
        const answer = await ask('/sync/ask', encodeUp(hello, ...said))
        isLooking = false
        if (!answer || isOver) return
        const present = new Map(answer.messages.filter((message): message is Down<'present'> => message.type === 'present' && looking.has(message.item)).map((message) => [keyOf(message), message]))
        const gone = [...others].filter(([key]) => !present.has(key)).map(([, one]): DownMessage => ({ ...one, open: false, bytes: new Uint8Array() }))
        const isNews = ([key, one]: [string, Down<'present'>]): boolean => {
          const before = others.get(key)
          return !before || !bytesEqual(before.bytes, one.bytes)
        }
        const changed = [...present].filter(isNews).map(([, one]) => one)
        others.clear()
        for (const [key, one] of present) others.set(key, one)
        say(...gone, ...changed)
        const isChanged = said.length !== looking.size || said.some((one) => looking.get(one.item) !== one)
        if (isChanged) lookSoon(DETOUR_POLL_MS)
        else if (looking.size > 0) lookSoon(DETOUR_PRESENCE_MS)
      }

      clock.after(0, () => {
        if (!isOver) listener.opened()
      })
      return {
        isDetour: true,
        send(frame) {
          if (isOver) return
          for (const message of decodeUp(frame)) {
            switch (message.type) {
              case 'hello':
                void greet(message)
                break
              case 'sub':
                followed.set(message.space, { asked: message, isAnswered: false })
                void poll()
                break
              case 'unsub':
                followed.delete(message.space)
                break
              case 'push':
                waiting.push(message)
                break
              case 'ping':
                void answerPing()
                break
              case 'fetch':
                void history(message)
                break
              case 'presence': {
                const isNew = looking.has(message.item) !== message.open
                if (message.open) looking.set(message.item, message)
                else looking.delete(message.item)
                // Coming and going are said at once; a caret that moves waits for the next round.
                if (isNew) lookSoon(0)
                break
              }
              case 'recv':
                break // every answer of the twin waits for our next question
            }
          }
          void post()
        },
        bufferedBytes: () => [...leaving, ...waiting].reduce((sum, { payload }) => sum + payload.length, 0),
        dispose: over,
      }
    },
  }
}
