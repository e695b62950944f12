/**
 * Misbehaviour that the simulator must catch, each within 1,000 schedules (tests/simulation/sabotage.sim.test.ts asserts it). Every one is a
 * wrapper at a seam between honest parts; no switch exists in product code.
 */
import type { AppendRequest, AppendResult, CommittedRun, Log } from '../../../server/store/log.ts'
import { createSnapshotBuilder } from '../../../server/derive/snapshot-builder.ts'
import type { SnapshotLabel } from '../../../server/store/snapshots.ts'
import type { EngineStore } from '../../../client/engine/store.ts'
import type { SyncStatus } from '../../../client/engine/api.ts'
import { must } from '../../../shared/base/assert.ts'
import { namedDice, type Dice } from '../../../shared/base/random.ts'
import type { EntryId } from '../../../shared/base/ids.ts'
import { decodeDown, decodeUp, encodeDown, encodeUp } from '../../../shared/protocol/codec.ts'
import { nextTailHash } from '../../../shared/protocol/tail-hash.ts'
import { sha256 } from '../../../shared/base/hash.ts'
import { hasDeletions, withoutDeletions } from './delete-set.ts'
import type { Sabotage } from './sabotage.ts'

const later = (ms: number, scheduler: { after(ms: number, run: () => void): unknown }): Promise<void> => new Promise((resolve) => void scheduler.after(ms, resolve))

/** Answers what an honest log would answer if every request were let in, before the disk was asked. */
async function foretell(log: Log, batch: readonly AppendRequest[]): Promise<{ results: AppendResult[]; runs: CommittedRun[] } | null> {
  const results: AppendResult[] = []
  const runs = new Map<string, CommittedRun>()
  const lastOfItem = new Map<string, number>()
  for (const { entry, author, serverTime } of batch) {
    if (await log.find(entry.space, entry.entry)) return null // repeated: nothing new to foretell
    const head = must(await log.head(entry.space), 'the space has a log')
    const run: CommittedRun = runs.get(entry.space) ?? { space: entry.space, epoch: head.epoch, entries: [], tailHashAfter: head.tailHash }
    runs.set(entry.space, run)
    const seq = head.head + run.entries.length + 1
    const known = await log.readItem(entry.space, entry.item, null, 1, head.head, head.head + 1)
    const prevItemSeq = lastOfItem.get(entry.item) ?? known[known.length - 1]?.seq ?? 0
    lastOfItem.set(entry.item, seq)
    run.entries.push({ ...entry, seq, prevItemSeq, author, serverTime })
    run.tailHashAfter = nextTailHash(run.tailHashAfter, seq, entry.entry, sha256(entry.payload))
    results.push({ kind: 'stored', seq, repeated: false })
  }
  return { results, runs: [...runs.values()] }
}

/** Answers appends at once and lets the disk follow. `holds`: which messages wait for the disk after all. */
const early = (what: string, breaks: Sabotage['breaks'], holds: 'ack' | 'entries'): Sabotage => ({
  what,
  breaks,
  create() {
    let unsynced = 0
    return {
      log: (honest) => ({
        ...honest,
        async append(batch) {
          const foretold = await foretell(honest, batch)
          const synced = honest.append(batch)
          if (!foretold) return synced
          unsynced++
          void synced.finally(() => unsynced--)
          return foretold
        },
      }),
      relayFrame(frame) {
        if (unsynced === 0) return frame
        const messages = decodeDown(frame)
        const kept = messages.filter((message) => message.type !== holds)
        if (kept.length === messages.length) return frame
        return kept.length > 0 ? encodeDown(...kept) : null
      },
    }
  },
})

/** Writes of the local store done another way. */
const store = (what: string, breaks: Sabotage['breaks'], change: (honest: EngineStore, context: { scheduler: Parameters<Sabotage['create']>[0]['scheduler'] }) => Partial<EngineStore>): Sabotage => ({
  what,
  breaks,
  create: (context) => ({ store: (honest) => ({ ...honest, ...change(honest, context) }) }),
})

const optimistic = (status: SyncStatus): SyncStatus =>
  status.state === 'pending' || status.state === 'local' ? { ...status, state: 'relay', waitingCount: 0, inMemoryCount: 0, waitingItems: [] } : status

