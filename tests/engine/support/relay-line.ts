// The engine and the relay that ships in one process: the line between them over virtual time, which a test cuts, refuses or listens to, and an
// engine on it with the documents of a window.
import * as Y from 'yjs'
import type { Clock } from '../../../shared/base/clock.ts'
import type { UserId } from '../../../shared/base/ids.ts'
import type { Dice } from '../../../shared/base/random.ts'
import type { Person } from '../../../shared/model/people.ts'
import type { Relay } from '../../../server/relay/api.ts'
import type { Engine, EngineEvent } from '../../../client/engine/api.ts'
import { createEngine } from '../../../client/engine/engine.ts'
import type { EngineStore } from '../../../client/engine/store.ts'
import type { Transport } from '../../../client/engine/transport.ts'
import type { VirtualClock } from './world.ts'

/** Sees every frame on its way; what `down` gives back is what arrives, null is nothing. */
export interface Tap {
  up?(frame: Uint8Array): void
  down?(frame: Uint8Array): Uint8Array | null
}

export interface RelayLine {
  /** false: connections fail; live ones go on until they are ended. */
  isUp: boolean
  /** Ends what is open, as a lost line does or with a code of the relay. */
  end(code?: number): void
  transport(user: UserId, tap?: Tap): Transport
}

/** In: `relay` is asked at every connection, because a test may begin another one. */
export function createRelayLine(clock: Clock, relay: () => Pick<Relay, 'accept'>): RelayLine {
  const open = new Set<(code: number) => void>()
  const line: RelayLine = {
    isUp: true,
    end(code = 1006) {
      for (const end of [...open]) end(code)
    },
    transport: (user, tap = {}) => ({
      connect(listener) {
        let isOpen = false
        let session: ReturnType<Relay['accept']> | null = null
        const hangUp = (): boolean => {
          const wasOpen = isOpen
          isOpen = false
          open.delete(end)
          if (wasOpen) session?.closed()
          return wasOpen
        }
        const end = (code: number): void => {
          if (hangUp()) clock.after(1, () => listener.closed(code, ''))
        }
        const connecting = clock.after(1, () => {
          if (!line.isUp) return listener.closed(1006, '')
          isOpen = true
          open.add(end)
          session = relay().accept(
            {
              send(frame) {
                const arriving = tap.down ? tap.down(frame) : frame
                if (arriving) clock.after(1, () => isOpen && listener.frame(arriving))
              },
              bufferedBytes: () => 0,
              close: (code) => end(code),
            },
            user,
          )
          listener.opened()
        })
        return {
          send(frame) {
            tap.up?.(frame)
            clock.after(1, () => isOpen && session?.receive(frame))
          },
          bufferedBytes: () => 0,
          dispose() {
            connecting.dispose()
            hangUp()
          },
        }
      },
    }),
  }
  return line
}

export interface OnRelay {
  engine: Engine
  /** Everything the engine told its window, in order. */
  events: EngineEvent[]
  /** The document of an open item, as a window holds it: what is typed goes to the engine, what comes is shown. */
  follow(item: string): Promise<Y.Doc>
}

export async function openOnRelay({ store, transport, clock, dice, me }: { store: EngineStore; transport: Transport; clock: VirtualClock; dice: Dice; me: Person }): Promise<OnRelay> {
  const engine = await createEngine({
    store, transport, clock, dice, me, build: 'test',
    leadership: {
      campaign(onLeader) {
        void Promise.resolve().then(onLeader)
        return { dispose: () => undefined }
      },
    },
    web: { report: () => Promise.reject(new Error('offline')), people: () => Promise.reject(new Error('offline')) },
  })
  const events: EngineEvent[] = []
  engine.onEvent((event) => void events.push(event))
  return {
    engine,
    events,
    async follow(item) {
      const { prose } = await clock.answer(engine.openItem(item))
      const doc = new Y.Doc()
      doc.clientID = prose.clientId
      Y.applyUpdate(doc, prose.update, 'remote')
      doc.on('update', (update: Uint8Array, origin: unknown) => {
        if (origin !== 'remote') void engine.writeProse(item, prose.clientId, update)
      })
      engine.onEvent((event) => {
        if (event.type === 'prose' && event.item === item) Y.applyUpdate(doc, event.update, 'remote')
      })
      return doc
    },
  }
}
