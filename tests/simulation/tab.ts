/**
 * One browser tab: the real engine, and a window as plain as can be — a Y.Doc per open item that tells the engine of its own edits and hears
 * those of others. Typing is never awaited; the history learns when the engine calls an edit durable. After `die` nothing of the tab
 * reaches the world: its store, its socket and its timers are gone.
 */
import * as Y from 'yjs'
import type { Engine, EngineEvent, SyncStatus, ActsView } from '../../client/engine/api.ts'
import { must } from '../../shared/base/assert.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import { toHex } from '../../shared/base/bytes.ts'
import { orderBetween } from '../../shared/base/order.ts'
import { below, namedDice, pick, randomBytes, seededDice, type Dice } from '../../shared/base/random.ts'
import { createProseDoc } from '../../shared/derive/prose-doc.ts'
import type { Act, ActKind } from '../../shared/model/acts.ts'
import { rowsOf, type FactEdit, type FactsState } from '../../shared/model/facts.ts'
import { PROSE } from './content.ts'
import type { History, TokenRecord } from './history.ts'
import type { FactsAction, ItemKind } from './plan.ts'
import type { Process } from './scheduler.ts'
import { TOKEN, tokensIn } from './tokens.ts'

const REMOTE = 'remote'

export interface Handle {
  readonly item: ItemId
  readonly doc: Y.Doc
  facts: FactsState
  acts: ActsView
}

export interface TabDeps {
  name: string
  device: number
  user: number
  process: Process
  engine: Engine
  history: History
  seed: number
  now(): number
  spaceOf(item: ItemId): SpaceId
  statusShown(tab: Tab): void
  /** An edit that the engine refused to take although it was well formed. */
  editFailed(tab: Tab, error: unknown): void
  /** A question that must have an answer had none. */
  failed(error: unknown): void
  /** What the window shows of an open item is no longer true. */
  rebuilt(tab: Tab, item: ItemId): void
  counted(what: string): void
}

export interface Tab {
  readonly name: string
  readonly device: number
  readonly user: number
  readonly engine: Engine
  readonly process: Process
  readonly isAlive: boolean
  readonly status: SyncStatus | null
  /** Edits given to the engine and not confirmed. */
  readonly unsettled: number
  /** Since when there are any. */
  readonly unsettledSince: number
  readonly handles: ReadonlyMap<ItemId, Handle>
  open(item: ItemId): Promise<boolean>
  close(item: ItemId): Promise<void>
  type(item: ItemId, count: number, r: number): boolean
  deleteToken(item: ItemId, r: number): boolean
  format(item: ItemId, r: number): boolean
  editFacts(item: ItemId, kind: ItemKind, action: FactsAction, r: number): boolean
  editLinked(item: ItemId, kind: ItemKind, r: number): boolean
  act(item: ItemId, kind: ActKind, r: number): Promise<void>
  create(space: SpaceId, kind: ItemKind): Promise<ItemId>
  /** Nothing of it counts any more; its process lives on for a proper goodbye when asked. */
  die(how?: { keepProcess: boolean }): void
}

/** Registers that several people fill in at the same time, and a list that they keep. */
const FIELDS: Record<ItemKind, readonly string[]> = {
  agreement: ['title', 'owner', 'trigger', 'theme'],
  meeting: ['title', 'place', 'chair'],
  knowledge: ['title', 'theme'],
}
const LISTS: Record<ItemKind, { list: string; field: string }> = {
  agreement: { list: 'steps', field: 'action' },
  meeting: { list: 'actions', field: 'text' },
  knowledge: { list: 'sources', field: 'text' },
}
const PARTIES = ['Verloskundigen', 'Kraamzorg', 'JGZ']

const textsOf = (doc: Y.Doc): Y.XmlText[] => {
  const texts: Y.XmlText[] = []
  const walk = (node: Y.XmlFragment | Y.XmlElement): void => {
    for (const child of node.toArray()) {
      if (child instanceof Y.XmlText) texts.push(child)
      else if (child instanceof Y.XmlElement) walk(child)
    }
  }
  walk(doc.getXmlFragment(PROSE))
  return texts
}

/** Characters as they count for positions; formatting takes no place. */
const plainOf = (text: Y.XmlText): string =>
  (text.toDelta() as { insert: unknown }[]).map(({ insert }) => (typeof insert === 'string' ? insert : '\ufffc')).join('')

