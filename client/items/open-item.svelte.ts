/**
 * One open item of this window: one Y.Doc under one clientID, facts, acts and presence, shared by all handles on it.
 *
 * Invariants: the document changes first and the engine is told afterwards, never awaited; every update that is not of others is
 * written exactly once; updates of others are applied with origin `remote`, and their carets shown, at most every
 * REMOTE_APPLY_MS, so that ten people typing cost one redraw and not ten.
 */
import * as Y from 'yjs'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import type { Act } from '../../shared/model/acts.ts'
import type { FactEdit, FactsState, FactValue } from '../../shared/model/facts.ts'
import { may, type Role } from '../../shared/model/grants.ts'
import { isItemType, SCHEMAS } from '../../shared/model/items/index.ts'
import { PRESENCE_COALESCE_MS } from '../../shared/model/limits.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import type { ActsView, Engine, EngineEvent, PresenceView } from '../engine/api.ts'
import { ORIGIN_REMOTE, type ItemHandle } from './items.ts'
import { createOptimisticFacts } from './optimistic-facts.ts'
import { guardsOf, onResume, tellErased } from './remote-guard.ts'

/** Twenty redraws a second for the edits of others: nobody sees the difference, and the frames between belong to the own keys. */
export const REMOTE_APPLY_MS = 50

export interface OpenItemDeps {
  engine: Engine
  clock: Clock
  row(item: ItemId): ItemRow | null
  role(space: SpaceId): Role | null
  /** Space of an item whose row is not there yet, because it was made a moment ago. */
  spaceOf(item: ItemId): SpaceId | null
  /** Takes what can only be a bug: the engine refused an edit as malformed. */
  report(error: unknown): void
}

type Opened = Awaited<ReturnType<Engine['openItem']>>
type Cursor = { anchor: unknown; head: unknown } | null

type ItemEvent = Extract<EngineEvent, { item: ItemId }>

/** One life of an open item: from the engine's answer until it is closed or rebuilt. */
interface Core extends Omit<ItemHandle, 'row' | 'dispose'> {
  /** Nobody looks at it in this window: others no longer see us in it. */
  rest(): void
  wake(): void
  close(): void
  hear(event: Exclude<ItemEvent, { type: 'rebuilt' }>): void
}

function createCore(item: ItemId, opened: Opened, deps: OpenItemDeps): Core {
  const { engine, clock, report } = deps
  const doc = createProseDoc()
  doc.clientID = opened.prose.clientId
  if (opened.prose.update.length > 0) Y.applyUpdate(doc, opened.prose.update, ORIGIN_REMOTE)

  const optimistic = createOptimisticFacts(opened.facts)
  let facts = $state.raw<FactsState>(opened.facts)
  let acts = $state.raw<ActsView>(opened.acts)
  let present = $state.raw<readonly PresenceView[]>([])
  let isClosed = false

  // Own prose

  /** Updates made inside `editLinked`, kept back to travel with their facts. */
  let linked: Uint8Array[] | null = null
  const onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === ORIGIN_REMOTE) return
    if (linked) linked.push(update)
    else engine.writeProse(item, doc.clientID, update).catch(report)
  }
  doc.on('update', onUpdate)

  // What others do

  let waiting: Uint8Array[] = []
  let waitingPresent: readonly PresenceView[] | null = null
  let appliedAt = -Infinity
  let applyTimer: Disposable | null = null
  const applyProse = (): void => {
    if (waiting.length === 0 || isClosed) return
    const guards = [...guardsOf(doc)]
    if (guards.some((guard) => guard.isBusy())) return
    for (const guard of guards) guard.beforeApply()
    const updates = waiting
    waiting = []
    let failure: unknown = null
    try {
      doc.transact(() => {
        for (const update of updates) Y.applyUpdate(doc, update, ORIGIN_REMOTE)
      }, ORIGIN_REMOTE)
    } catch (error) {
      // The document has the update; a drawing of it failed. Without an editor to take care of that, it is a bug of ours.
      failure = error
      if (guards.length === 0) report(error)
    }
    for (const guard of guards) guard.afterApply(failure)
  }
  /** Text and carets in one go: a caret stands in the text it was put into. */
  const applyRemote = (): void => {
    applyTimer?.dispose()
    applyTimer = null
    appliedAt = clock.now()
    applyProse()
    if (waitingPresent) present = waitingPresent
    waitingPresent = null
  }
  const applySoon = (): void => {
    const waitMs = appliedAt + REMOTE_APPLY_MS - clock.now()
    if (waitMs <= 0) applyRemote()
    else applyTimer ??= clock.after(Math.min(waitMs, REMOTE_APPLY_MS), applyRemote)
  }
  onResume(doc, applyRemote)

  // Facts

  const send = (edits: readonly FactEdit[], write: () => Promise<void>): void => {
    const ticket = optimistic.own(edits)
    facts = optimistic.shown
    write().then(
      () => {
        optimistic.settle(ticket)
        facts = optimistic.shown
      },
      (error: unknown) => {
        optimistic.drop(ticket)
        facts = optimistic.shown
        report(error)
      },
    )
  }
  const edit = (edits: readonly FactEdit[]): void => {
    if (edits.length > 0) send(edits, () => engine.editFacts(item, edits))
  }
  const editLinked = (edits: readonly FactEdit[], change: (doc: Y.Doc) => void): void => {
    const updates: Uint8Array[] = []
    linked = updates
    try {
      change(doc)
    } finally {
      linked = null
      // Whatever `change` did is in the document already, also when it threw half-way: it has to reach the log.
      const update = updates.length > 1 ? Y.mergeUpdates(updates) : updates[0]
      if (update) send(edits, () => engine.editLinked(item, edits, doc.clientID, update))
      else edit(edits)
    }
  }

  // Presence

  let shownCursor = 'unsaid'
  let wantedCursor: Cursor = null
  let shownAt = -Infinity
  let presenceTimer: Disposable | null = null
  const sendPresence = (): void => {
    presenceTimer = null
    const text = JSON.stringify(wantedCursor)
    if (text === shownCursor || isClosed) return
    shownCursor = text
    shownAt = clock.now()
    engine.showPresence(item, { cursor: wantedCursor }).catch(report)
  }
  const showCursor = (cursor: Cursor): void => {
    wantedCursor = cursor
    const waitMs = shownAt + PRESENCE_COALESCE_MS - clock.now()
    if (waitMs <= 0) sendPresence()
    else presenceTimer ??= clock.after(Math.min(waitMs, PRESENCE_COALESCE_MS), sendPresence)
  }
  // Whoever reads along is shown as well, without a caret.
  showCursor(null)

  const isWritable = (): boolean => {
    const row = deps.row(item)
    const type = facts.registers.type ?? row?.type ?? ''
    if (type !== '' && !isItemType(type)) return false
    if (isItemType(type) && (opened.schema ?? 0) > SCHEMAS[type].version) return false
    const space = row?.space ?? deps.spaceOf(item)
    return space !== null && may(deps.role(space), 'item.write')
  }

  return {
    item,
    doc,
    prose: doc.getXmlFragment('prose'),
    get facts() {
      return facts
    },
    get acts() {
      return acts
    },
    get present() {
      return present
    },
    get isWritable() {
      return isWritable()
    },
    edit: (...edits: FactEdit[]) => edit(edits),
    set(path: string, value: FactValue) {
      const isSettled = facts.conflicts[path] === undefined
      if (isSettled && (facts.registers[path] ?? null) === value) return
      edit([{ op: 'set', path, value }])
    },
    editLinked,
    act: (act: Act) => engine.act(item, act),
    showCursor,
    hear(event) {
      switch (event.type) {
        case 'prose':
          waiting.push(event.update)
          return applySoon()
        case 'facts':
          optimistic.replace(event.facts)
          facts = optimistic.shown
          return
        case 'acts':
          acts = event.acts
          return
        case 'erased':
          // Taking back would write anew what was erased for good.
          tellErased(doc)
          return
        case 'presence':
          waitingPresent = event.present
          return applySoon()
      }
    },
    rest() {
      presenceTimer?.dispose()
      presenceTimer = null
      shownCursor = 'unsaid'
      engine.showPresence(item, null).catch(report)
    },
    wake: () => showCursor(null),
    close() {
      isClosed = true
      applyTimer?.dispose()
      presenceTimer?.dispose()
      engine.closeItem(item).catch(report)
      doc.off('update', onUpdate)
      doc.destroy()
    },
  }
}

