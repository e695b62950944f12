/**
 * An engine store whose contents are sealed: the same interface around any other store, which then keeps only sealed bytes. Web Crypto answers later
 * and a transaction does not wait, so everything is sealed before a transaction begins and opened after it ended; inside it sealed bytes only move.
 *
 * Invariants: writes reach the store below in the order of asking, and answers of one kind come in the order of asking, however long the
 * crypto takes; what does not open is never content: an entry is left out, an outbox row is shown as parked, anything else is a failure of the store.
 */
import { must } from '../../shared/base/assert.ts'
import { toHex } from '../../shared/base/bytes.ts'
import type { EntryId, ItemId, SpaceId } from '../../shared/base/ids.ts'
import { PARTS, type Part } from '../../shared/model/entries.ts'
import type { ItemRow } from '../../shared/model/rows.ts'
import { SEAL_HEAD_BYTES, type Cipher } from './cipher.ts'
import { payloadWithout, type Erasing, type Strip } from './erasure.ts'
import { createSealing } from './sealing.ts'
import { StoreError, type EngineStore, type OutboxRow, type SnapshotRow, type SpaceRow, type StoredEntry, type StoredPart, type TextRow } from './store.ts'

/** Why an entry is left out whose bytes were altered: the same as for a wrong checksum. */
const ALTERED = 'checksum'
/** Another tab stores something in the item between the reading and the erasing; not for ever. */
const ERASE_TRIES_MAX = 50

type Lane = <T>(work: Promise<T>) => Promise<T>
/** Answers in the order of asking: an older one must not overtake a newer one. */
function createLane(): Lane {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const mine = Promise.allSettled([last, work]).then(() => work)
    last = mine
    return mine
  }
}