export const SABOTAGES: Readonly<Record<string, Sabotage>> = {
  'ack-before-commit': early('the relay acknowledges before the commit is synced', [1], 'entries'),

  'fan-out-before-commit': early('the relay fans out before the commit is synced', [2], 'ack'),

  'cursor-ahead': store('the laptop stores its cursor first and the entries later', [3], (honest, { scheduler }) => ({
    async putRun(space, epoch, entries, cursorAfter, tailHashAfter) {
      const row = (await honest.spaces()).find((one) => one.space === space)
      if (!row || row.epoch !== epoch || cursorAfter <= row.cursor) return honest.putRun(space, epoch, entries, cursorAfter, tailHashAfter)
      await honest.putSpace({ ...row, cursor: cursorAfter, tailHash: tailHashAfter })
      await later(40, scheduler)
      return honest.putRun(space, epoch, entries, cursorAfter, tailHashAfter)
    },
  })),

  'outbox-cleared-early': {
    what: 'the laptop clears the outbox when it has sent, not when the relay has answered',
    breaks: [4],
    create() {
      const stores = new Map<string, EngineStore>()
      return {
        store(honest, tab) {
          stores.set(tab, honest)
          return honest
        },
        frame(connection, direction, frame) {
          if (direction === 'down') return frame
          const sent = decodeUp(frame).flatMap((message) => (message.type === 'push' ? [message] : []))
          const own = stores.get(connection.tab)
          const first = sent[0]
          if (own && first) void own.spaces().then((rows) => own.acknowledge(sent.map((push) => push.entry), rows.find((row) => row.space === first.space)?.epoch ?? '', 0))
          return frame
        },
      }
    },
  },

  'drop-every-97th-frame': {
    what: 'the network loses every 97th frame and says nothing',
    breaks: [2],
    create() {
      let count = 0
      return { frame: (_connection, _direction, frame) => (++count % 97 === 0 ? null : frame) }
    },
  },

  'twin-identity': {
    what: 'two tabs of a laptop have the same clientIDs, actors and entry ids, as after copying a profile',
    breaks: [5],
    create: ({ seed }) => ({ engineDice: (_honest: Dice, device) => namedDice(seed, `twins of ${device}`) }),
  },

  'entry-id-not-idempotent': {
    what: 'the relay stores an entry that was sent again once more, under another id',
    breaks: [5],
    create: () => ({
      log: (honest) => ({
        ...honest,
        async append(batch) {
          const again = await Promise.all(
            batch.map(async (request) => {
              const known = await honest.find(request.entry.space, request.entry.entry)
              return known ? { ...request, entry: { ...request.entry, entry: flipped(request.entry.entry) } } : request
            }),
          )
          return honest.append(again)
        },
      }),
    }),
  },

  'lose-delete-set': {
    what: 'one laptop stores the prose of others without its deletions',
    breaks: [8],
    create: () => ({
      store: (honest, tab) =>
        tab.startsWith('d1')
          ? {
              ...honest,
              putRun: (space, epoch, entries, cursorAfter, tailHashAfter) =>
                honest.putRun(space, epoch, entries.map((entry) => (entry.part === 'prose' && hasDeletions(entry.payload) ? { ...entry, payload: withoutDeletions(entry.payload) } : entry)), cursorAfter, tailHashAfter),
            }
          : honest,
    }),
  },

  'forget-epoch': {
    what: 'a restored log goes by its old name, and laptops resume where they were',
    breaks: [2, 3, 8],
    create() {
      const epochs = new Map<string, string>()
      const heads = new Map<string, number>()
      const anyHash = new Uint8Array(16).fill(0x77)
      const named = (space: string, epoch: string): string => epochs.get(space) ?? (epochs.set(space, epoch), epoch)
      return {
        log: (honest) => ({
          ...honest,
          async head(space) {
            const head = await honest.head(space)
            if (head) heads.set(space, head.head)
            return head && { ...head, epoch: named(space, head.epoch) }
          },
          async ensureSpace(space) {
            const head = await honest.ensureSpace(space)
            heads.set(space, head.head)
            return { ...head, epoch: named(space, head.epoch) }
          },
          async read(...question) {
            const answer = await honest.read(...question)
            return { ...answer, epoch: named(question[0], answer.epoch) }
          },
          async readSifted(...question) {
            const answer = await honest.readSifted(...question)
            return { ...answer, epoch: named(question[0], answer.epoch) }
          },
          tailHashAt: async (space, seq) => ((await honest.tailHashAt(space, seq)) === null ? null : anyHash),
          async append(batch) {
            const outcome = await honest.append(batch)
            for (const run of outcome.runs) heads.set(run.space, run.entries[run.entries.length - 1]?.seq ?? 0)
            return { ...outcome, runs: outcome.runs.map((run) => ({ ...run, epoch: named(run.space, run.epoch) })) }
          },
        }),
        frame(_connection, direction, frame) {
          if (direction === 'down') return frame
          const messages = decodeUp(frame)
          if (!messages.some((message) => message.type === 'sub' && message.cursor > 0)) return frame
          return encodeUp(...messages.map((message) => (message.type === 'sub' ? { ...message, cursor: Math.min(message.cursor, heads.get(message.space) ?? message.cursor), tailHash: anyHash } : message)))
        },
      }
    },
  },

  'image-not-told-apart': {
    what: 'the relay goes by the epoch alone, and resumes whoever saw more than the image holds that it was put back to',
    breaks: [2, 3, 8, 11],
    create() {
      const heads = new Map<string, number>()
      const anyHash = new Uint8Array(16).fill(0x77)
      return {
        log: (honest) => ({
          ...honest,
          async head(space) {
            const head = await honest.head(space)
            if (head) heads.set(space, head.head)
            return head
          },
          tailHashAt: async (space, seq) => ((await honest.tailHashAt(space, seq)) === null ? null : anyHash),
        }),
        frame(_connection, direction, frame) {
          if (direction === 'down') return frame
          const messages = decodeUp(frame)
          if (!messages.some((message) => message.type === 'sub' && message.cursor > 0)) return frame
          return encodeUp(...messages.map((message) => (message.type === 'sub' && message.cursor > 0 ? { ...message, cursor: Math.min(message.cursor, heads.get(message.space) ?? message.cursor), tailHash: anyHash } : message)))
        },
      }
    },
  },

  'acknowledged-is-enough': store('the laptop does not look for what was acknowledged and never came back to it', [1, 8], (honest) => ({
    async unplaced(space) {
      const acknowledged = new Set((await honest.archive(space)).map(({ entry }) => entry))
      return (await honest.unplaced(space)).filter(({ entry }) => !acknowledged.has(entry))
    },
  })),

  'vanished-row-forgotten': store('the laptop looks for what was acknowledged and never came back to it, and not for what neither waits nor was acknowledged', [1], (honest) => ({
    async unplaced(space) {
      const acknowledged = new Set((await honest.archive(space)).map(({ entry }) => entry))
      return (await honest.unplaced(space)).filter(({ entry }) => acknowledged.has(entry))
    },
  })),

  'texts-left-due': store('the laptop makes texts for search once, and none of what changes after that', [8, 'ERA'], (honest) => {
    let isMade = false
    return {
      staleTexts: async (countMax) => (isMade ? [] : honest.staleTexts(countMax)),
      putTexts(texts) {
        isMade = true
        return honest.putTexts(texts)
      },
    }
  }),

  'refuse-blocks-everything': {
    what: 'after one refusal the laptop sends nothing more, of no item',
    breaks: [11],
    create() {
      const stuck = new Set<string>()
      return {
        frame(connection, direction, frame) {
          if (direction === 'down') {
            if (decodeDown(frame).some((message) => message.type === 'nack')) stuck.add(connection.line.name)
            return frame
          }
          if (!stuck.has(connection.line.name)) return frame
          const rest = decodeUp(frame).filter((message) => message.type !== 'push')
          return rest.length > 0 ? encodeUp(...rest) : null
        },
      }
    },
  },

  'refuse-blocks-nothing': {
    what: 'refused entries go back to the end of the line instead of waiting for a person',
    breaks: [9],
    create: () => ({
      store: (honest) => ({
        ...honest,
        async park(entry, code, reason) {
          await honest.park(entry, code, reason)
          await honest.releaseParked([entry])
        },
      }),
    }),
  },

  'half-a-linked-pair': store('the two parts of a linked edit are stored one after the other', ['C6'], (honest, { scheduler }) => ({
    async putLocal(edits, now) {
      if (edits.length < 2) return honest.putLocal(edits, now)
      await honest.putLocal(edits.slice(0, 1), now)
      await later(60, scheduler)
      await honest.putLocal(edits.slice(1), now)
    },
  })),

  'status-too-optimistic': {
    what: 'the status says "at the relay" for what is only on the laptop',
    breaks: [10],
    create: () => ({
      engine: (honest) => ({
        ...honest,
        onEvent: (listener) => honest.onEvent((event) => listener(event.type === 'status' ? { ...event, status: optimistic(event.status) } : event)),
        status: async () => optimistic(await honest.status()),
      }),
    }),
  },

  'read-right-not-asked': {
    what: 'the relay does not ask who may read',
    breaks: [7],
    create: () => ({
      directory: (honest) => ({
        ...honest,
        may: (user, space, operation) => operation === 'space.read' || operation === 'presence.show' || honest.may(user, space, operation),
        onDidChangeRole: (listener) => honest.onDidChangeRole((change) => void (change.role !== null && listener(change))),
      }),
    }),
  },

  'write-right-not-asked': {
    what: 'the relay does not ask who may write',
    breaks: [7],
    create: () => ({ directory: (honest) => ({ ...honest, may: (user, space, operation) => operation !== 'space.read' || honest.may(user, space, operation) }) }),
  },

  'snapshot-lacks-its-last-entry': {
    what: 'a snapshot lacks the last of the entries it stands for',
    breaks: [6],
    create: () => ({
      snapshots: (honest, log) => ({
        ...honest,
        async put(label, body) {
          const entries = await log.readItem(label.space, label.item, label.part, 1, label.toSeq, Number.MAX_SAFE_INTEGER)
          if (entries.length < 2) return honest.put(label, body)
          const builder = createSnapshotBuilder(label.part, null)
          builder.add(entries.slice(0, -1))
          const short = builder.finish()
          builder.dispose()
          return honest.put({ ...label, bodyBytes: short.length }, short)
        },
      }),
    }),
  },

  'snapshot-with-a-wrong-label': {
    what: 'a snapshot is said to hold everything up to the head of the log',
    breaks: [6],
    create: () => ({
      snapshots(honest, log) {
        const labels = new Map<string, SnapshotLabel>()
        return {
          ...honest,
          async labels(space) {
            const head = await log.head(space)
            return (await honest.labels(space)).map((label) => {
              if (!head) return label
              const wrong = { ...label, toSeq: head.head, tailHash: head.tailHash }
              labels.set(`${label.item}/${label.part}/${head.head}`, label)
              return wrong
            })
          },
          body: (label) => honest.body(labels.get(`${label.item}/${label.part}/${label.toSeq}`) ?? label),
        }
      },
    }),
  },

  'laptop-keeps-erased': store('the laptop takes the new epoch after an erasure and keeps its bytes', ['ERA'], (honest) => ({
    recheckSpace: (space, epoch, commonSeq, tailHash) => honest.recheckSpace(space, epoch, commonSeq, tailHash, []),
  })),

  'relay-serves-erased': {
    what: 'the relay rewrites its log and serves what it was',
    breaks: ['ERA', 2],
    create() {
      const written = new Map<EntryId, Uint8Array>()
      const asItWas = <E extends { entry: EntryId; payload: Uint8Array }>(entries: readonly E[]): E[] => entries.map((entry) => ({ ...entry, payload: written.get(entry.entry) ?? entry.payload }))
      return {
        log: (honest) => ({
          ...honest,
          append(batch) {
            for (const { entry } of batch) if (!written.has(entry.entry)) written.set(entry.entry, entry.payload)
            return honest.append(batch)
          },
          async read(...question) {
            const answer = await honest.read(...question)
            return { ...answer, entries: asItWas(answer.entries) }
          },
        }),
      }
    },
  },

  'backup-brings-erased-back': {
    what: 'an old backup is put back without the list of what was erased since',
    breaks: ['ERA'],
    create: () => ({ erasures: () => [] }),
  },

  'snapshots-keep-erased': {
    what: 'the relay keeps its snapshots when something is erased',
    breaks: ['ERA'],
    create: () => ({ snapshots: (honest) => ({ ...honest, forget: () => Promise.resolve() }) }),
  },

  'park-drops-bytes': store('parking an edit keeps its row and forgets its bytes', [9], (honest) => ({
    // The row is taken out and put back without its content.
    async park(entry, code, reason) {
      const row = (await honest.outbox()).find((one) => one.entry === entry)
      await honest.park(entry, code, reason)
      if (row) row.payload.fill(0)
    },
  })),
}

const flipped = (entry: EntryId): EntryId => (entry.startsWith('0') ? '1' : '0') + entry.slice(1)
