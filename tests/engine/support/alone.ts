// An engine with nothing around it: no connection, no other tabs, and a clock that stands still.
import type { UserId } from '../../../shared/base/ids.ts'
import { namedDice } from '../../../shared/base/random.ts'
import type { Engine } from '../../../client/engine/api.ts'
import { createEngine } from '../../../client/engine/engine.ts'
import type { EngineStore } from '../../../client/engine/store.ts'

/** `leads`: as the first tab of a browser does. */
export const openAlone = (store: EngineStore, user: UserId, leads = false): Promise<Engine> =>
  createEngine({
    store,
    transport: { connect: () => ({ send: () => undefined, bufferedBytes: () => 0, dispose: () => undefined }) },
    leadership: {
      campaign(onLeader) {
        if (leads) queueMicrotask(onLeader)
        return { dispose: () => undefined }
      },
    },
    clock: { now: () => 1, after: () => ({ dispose: () => undefined }) },
    dice: namedDice(1, 'alone'),
    me: { user, name: 'verloskundige', job: 'verloskundige', organisation: 'Schiedam', color: 1 },
    build: '0.1.0',
    web: { report: () => Promise.reject(new Error('offline')), people: () => Promise.reject(new Error('offline')) },
  })