/** In: a store that nobody else uses past this one with another key, or without. */
export function createSealedStore(below: EngineStore, cipher: Cipher): EngineStore {
  const sealing = createSealing(cipher)
  const lanes = { entries: createLane(), outbox: createLane(), rows: createLane(), texts: createLane(), spaces: createLane(), values: createLane() }

  /** One at a time enters the store below, in the order of asking; sealing goes on side by side. */
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = async <S, T>(prepared: Promise<S>, write: (sealed: S) => Promise<T>): Promise<T> => {
    const before = turn
    const entered = Promise.withResolvers<void>()
    turn = entered.promise
    try {
      const [sealed] = await Promise.all([prepared, before])
      return write(sealed)
    } finally {
      entered.resolve()
    }
  }
  const nothing = Promise.resolve()
  /** Nobody enters before it ended: for what takes several steps. */
  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    const before = turn
    const ended = Promise.withResolvers<void>()
    turn = ended.promise
    try {
      await before
      return await work()
    } finally {
      ended.resolve()
    }
  }
  const altered = (): StoreError => new StoreError({ kind: 'unavailable', reason: 'bytes of the local store were altered' })
  const whole = <T>(opened: T | null): T => {
    if (opened === null) throw altered()
    return opened
  }
  const all = <T, U>(list: readonly T[], work: (one: T) => Promise<U>): Promise<U[]> => Promise.all(list.map(work))

  const sealEntries = <E extends { entry: EntryId; payload: Uint8Array }>(entries: readonly E[]): Promise<E[]> =>
    all(entries, async (one) => ({ ...one, payload: await sealing.payload.seal(one.entry, one.payload) }))
  const openEntry = async (one: StoredEntry): Promise<StoredEntry> => {
    const payload = await sealing.payload.open(one.entry, one.payload)
    return payload ? { ...one, payload } : { ...one, payload: new Uint8Array(0), quarantined: one.quarantined ?? ALTERED }
  }
  const openEntries = (entries: readonly StoredEntry[]): Promise<StoredEntry[]> => all(entries, openEntry)
  const openOutboxRow = async (row: OutboxRow): Promise<OutboxRow> => {
    const payload = await sealing.payload.open(row.entry, row.payload)
    return payload ? { ...row, payload } : { ...row, payload: new Uint8Array(0), state: 'parked', code: 'invalid', reason: ALTERED }
  }
  const openPart = async ({ snapshot, entries }: StoredPart): Promise<StoredPart> => {
    const [opened, list] = await Promise.all([snapshot && sealing.snapshot.open(snapshot).then(whole), openEntries(entries)])
    return { snapshot: opened, entries: list }
  }
  const openTexts = (texts: readonly TextRow[]): Promise<TextRow[]> => all(texts, async (text) => whole(await sealing.text.open(text)))
  const openRow = async (row: ItemRow): Promise<ItemRow> => whole(await sealing.row.open(row))

  /** Names of spaces are read with every change of one; there are few. */
  const names = new Map<string, string>()
  const openSpace = async (row: SpaceRow): Promise<SpaceRow> => {
    const name = names.get(row.name) ?? whole(await sealing.space.open(row)).name
    names.set(row.name, name)
    return { ...row, name }
  }

  // ── Ranges that were erased for good ──

  const headOf = (sealed: Uint8Array): string => toHex(sealed.subarray(0, SEAL_HEAD_BYTES))
  /** What every payload of these items becomes. What does not open stays as it is: there is nothing readable in it. */
  const stripped = async (space: SpaceId, erasing: readonly Erasing[]): Promise<Map<string, Uint8Array>> => {
    const become = new Map<string, Uint8Array>()
    const [outbox, archive] = await Promise.all([below.outbox(), below.archive(space)])
    for (const one of erasing) {
      const without = async (part: Part, sealed: Uint8Array, open: () => Promise<Uint8Array | null>, seal: (payload: Uint8Array) => Promise<Uint8Array>): Promise<void> => {
        if (become.has(headOf(sealed))) return
        const payload = await open()
        const left = payload && payloadWithout({ part, payload }, one)
        become.set(headOf(sealed), left === null || left === payload ? sealed : await seal(left))
      }
      const entries = [...(await below.historyOf(one.item)), ...outbox, ...archive].filter(({ item }) => item === one.item)
      await all(entries, ({ entry, part, payload }) => without(part, payload, () => sealing.payload.open(entry, payload), (left) => sealing.payload.seal(entry, left)))
      for (const part of PARTS) {
        const { snapshot } = await below.entriesOf(one.item, part)
        const box = sealing.snapshotPayload(one.item, part)
        if (snapshot) await without(part, snapshot.payload, () => box.open(snapshot.payload), box.seal)
      }
    }
    return become
  }
  const recheckSpace: EngineStore['recheckSpace'] = async (space, epoch, commonSeq, tailHash, erasing = []) => {
    const inText = erasing.filter(({ mode }) => mode === 'history')
    for (let tries = 0; tries < ERASE_TRIES_MAX; tries++) {
      let isStrange = false
      const become = inText.length > 0 ? await stripped(space, inText) : new Map<string, Uint8Array>()
      const strip: Strip = ({ payload }) => {
        const left = become.get(headOf(payload)) ?? null
        if (left === null) isStrange = true
        // The very same bytes say that nothing of it was erased.
        return left && (headOf(left) === headOf(payload) ? payload : left)
      }
      await below.recheckSpace(space, epoch, commonSeq, tailHash, erasing, strip)
      if (!isStrange) return
    }
    throw new Error('Bug: what is to be erased changes all the time')
  }

  return {
    putLocal: (edits, now) => inTurn(sealEntries(edits), (sealed) => below.putLocal(sealed, now)),
    putRun: (space, epoch, entries, cursorAfter, tailHashAfter, cursorBefore) =>
      inTurn(sealEntries(entries), (sealed) => below.putRun(space, epoch, sealed, cursorAfter, tailHashAfter, cursorBefore)),
    adoptSnapshot: (row) => inTurn(sealing.snapshot.seal(row), (sealed) => below.adoptSnapshot(sealed)),
    acknowledge: (entries, epoch, now) => inTurn(nothing, () => below.acknowledge(entries, epoch, now)),
    park: (entry, code, reason) => inTurn(nothing, () => below.park(entry, code, reason)),
    releaseParked: (entries) => inTurn(nothing, () => below.releaseParked(entries)),
    discardParked: (entries) => inTurn(nothing, () => below.discardParked(entries)),
    unarchive: (space, entries) => inTurn(nothing, () => below.unarchive(space, entries)),
    recheckSpace: (...args) => alone(() => recheckSpace(...args)),
    finishRecheck: (space, epoch) => inTurn(nothing, () => below.finishRecheck(space, epoch)),
    unplaced: (space) => lanes.entries(below.unplaced(space).then(openEntries)),
    offerAgain: (entries, now) => inTurn(nothing, () => below.offerAgain(entries, now)),
    missing: (...lack) => inTurn(nothing, () => below.missing(...lack)),
    countRows: () => inTurn(nothing, () => below.countRows()),
    quarantine: (entry, reason) => inTurn(nothing, () => below.quarantine(entry, reason)),
    dropArchiveBefore: (time) => inTurn(nothing, () => below.dropArchiveBefore(time)),

    outbox: (afterOrder) => lanes.outbox(below.outbox(afterOrder).then((rows) => all(rows, openOutboxRow))),
    archive: (space) =>
      lanes.outbox(below.archive(space).then((rows) => all(rows, async (row) => ({ ...row, payload: whole(await sealing.payload.open(row.entry, row.payload)) })))),
    entriesOf: (item, part) => lanes.entries(below.entriesOf(item, part).then(openPart)),
    partsOf: (items) =>
      lanes.entries(
        below.partsOf(items).then((found) =>
          all(found, async (parts) => {
            const [prose, facts, act] = await all(PARTS, (part) => openPart(parts[part]))
            return { prose: must(prose, 'every part was read'), facts: must(facts, 'every part was read'), act: must(act, 'every part was read') }
          }),
        ),
      ),
    historyOf: (item) => lanes.entries(below.historyOf(item).then(openEntries)),
    entriesAfter: (at, countMax) => lanes.entries(below.entriesAfter(at, countMax).then(openEntries)),
    lastAt: () => below.lastAt(),
    putSnapshot: (row, covered, dropBefore) => inTurn(sealing.snapshot.seal<SnapshotRow>(row), (sealed) => below.putSnapshot(sealed, covered, dropBefore)),

    spaces: () => lanes.spaces(below.spaces().then((rows) => all(rows, openSpace))),
    putSpace: (row) => inTurn(sealing.space.seal(row), (sealed) => below.putSpace(sealed)),
    removeSpace: (space) => inTurn(nothing, () => below.removeSpace(space)),

    rows: (space) => lanes.rows(below.rows(space).then((rows) => all(rows, openRow))),
    row: (item: ItemId) => lanes.rows(below.row(item).then((row) => row && openRow(row))),
    dirty: (countMax) => below.dirty(countMax),
    putRows: (rows) => inTurn(all(rows, async ({ row, at }) => ({ row: await sealing.row.seal(row), at })), (sealed) => below.putRows(sealed)),
    texts: (space) => lanes.texts(below.texts(space).then(openTexts)),
    textsAfter: (item, countMax) => lanes.texts(below.textsAfter(item, countMax).then(openTexts)),
    textsOf: (items) => lanes.texts(below.textsOf(items).then(openTexts)),
    staleTexts: (countMax) => below.staleTexts(countMax),
    putTexts: (texts) => inTurn(all(texts, async ({ text, at }) => ({ text: await sealing.text.seal(text), at })), (sealed) => below.putTexts(sealed)),

    getValue: (key) => lanes.values(below.getValue(key).then(async (stored) => whole(await sealing.value.open(key, stored)).value)),
    putValue: (key, value) => inTurn(sealing.value.seal(key, value), (sealed) => below.putValue(key, sealed)),

    onDidChange: below.onDidChange,
    onDidFail: below.onDidFail,
    post: (message) => below.post(message),
    onDidPost: below.onDidPost,
    close: () => below.close(),
  }
}