export interface OpenItem extends Disposable {
  /** No view shows it now; it stays at hand. */
  rest(): void
  wake(): void
  /** A handle of one opener. */
  handle(onDispose: () => void): ItemHandle
  hear(event: ItemEvent): void
}

/** Out: what `write` writes into a document that is still empty. */
export function updateOf(write: (doc: Y.Doc) => void): Uint8Array {
  const draft = new Y.Doc()
  write(draft)
  const update = Y.encodeStateAsUpdate(draft)
  draft.destroy()
  return update
}

export function createOpenItem(item: ItemId, opened: Opened, deps: OpenItemDeps): OpenItem {
  const { engine, report } = deps
  let core = $state.raw(createCore(item, opened, deps))
  let isRebuilding = $state(false)
  let isClosed = false

  /** The engine threw away own edits: the document that is shown holds what exists nowhere else. A fresh one takes its place. */
  const rebuild = async (): Promise<void> => {
    if (isRebuilding) return
    isRebuilding = true
    const old = core
    try {
      const next = await engine.openItem(item)
      if (isClosed) return void engine.closeItem(item).catch(report)
      core = createCore(item, next, deps)
      old.close()
    } finally {
      isRebuilding = false
    }
  }

  return {
    handle(onDispose) {
      let isHeld = true
      return {
        item,
        get doc() {
          return core.doc
        },
        get prose() {
          return core.prose
        },
        get facts() {
          return core.facts
        },
        get acts() {
          return core.acts
        },
        get row() {
          return deps.row(item)
        },
        get present() {
          return core.present
        },
        get isWritable() {
          return !isRebuilding && core.isWritable
        },
        edit: (...edits) => core.edit(...edits),
        set: (path, value) => core.set(path, value),
        editLinked: (edits, change) => core.editLinked(edits, change),
        act: (act) => core.act(act),
        showCursor: (cursor) => core.showCursor(cursor),
        dispose() {
          if (!isHeld) return
          isHeld = false
          onDispose()
        },
      }
    },
    hear(event) {
      if (event.type === 'rebuilt') rebuild().catch(report)
      else core.hear(event)
    },
    rest: () => core.rest(),
    wake: () => core.wake(),
    dispose() {
      isClosed = true
      core.rest()
      core.close()
    },
  }
}
