/**
 * The relay: orders, stores, acknowledges, fans out. What every connection shares is here: the commit queue, one feed per followed space,
 * presence. The order after a commit is fixed: acknowledgements, then the run to live readers (encoded once), then other doors.
 */
import { assert } from '../../shared/base/assert.ts'
import { isId, newId, NO_ID, type ItemId, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { createEmitter } from '../../shared/base/emitter.ts'
import { createBag } from '../../shared/base/dispose.ts'
import type { Operation } from '../../shared/model/grants.ts'
import { COMMIT_READERS_PER_MS, NAME_CHARS_MAX, READS_AT_ONCE_COUNT_MAX } from '../../shared/model/limits.ts'
import type { Person } from '../../shared/model/people.ts'
import type { Erasure } from '../store/erase.ts'
import type { CommittedRun } from '../store/log.ts'
import { createAccounting } from './accounting.ts'
import type { Relay, RelayDeps } from './api.ts'
import { createCommitQueue } from './commit-queue.ts'
import { fanOut } from './fan-out.ts'
import { createGate } from './gate.ts'
import { createPresence } from './presence.ts'
import { createFragmentBudget, offer, refused } from './pushes.ts'
import { Session, type SessionDeps } from './session.ts'
import type { Feed } from './subscription.ts'

/** What fits a message, whatever the directory holds. */
const clipped = (person: Person | null): Person | null =>
  person && {
    ...person,
    name: person.name.slice(0, NAME_CHARS_MAX), job: person.job.slice(0, NAME_CHARS_MAX), organisation: person.organisation.slice(0, NAME_CHARS_MAX),
  }

/**
 * Builds the relay on a log and a directory.
 * Lifetime: ends with `drain`. Order: see the file. Errors: none are thrown by its doors; what a person should know goes to `report`.
 */
export function createRelay(deps: RelayDeps): Relay {
  const { log, directory, dice, report } = deps
  // Times are stored and sent as whole milliseconds, whatever the machine's clock says.
  const clock: Clock = { now: () => Math.max(0, Math.floor(deps.clock.now())), after: (delayMs, callback) => deps.clock.after(delayMs, callback) }
  const bag = createBag()
  const sessions = new Set<Session>()
  const sessionsByUser = new Map<UserId, Set<Session>>()
  const feeds = new Map<SpaceId, Feed>()
  const committed = createEmitter<CommittedRun>()
  const erased = createEmitter<Erasure>()
  const account = createAccounting(clock, deps.account ?? (() => undefined))
  const budget = createFragmentBudget()
  const reads = createGate(READS_AT_ONCE_COUNT_MAX)
  const person = (user: UserId): Person | null => clipped(directory.person(user))
  const presence = createPresence({ clock, directory, log, report, person })
  /** Sessions that look through other doors, by user. */
  const otherDoors = new Map<UserId, Set<string>>()
  /** Items that more than a handful reads along with through another door. */
  const crowds = new Map<SpaceId, Map<ItemId, number>>()
  let unflushed = new Set<Session>()
  let isDraining = false

  const queue = createCommitQueue({
    log,
    clock,
    report,
    readersOf: (space) => Math.max(feeds.get(space)?.subscriptions.size ?? 0, ...(crowds.get(space)?.values() ?? [])),
    onAnswered() {
      const waiting = unflushed
      unflushed = new Set()
      for (const session of waiting) guarded(() => session.flush())
    },
    onCommitted(run) {
      const feed = feeds.get(run.space)
      if (feed) fanOut(feed, run, guarded)
      if (feed?.subscriptions.size === 0) feeds.delete(run.space)
      guarded(() => committed.fire(run))
    },
  })
  /** One reader's trouble is not another's. */
  const guarded = (tell: () => void): void => {
    try {
      tell()
    } catch (bug) {
      report({ kind: 'bug', bug })
    }
  }

  const feedOf = (space: SpaceId): Feed => {
    let feed = feeds.get(space)
    if (!feed) feeds.set(space, (feed = { space, epoch: NO_ID, head: 0, subscriptions: new Set(), isRewindTold: false }))
    return feed
  }
  const forget = (session: Session): void => {
    sessions.delete(session)
    unflushed.delete(session)
    const others = sessionsByUser.get(session.user)
    others?.delete(session)
    if (others?.size === 0) sessionsByUser.delete(session.user)
  }

  bag.add(directory.onDidChangeRole(({ user, info, role }) => {
    for (const session of [...(sessionsByUser.get(user) ?? [])]) session.roleChanged(info, role)
    if (!directory.may(user, info.space, 'presence.show')) for (const door of otherDoors.get(user) ?? []) presence.leave(door, info.space)
  }))
  bag.add(directory.onDidSignOut(({ user }) => {
    for (const session of [...(sessionsByUser.get(user) ?? [])]) session.signedOut()
    for (const door of otherDoors.get(user) ?? []) presence.leave(door)
    otherDoors.delete(user)
  }))
  const shared: SessionDeps = {
    log, directory, clock, queue, account, presence, reads, budget, report, person, snapshots: deps.snapshots, feed: feedOf, onSettled: (session) => void unflushed.add(session), onClosed: forget,
  }

  return {
    accept(connection, user) {
      const session = new Session(shared, newId(dice), user, connection)
      sessions.add(session)
      let others = sessionsByUser.get(user)
      if (!others) sessionsByUser.set(user, (others = new Set()))
      others.add(session)
      // Not before the caller has the session in hand.
      if (isDraining) void Promise.resolve().then(() => session.drain())
      return session
    },
    push(user, entry, { session, address } = { session: '', address: '' }) {
      if (isDraining) return Promise.resolve(refused('busy', 'restarting'))
      return new Promise((resolve) => {
        const tell = (operation: Operation, result: 'done' | 'refused'): void => account({ who: user, operation, space: entry.space, item: entry.item, session, from: address, result })
        offer({ user, entry, directory, queue, tell, answer: resolve }, clock)
      })
    },
    onDidCommit: committed.event,
    async erase(erasure) {
      const { space } = erasure
      const { problem, ...done } = await queue.between(space, async () => {
        const before = await log.head(space)
        const result = await log.erase(erasure).catch(async (failure: unknown) => {
          // A commit may report failure and be there all the same: then the log is another one, whoever asked for it hears that it failed.
          const now = await log.head(space)
          if (!now || now.epoch === before?.epoch) throw failure
          return { epoch: now.epoch, head: now.head, entriesCount: 0, isScrubbed: false, problem: failure }
        })
        const feed = feeds.get(space)
        feeds.delete(space)
        for (const subscription of [...(feed?.subscriptions ?? [])]) guarded(() => subscription.replaced(result.epoch))
        return { problem: null, ...result }
      })
      guarded(() => erased.fire(erasure))
      if (problem !== null) throw problem
      return done
    },
    onDidErase: erased.event,
    account,
    look(user, session, space, item, bytes) {
      assert(isId(session), 'a session that looks is named by an id')
      const known = otherDoors.get(user)
      if (bytes === null) known?.delete(session)
      else if (known) known.add(session)
      else otherDoors.set(user, new Set([session]))
      if (known?.size === 0) otherDoors.delete(user)
      presence.look({ user, session, space, item, bytes, sink: null, isOpen: () => bytes === null || (otherDoors.get(user)?.has(session) ?? false) })
    },
    onDidLook: presence.onDidLook,
    readAlong(space, item, readersCount) {
      const known = crowds.get(space)
      if (readersCount >= COMMIT_READERS_PER_MS) {
        if (known) known.set(item, readersCount)
        else crowds.set(space, new Map([[item, readersCount]]))
      } else if (known?.delete(item) && known.size === 0) crowds.delete(space)
    },
    viewersOf: presence.viewersOf,
    counts() {
      let subscriptions = 0
      for (const session of sessions) subscriptions += session.subscriptionsCount
      return { connections: sessions.size, subscriptions, ...queue.counts() }
    },
    async drain() {
      isDraining = true
      await queue.drain()
      for (const session of [...sessions]) session.drain()
      bag.dispose()
    },
  }
}
