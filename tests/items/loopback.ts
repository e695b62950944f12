/**
 * Two windows without a relay: engines that share one small world in memory, with the behaviour that handles rely on. Facts are multi-value
 * registers, as in the product: what was set apart is kept twice. `pause` cuts one window off, `resume` brings it back.
 */
import * as Y from 'yjs'
import { createEmitter } from '../../shared/base/emitter.ts'
import { newId, type Id, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { NO_ACTS } from '../../shared/model/acts.ts'
import { assignmentsOf, type Answer, type FactEdit, type FactsState, type FactValue } from '../../shared/model/facts.ts'
import type { Role } from '../../shared/model/grants.ts'
import { isItemType } from '../../shared/model/items/index.ts'
import type { Person } from '../../shared/model/people.ts'
import { rowOf } from '../../shared/derive/row.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import type { ActsView, Engine, EngineEvent, PresenceView, SpaceView } from '../../client/engine/api.ts'

interface SetOp {
  kind: 'facts'
  item: ItemId
  id: string
  path: string
  value: FactValue
  author: Id
  replaces: string[]
}
interface ProseOp {
  kind: 'prose'
  item: ItemId
  update: Uint8Array
  from: number
}
interface MakeOp {
  kind: 'make'
  item: ItemId
  space: SpaceId
}
type Op = SetOp | ProseOp | MakeOp

/** A write as a test sees it: `pair` names the transaction it was part of. */
export interface Written {
  item: ItemId
  part: 'prose' | 'facts'
  pair: number
}

export interface WindowEngine extends Engine {
  /** Nothing goes out or comes in until `resume`. */
  pause(): void
  resume(): void
  readonly written: readonly Written[]
  /** Throws away what was written while paused, as a person does with refused edits. */
  discard(): void
  /** Rows of this window now. */
  rowList(): ItemRow[]
  readonly me: Person
}

export interface Loopback {
  window(me: Person, role?: Role): WindowEngine
  readonly spaces: SpaceView[]
}

export const person = (name: string, color: number): Person => ({ user: newId(seededDice(color)), name, job: name, organisation: 'voorbeeld', color })

export function createLoopback(seed: number, spaces: SpaceView[]): Loopback {
  const dice = seededDice(seed)
  const log: Op[] = []
  const peers: { deliver(): void; showPresent(item: ItemId): void; id: string; me: Person; shown: Map<ItemId, PresenceView['state']>; isPaused(): boolean }[] = []

  return {
    spaces,
    window(me, role = 'leader') {
      const events = createEmitter<EngineEvent>()
      const docs = new Map<ItemId, Y.Doc>()
      const facts = new Map<ItemId, Map<string, Map<string, SetOp>>>()
      const overwritten = new Set<string>()
      const spaceOf = new Map<ItemId, SpaceId>()
      const opened = new Map<ItemId, number>()
      const shown = new Map<ItemId, PresenceView['state']>()
      const written: Written[] = []
      const own: Op[] = []
      let read = 0
      let isPaused = false
      let pairs = 0
      const session = newId(dice)

      const docOf = (item: ItemId): Y.Doc => {
        let doc = docs.get(item)
        if (!doc) docs.set(item, (doc = new Y.Doc()))
        return doc
      }
      const stateOf = (item: ItemId): FactsState => {
        const registers: Record<string, FactValue> = {}
        const conflicts: Record<string, Answer[]> = {}
        for (const [path, ops] of facts.get(item) ?? []) {
          const list = [...ops.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
          const winner = list.at(-1)
          if (winner) registers[path] = winner.value
          if (new Set(list.map((op) => op.value)).size > 1) conflicts[path] = list.map((op) => ({ value: op.value, key: op.id, author: op.author, time: null }))
        }
        return { registers, conflicts }
      }
      const noActs: ActsView = { settled: NO_ACTS, expected: NO_ACTS, acts: [] }

      const apply = (op: Op): void => {
        switch (op.kind) {
          case 'make':
            spaceOf.set(op.item, op.space)
            return
          case 'prose':
            return Y.applyUpdate(docOf(op.item), op.update)
          case 'facts': {
            const byPath = facts.get(op.item) ?? new Map<string, Map<string, SetOp>>()
            facts.set(op.item, byPath)
            const ops = byPath.get(op.path) ?? new Map<string, SetOp>()
            byPath.set(op.path, ops)
            for (const id of op.replaces) {
              ops.delete(id)
              overwritten.add(id)
            }
            if (!overwritten.has(op.id)) ops.set(op.id, op)
          }
        }
      }
      const announce = (op: Op, isOwn: boolean): void => {
        const space = spaceOf.get(op.item)
        if (space) events.fire({ type: 'rows', spaces: [space] })
        if (!opened.has(op.item)) return
        if (op.kind === 'prose' && !isOwn) events.fire({ type: 'prose', item: op.item, update: op.update })
        if (op.kind === 'facts') events.fire({ type: 'facts', item: op.item, facts: stateOf(op.item) })
      }
      const deliver = (): void => {
        while (!isPaused && read < log.length) {
          const op = log[read++] as Op
          if (own.includes(op)) continue
          apply(op)
          announce(op, false)
        }
      }
      const commit = (ops: Op[]): void => {
        pairs++
        for (const op of ops) {
          own.push(op)
          apply(op)
          if (op.kind === 'prose' || op.kind === 'facts') written.push({ item: op.item, part: op.kind, pair: pairs })
        }
        for (const op of ops) announce(op, true)
        if (isPaused) return
        log.push(...ops)
        for (const peer of peers) peer.deliver()
      }
      const factOps = (item: ItemId, edits: readonly FactEdit[]): SetOp[] =>
        edits.flatMap(assignmentsOf).map(([path, value]) => ({
          kind: 'facts', item, id: newId(dice), path, value, author: me.user, replaces: [...(facts.get(item)?.get(path)?.keys() ?? [])],
        }))
      const later = <T>(make: () => T): Promise<T> => Promise.resolve().then(make)
      const showPresent = (item: ItemId): void => {
        if (!opened.has(item)) return
        const present = peers.filter((peer) => peer.id !== session && !peer.isPaused() && peer.shown.has(item)).map((peer) => ({ session: peer.id, who: peer.me, state: peer.shown.get(item) ?? {} }))
        events.fire({ type: 'presence', item, present })
      }
      const rowList = (): ItemRow[] =>
        [...spaceOf].flatMap(([item, space]) => {
          const state = stateOf(item)
          return isItemType(state.registers.type) ? [rowOf({ item, space, facts: state, acts: NO_ACTS, changedAt: 0, changedBy: null })] : []
        })

      peers.push({ deliver, showPresent, id: session, me, shown, isPaused: () => isPaused })
      for (const op of log) apply(op)
      read = log.length

      const nothing = (): Promise<never[]> => later(() => [])
      const unused = (): Promise<never> => Promise.reject(new Error('Bug: this engine of the tests does not do that'))
      return {
        me,
        written,
        rowList,
        onEvent: events.event,
        pause() {
          isPaused = true
        },
        resume() {
          isPaused = false
          const sent = new Set(log)
          log.push(...own.filter((op) => !sent.has(op)))
          for (const peer of peers) peer.deliver()
        },
        discard() {
          const sent = new Set(log)
          const lost = own.filter((op) => !sent.has(op))
          own.splice(0, own.length, ...own.filter((op) => sent.has(op)))
          docs.clear()
          facts.clear()
          for (const op of log.slice(0, read)) apply(op)
          for (const item of new Set(lost.map((op) => op.item))) events.fire({ type: 'rebuilt', item })
        },
        status: () =>
          later(() => ({
            state: isPaused ? 'offline' : 'relay', inMemoryCount: 0, waitingCount: 0, parkedCount: 0, waitingItems: [], connection: isPaused ? 'offline' : 'live', blockedBy: null,
            behindCount: 0, storeFailure: null, follower: false, isDetour: false,
          })),
        spaces: () => later(() => spaces.map((space) => ({ ...space, role }))),
        freshRows: (space) => later(() => rowList().filter((row) => row.space === space)),
        rows: (space) => later(() => rowList().filter((row) => !space || row.space === space)),
        people: () => later(() => peers.map((peer) => peer.me)),
        spaceOf: () => later(() => null),
        openItem: (item) =>
          later(() => {
            opened.set(item, (opened.get(item) ?? 0) + 1)
            queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => showPresent(item))))
            return { prose: { update: Y.encodeStateAsUpdate(docOf(item)), clientId: dice.uint32() }, facts: stateOf(item), acts: noActs }
          }),
        closeItem: (item) =>
          later(() => {
            const count = (opened.get(item) ?? 1) - 1
            if (count > 0) opened.set(item, count)
            else opened.delete(item)
          }),
        writeProse: (item, clientId, update) => later(() => commit([{ kind: 'prose', item, update, from: clientId }])),
        editFacts: (item, edits) => later(() => commit(factOps(item, edits))),
        editLinked: (item, edits, clientId, update) => later(() => commit([...factOps(item, edits), { kind: 'prose', item, update, from: clientId }])),
        createItem: ({ space, type, edits, prose }) =>
          later(() => {
            const item = newId(dice)
            commit([
              { kind: 'make', item, space },
              ...factOps(item, [{ op: 'set', path: 'type', value: type }, ...edits]),
              ...(prose ? [{ kind: 'prose' as const, item, update: prose, from: 0 }] : []),
            ])
            return item
          }),
        act: unused,
        sealContent: unused,
        showPresence: (item, state) =>
          later(() => {
            if (state) shown.set(item, structuredClone(state))
            else shown.delete(item)
            for (const peer of peers) peer.showPresent(item)
          }),
        parked: nothing,
        exportParked: unused,
        retryParked: unused,
        discardParked: unused,
        version: () => later(() => null),
        timeline: () => later(() => ({ moments: [], momentCount: 0, isWhole: true })),
        search: async () => ({ hits: [], isComplete: true }),
        programmeReport: () => later(() => null),
        exportUnsent: unused,
        reconnect: () => later(() => undefined),
        dispose: () => later(() => events.dispose()),
      }
    },
  }
}
