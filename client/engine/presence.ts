/**
 * Who else looks at what, and where they are in it. Never stored, never in the log; the last word of a session counts. The tab with the
 * socket speaks for all tabs of this profile and tells them what it hears. Names and colours come from the relay's login.
 */
import { fromUtf8, utf8 } from '../../shared/base/bytes.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import { PRESENCE_BYTES_MAX, PRESENCE_COALESCE_MS } from '../../shared/model/limits.ts'
import type { Down, Up } from '../../shared/protocol/messages/index.ts'
import type { PresenceView } from './api.ts'
import type { EngineStore, TabMessage } from './store.ts'

/** How often a window hears who is where; it draws what others do no more often either. */
const TELL_MS = 50

export type PresenceState = { cursor?: { anchor: unknown; head: unknown } | null }

export interface Presence extends Disposable {
  /** This tab's place in an item; null: left. */
  show(space: SpaceId, item: ItemId, state: PresenceState | null): void
  /** The connection came up or went. */
  connected(isUp: boolean): void
  heard(message: Down<'present'>): void
}

/** What one tab shows in one item, as tabs tell it each other. */
interface Shown {
  tab: string
  space: SpaceId
  item: ItemId
  state: PresenceState | null
}

export function createPresence(deps: {
  tab: string
  store: EngineStore
  clock: Clock
  isLeading(): boolean
  send(message: Up<'presence'>): boolean
  emit(item: ItemId, present: PresenceView[]): void
}): Presence {
  const { tab, store, clock } = deps
  /** Per item, in the order of the last word: the last tab that spoke is the one others see. */
  const shown = new Map<ItemId, Map<string, Shown>>()
  const others = new Map<ItemId, Map<string, PresenceView>>()
  const due = new Map<ItemId, Disposable>()

  const note = (one: Shown): void => {
    let tabs = shown.get(one.item)
    if (!tabs) shown.set(one.item, (tabs = new Map()))
    const before = tabs.get(one.tab)
    tabs.delete(one.tab)
    if (one.state !== null) tabs.set(one.tab, one)
    if (before === undefined && one.state === null) return
    if (deps.isLeading()) speakSoon(one.item, one.space)
  }
  const speakSoon = (item: ItemId, space: SpaceId): void => {
    if (due.has(item)) return
    due.set(
      item,
      clock.after(PRESENCE_COALESCE_MS, () => {
        due.delete(item)
        speak(item, space)
      }),
    )
  }
  const speak = (item: ItemId, space: SpaceId): void => {
    const last = [...(shown.get(item)?.values() ?? [])].pop()
    const bytes = last ? utf8(JSON.stringify(last.state)) : new Uint8Array(0)
    if (bytes.length > PRESENCE_BYTES_MAX) return // a caret nobody can draw; the person stays where they were
    deps.send({ type: 'presence', space, item, open: last !== undefined, bytes })
  }

  const announce = (item: ItemId): void => {
    const present = [...(others.get(item)?.values() ?? [])]
    deps.emit(item, present)
    if (deps.isLeading()) store.post({ type: 'present', item, present })
  }

  /** Said within the last moment; true: there is news since. */
  const told = new Map<ItemId, boolean>()
  const pauses = new Set<Disposable>()
  /** At once, and then at most every TELL_MS: each letter of ten people moves a caret, and a window draws them together. */
  const announceSoon = (item: ItemId): void => {
    if (told.has(item)) return void told.set(item, true)
    announce(item)
    told.set(item, false)
    const pause = clock.after(TELL_MS, () => {
      pauses.delete(pause)
      const hasNews = told.get(item)
      told.delete(item)
      if (hasNews) announceSoon(item)
    })
    pauses.add(pause)
  }

  const listening = store.onDidPost((message: TabMessage) => {
    if (message.type === 'shown') note(message.shown as Shown)
    else if (message.type === 'whoIsWhere') {
      for (const tabs of shown.values()) {
        const mine = tabs.get(tab)
        if (mine) store.post({ type: 'shown', shown: mine })
      }
    } else if (message.type === 'present' && !deps.isLeading()) {
      const { item, present } = message as unknown as { item: ItemId; present: PresenceView[] }
      others.set(item, new Map(present.map((view) => [view.session, view])))
      deps.emit(item, present)
    }
  })

  return {
    show(space, item, state) {
      const one: Shown = { tab, space, item, state }
      note(one)
      if (!deps.isLeading()) store.post({ type: 'shown', shown: one })
    },
    connected(isUp) {
      if (isUp) {
        store.post({ type: 'whoIsWhere' })
        for (const [item, tabs] of shown) {
          const last = [...tabs.values()].pop()
          if (last) speakSoon(item, last.space)
        }
        return
      }
      for (const [item, sessions] of others) {
        if (sessions.size === 0) continue
        sessions.clear()
        announce(item)
      }
    },
    heard({ item, session, who, open, bytes }) {
      let sessions = others.get(item)
      if (!sessions) others.set(item, (sessions = new Map()))
      if (open) sessions.set(session, { session, who, state: readState(bytes) })
      else sessions.delete(session)
      announceSoon(item)
    },
    dispose() {
      listening.dispose()
      for (const timer of [...due.values(), ...pauses]) timer.dispose()
    },
  }
}

/** What a frame says, or nothing: it comes from another laptop and may hold anything. */
function readState(bytes: Uint8Array): PresenceState {
  try {
    const parsed: unknown = JSON.parse(fromUtf8(bytes))
    if (typeof parsed !== 'object' || parsed === null) return {}
    const { cursor } = parsed as { cursor?: unknown }
    if (typeof cursor !== 'object' || cursor === null) return { cursor: null }
    const { anchor, head } = cursor as { anchor?: unknown; head?: unknown }
    return { cursor: { anchor: anchor ?? null, head: head ?? null } }
  } catch {
    return {} // looking without a caret that can be read
  }
}
