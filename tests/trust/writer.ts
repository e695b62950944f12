/**
 * Somebody who types without end in a document of its own, keeps what is not acknowledged and offers it again on the next connection, as the
 * engine does; and remembers every promise it was given.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import * as Y from 'yjs'
import { must } from '../../shared/base/assert.ts'
import { newId, type EntryId, type Id } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import type { Up } from '../../shared/protocol/messages/index.ts'
import { dial, pushOf, type Client } from './client.ts'

export interface Writer {
  readonly space: Id
  readonly item: Id
  /** Acknowledged, ever. */
  readonly acknowledged: Set<EntryId>
  /** Typed and not acknowledged. */
  readonly waitingCount: number
  /** Refusals that a laptop would park: none is expected of an honest writer. */
  readonly refusals: string[]
  /** Codes that say "later": the disk was full, the relay busy. */
  readonly postponed: Map<string, number>
  text(): string
  /** Resolves when the line is gone. */
  connect(address: string, cookie: string): Promise<{ gone: Promise<number> }>
  /** false: finishes what waits and types no more. */
  isTyping: boolean
  cut(): void
}

export interface WriterOptions {
  space: Id
  dice: Dice
  /** Told with every acknowledgement. */
  onAcknowledged?(entry: EntryId): void
  /** Edits on their way at a time. */
  window?: number
  /** Typed besides the number of the edit. */
  padding?: string
  /** Takes out what was there with every edit: much goes over the line, and the document stays small. */
  replaces?: boolean
}

const RETRY_AFTER_MS = 200
const RETRIED = new Set(['busy', 'rate', 'gap', 'storage'])

export function createWriter({ space, dice, onAcknowledged, window = 8, padding = '', replaces = false }: WriterOptions): Writer {
  const item = newId(dice)
  const writer = newId(dice)
  const doc = new Y.Doc()
  doc.clientID = dice.uint32()
  let update: Uint8Array | null = null
  doc.on('update', (bytes: Uint8Array) => (update = bytes))
  const text = new Y.XmlText()
  let count = 0
  const type = (): Uint8Array => {
    doc.transact(() => {
      if (count === 0) doc.getXmlFragment('prose').insert(0, [text])
      if (replaces) text.delete(0, text.length)
      text.insert(text.length, `${++count}${padding} `)
    })
    return must(update, 'an edit makes an update')
  }

  let outbox: { entry: EntryId; payload: Uint8Array }[] = []
  const acknowledged = new Set<EntryId>()
  const refusals: string[] = []
  const postponed = new Map<string, number>()
  let client: Client | null = null
  /** Per connection: the entry of each n. */
  let sent: EntryId[] = []
  let ackedUpTo = 0
  const refused = new Set<number>()

  const pump = (): void => {
    if (!client) return
    const line = client
    const onTheWay = new Set(sent.slice(ackedUpTo).filter((_, i) => !refused.has(ackedUpTo + i + 1)))
    while (self.isTyping && outbox.length < window) outbox.push({ entry: newId(dice), payload: type() })
    const messages: Up<'push'>[] = []
    for (const { entry, payload } of outbox) {
      if (onTheWay.has(entry)) continue
      sent.push(entry)
      messages.push(pushOf({ n: sent.length, space, entry, item, writer, payload }))
    }
    if (messages.length > 0) line.send(...messages)
  }

  const self: Writer = {
    space,
    item,
    acknowledged,
    refusals,
    postponed,
    isTyping: true,
    get waitingCount() {
      return outbox.length
    },
    text: () => text.toString(),
    cut: () => client?.cut(),
    async connect(address, cookie) {
      sent = []
      ackedUpTo = 0
      refused.clear()
      let isWaiting = false
      const mine = await dial(address, cookie, dice, (message) => {
        if (message.type === 'ack') {
          const gone = new Set<EntryId>()
          for (; ackedUpTo < message.upToN; ackedUpTo++) {
            if (refused.has(ackedUpTo + 1)) continue
            const entry = must(sent[ackedUpTo], 'acknowledged what was sent')
            gone.add(entry)
            acknowledged.add(entry)
            onAcknowledged?.(entry)
          }
          outbox = outbox.filter(({ entry }) => !gone.has(entry))
          pump()
        } else if (message.type === 'nack') {
          refused.add(message.n)
          postponed.set(message.code, (postponed.get(message.code) ?? 0) + 1)
          if (!RETRIED.has(message.code)) refusals.push(`${message.code} ${message.reason}`)
          if (isWaiting) return
          isWaiting = true
          setTimeout(() => {
            isWaiting = false
            // Everything that waits goes again, in its order, over a line of its own.
            if (client === mine) mine.cut()
          }, RETRY_AFTER_MS)
        }
      })
      client = mine
      const gone = mine.closed.then((code) => {
        if (client === mine) client = null
        return code
      })
      pump()
      return { gone }
    },
  }
  return self
}

/** One line of a writer from its beginning to its end, or a moment's wait where there is no relay. */
export async function stay(writer: Writer, address: string, cookie: string): Promise<void> {
  let line: { gone: Promise<number> }
  try {
    line = await writer.connect(address, cookie)
  } catch {
    return sleep(100) // down: whoever calls looks whether that may be
  }
  await line.gone
}