/** The one update that a change of a document makes; undefined: nothing changed. */
function updateOf(doc: Y.Doc, work: () => void): Uint8Array | undefined {
  const updates: Uint8Array[] = []
  const onUpdate = (update: Uint8Array): void => void updates.push(update)
  doc.on('update', onUpdate)
  doc.transact(work, 'local')
  doc.off('update', onUpdate)
  return updates[0]
}

/** Where text may be put without landing inside a token, typed out or only half there. */
export function gapsOf(plain: string): number[] {
  const gaps: number[] = []
  let isInside = false
  for (let i = 0; i <= plain.length; i++) {
    // The end of one token may be the beginning of the next.
    if (i >= 2 && plain.startsWith(']]', i - 2)) isInside = false
    if (!isInside) gaps.push(i)
    if (plain.startsWith('[[', i)) isInside = true
  }
  return gaps
}

export function createTab(deps: TabDeps): Tab {
  const { engine, history, process } = deps
  const handles = new Map<ItemId, Handle>()
  const opening = new Map<ItemId, { early: EngineEvent[] }>()
  let isAlive = true
  let status: SyncStatus | null = null
  let unsettled = 0
  let unsettledSince = 0
  const begin = (): void => {
    if (unsettled++ === 0) unsettledSince = deps.now()
  }
  const mine = { device: deps.device, tab: deps.name, user: deps.user }

  const listening = engine.onEvent((event) => {
    if (!isAlive) return
    if (event.type === 'status') {
      status = event.status
      deps.statusShown(tab)
    } else if (event.type === 'rebuilt') {
      if (handles.has(event.item)) deps.rebuilt(tab, event.item)
    } else if (event.type === 'prose' || event.type === 'facts' || event.type === 'acts') {
      const handle = handles.get(event.item)
      if (handle) hear(handle, event)
      else opening.get(event.item)?.early.push(event)
    }
  })

  // A window asks once how things stand: what was said before it listened is not said again.
  engine.status().then((now) => {
    if (!isAlive || status !== null) return
    status = now
    deps.statusShown(tab)
  }, deps.failed)

  const hear = (handle: Handle, event: EngineEvent): void => {
    if (event.type === 'prose') Y.applyUpdate(handle.doc, event.update, REMOTE)
    else if (event.type === 'facts') handle.facts = event.facts
    else if (event.type === 'acts') handle.acts = event.acts
  }

  /** Follows an edit to the point where the engine calls it durable. */
  const follow = (written: Promise<unknown>, settle: () => void): void => {
    begin()
    written.then(
      () => {
        if (!isAlive) return
        unsettled--
        settle()
      },
      (error: unknown) => {
        if (!isAlive) return
        unsettled--
        deps.editFailed(tab, error)
      },
    )
  }

  /** A change of an open document that is written as prose; what it makes and deletes is settled with it. */
  const change = (handle: Handle, work: () => void, settle: () => void): boolean => {
    const update = updateOf(handle.doc, work)
    if (!update) return false
    follow(engine.writeProse(handle.item, handle.doc.clientID, update), settle)
    return true
  }

  const mintProse = (item: ItemId): TokenRecord => history.mint({ ...mine, space: deps.spaceOf(item), item, part: 'prose' })
  const mintFacts = (item: ItemId): TokenRecord => history.mint({ ...mine, space: deps.spaceOf(item), item, part: 'facts' })
  const saveAll = (records: readonly TokenRecord[]) => (): void => {
    for (const record of records) record.saved = 'local'
  }

  /** Puts one token somewhere: in a text that is there, or in a new paragraph or heading. */
  const place = (doc: Y.Doc, token: string, dice: Dice): void => {
    const fragment = doc.getXmlFragment(PROSE)
    const texts = textsOf(doc)
    if (texts.length === 0 || below(dice, 6) === 0) {
      const element = new Y.XmlElement(below(dice, 4) === 0 ? 'heading' : 'paragraph')
      if (element.nodeName === 'heading') element.setAttribute('level', String(1 + below(dice, 3)))
      element.insert(0, [new Y.XmlText(token)])
      fragment.insert(below(dice, fragment.length + 1), [element])
      return
    }
    const text = pick(dice, texts)
    text.insert(pick(dice, gapsOf(plainOf(text))), below(dice, 3) === 0 ? `${token} ` : token)
  }

  /** Edits of one list or field, with the tokens that they carry. */
  const factEdits = (handle: Handle, kind: ItemKind, action: FactsAction, dice: Dice): { edits: FactEdit[]; records: TokenRecord[] } | null => {
    const { list, field } = LISTS[kind]
    const rows = rowsOf(handle.facts.registers, list)
    const token = (): TokenRecord => mintFacts(handle.item)
    const newRowId = (): string => toHex(randomBytes(dice, 16))
    if (action === 'set' || rows.length === 0) {
      // Half of the time everybody is at the same register, so that offline answers collide.
      const record = token()
      const path = action === 'set' && rows.length > 0 && below(dice, 3) === 0 ? `${list}/${pick(dice, rows).id}/${field}` : FIELDS[kind][below(dice, 2) === 0 ? 0 : below(dice, FIELDS[kind].length)]!
      if (action !== 'insert') return { edits: [{ op: 'set', path, value: record.text }], records: [record] }
      return { edits: [{ op: 'insert', list, id: newRowId(), order: orderBetween('', ''), values: { [field]: record.text } }], records: [record] }
    }
    const at = below(dice, rows.length)
    const row = rows[at]!
    switch (action) {
      case 'insert': {
        const record = token()
        const order = safeOrder(row.order, rows[at + 1]?.order ?? '')
        return { edits: [{ op: 'insert', list, id: newRowId(), order, values: { [field]: record.text } }], records: [record] }
      }
      case 'move': {
        const to = below(dice, rows.length)
        return { edits: [{ op: 'move', list, id: row.id, order: safeOrder(rows[to]!.order, rows[to + 1]?.order ?? '') }], records: [] }
      }
      case 'remove':
        return { edits: [{ op: 'remove', list, id: row.id }], records: [] }
      case 'restore':
        return { edits: [{ op: 'restore', list, id: row.id }], records: [] }
    }
  }
  /** Two rows may have got the same key in different places; between equals there is no room. */
  const safeOrder = (before: string, after: string): string => orderBetween(before, after !== '' && after > before ? after : '')

  const tab: Tab = {
    ...mine,
    name: deps.name,
    engine,
    process,
    get isAlive() {
      return isAlive
    },
    get status() {
      return status
    },
    get unsettled() {
      return unsettled
    },
    get unsettledSince() {
      return unsettledSince
    },
    handles,
    async open(item) {
      if (handles.has(item) || opening.has(item)) return false
      const pending = { early: [] as EngineEvent[] }
      opening.set(item, pending)
      try {
        const opened = await engine.openItem(item)
        if (!isAlive) return false
        const doc = createProseDoc()
        doc.clientID = opened.prose.clientId
        if (opened.prose.update.length > 0) Y.applyUpdate(doc, opened.prose.update, REMOTE)
        const handle: Handle = { item, doc, facts: opened.facts, acts: opened.acts }
        handles.set(item, handle)
        // Facts and acts that came before the answer are in the answer.
        for (const event of pending.early) if (event.type === 'prose') hear(handle, event)
        return true
      } finally {
        opening.delete(item)
      }
    },
    async close(item) {
      if (!handles.delete(item)) return
      await engine.closeItem(item)
    },
    type(item, count, r) {
      const handle = handles.get(item)
      if (!handle) return false
      const dice = seededDice(r)
      for (let i = 0; i < count; i++) {
        const record = mintProse(item)
        change(handle, () => place(handle.doc, record.text, dice), saveAll([record]))
      }
      return true
    },
    deleteToken(item, r) {
      const handle = handles.get(item)
      if (!handle) return false
      const dice = seededDice(r)
      const found = textsOf(handle.doc).flatMap((text) => [...plainOf(text).matchAll(TOKEN)].map((match) => ({ text, token: match[0], index: match.index })))
      if (found.length === 0) return false
      const { text, token, index } = pick(dice, found)
      const record = history.tokens.get(token)
      if (!record) return false
      const deletion = { device: deps.device, saved: 'memory' as TokenRecord['saved'] }
      record.deletions.push(deletion)
      return change(handle, () => text.delete(index, token.length), () => void (deletion.saved = 'local'))
    },
    format(item, r) {
      const handle = handles.get(item)
      if (!handle) return false
      const dice = seededDice(r)
      const texts = textsOf(handle.doc).filter((text) => text.length > 0)
      if (texts.length === 0) return false
      const text = pick(dice, texts)
      const gaps = gapsOf(plainOf(text))
      const from = pick(dice, gaps)
      const to = pick(dice, gaps)
      if (from === to) return false
      return change(handle, () => text.format(Math.min(from, to), Math.abs(to - from), { [pick(dice, ['bold', 'italic'])]: below(dice, 3) === 0 ? null : {} }), () => undefined)
    },
    editFacts(item, kind, action, r) {
      const handle = handles.get(item)
      if (!handle) return false
      const made = factEdits(handle, kind, action, seededDice(r))
      if (!made) return false
      follow(engine.editFacts(item, made.edits), saveAll(made.records))
      return true
    },
    editLinked(item, kind, r) {
      const handle = handles.get(item)
      if (!handle) return false
      const dice = seededDice(r)
      const made = factEdits(handle, kind, 'insert', dice)
      const inFacts = made?.records[0]
      if (!made || !inFacts) return false
      const inProse = mintProse(item)
      inFacts.twin = inProse.text
      inProse.twin = inFacts.text
      const update = must(updateOf(handle.doc, () => place(handle.doc, inProse.text, dice)), 'typing changes a document')
      follow(engine.editLinked(item, made.edits, handle.doc.clientID, update), saveAll([inFacts, inProse]))
      return true
    },
    async act(item, kind, r) {
      const handle = handles.get(item)
      if (!handle) return
      const dice = seededDice(r)
      const { expected } = handle.acts
      const seal = expected.seal ?? '0'.repeat(64)
      const make = async (): Promise<Act> => {
        switch (kind) {
          case 'propose': {
            const { content, seal: made } = await engine.sealContent(item)
            return { kind, seal: made, content, parties: PARTIES.slice(0, 1 + below(dice, PARTIES.length)) }
          }
          case 'sign':
            return { kind, seal, party: pick(dice, expected.parties.length > 0 ? expected.parties : PARTIES), verdict: pick(dice, ['agreed', 'agreed', 'reservation', 'returned'] as const), note: '' }
          case 'adopt':
            return { kind, seal, mandate: below(dice, 2) === 0 ? 'mandaat van het overleg' : '' }
          case 'revise':
          case 'withdraw':
            return { kind, reason: 'nieuwe afspraak nodig' }
          case 'consult':
            return { kind, until: '2027-01-15' }
          case 'publish':
            return { kind, seal: expected.adoptedSeal ?? seal, openness: 'public', reason: '' }
        }
      }
      const act = await make()
      if (isAlive) follow(engine.act(item, act), () => undefined)
    },
    async create(space, kind) {
      const draft = new Y.Doc({ guid: 'draft' })
      // The window's draft gets an identity of its own, as a browser would draw one.
      draft.clientID = below(namedDice(deps.seed, `draft ${history.tokens.size}`), 0x7fff_ffff)
      const inFacts = history.mint({ ...mine, space, item: '', part: 'facts' })
      const inProse = history.mint({ ...mine, space, item: '', part: 'prose' })
      draft.transact(() => {
        const paragraph = new Y.XmlElement('paragraph')
        paragraph.insert(0, [new Y.XmlText(inProse.text)])
        draft.getXmlFragment(PROSE).insert(0, [paragraph])
      })
      const edits: FactEdit[] = [
        { op: 'set', path: 'type', value: kind },
        { op: 'set', path: 'title', value: inFacts.text },
      ]
      const made = engine.createItem({ space, type: kind, edits, prose: Y.encodeStateAsUpdate(draft) })
      begin()
      let item: ItemId
      try {
        item = await made
      } finally {
        unsettled--
      }
      inFacts.item = inProse.item = item
      inFacts.twin = inProse.text
      inProse.twin = inFacts.text
      if (isAlive) saveAll([inFacts, inProse])()
      return item
    },
    die(how) {
      if (isAlive) listening.dispose()
      isAlive = false
      if (!how?.keepProcess) process.kill()
    },
  }
  return tab
}

export const tokensOf = (handle: Handle): string[] => tokensIn(textsOf(handle.doc).map(plainOf).join('\n'))
