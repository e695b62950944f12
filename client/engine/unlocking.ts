/**
 * From a login to its content: which database, with which key, and who has to be asked for it. Every tab comes in here before its store is opened, and
 * holds the shared lock of the vault until it leaves; turning the lock of the laptop on or off needs the exclusive one. A tab that is unlocked gives its
 * key to tabs of the same profile that ask (a key object that cannot be read out, over a BroadcastChannel, never stored); once somebody said
 * "lock", no tab gives it any more.
 */
import type { UserId } from '../../shared/base/ids.ts'
import type { LockAnswer, LockedView, LockOrder, LockOutcome } from './api.ts'
import { makeBox, openBox, rewrapBox } from './cipher.ts'
import { failureOf } from './dexie-store.ts'
import { StoreError } from './store.ts'
import type { Vault, VaultStore } from './vault.ts'

/** What is used of a BroadcastChannel. */
export interface KeyLine {
  postMessage(message: KeyMessage): void
  listen(hear: (message: KeyMessage) => void): void
}
export type KeyMessage = { type: 'ask'; number: number } | { type: 'key'; number: number; key: CryptoKey } | { type: 'leave' }

export interface UnlockingDeps {
  user: UserId
  vault: VaultStore
  crypto: Crypto
  line: KeyLine
  /** The lock of the vault; resolves with the way to give it back. */
  hold(mode: 'shared' | 'exclusive'): Promise<() => void>
  /** The page that asks for a passphrase is shown like this; null: it is not needed any more. */
  show(view: LockedView): void
  /** Somebody locked, or has to have the laptop to itself: this tab must store what it holds and leave. */
  mustLeave(): void
  /** How long other tabs are waited for. */
  after(delayMs: number, callback: () => void): void
  /** From the worker whose place this one takes. */
  held?: HeldKey | null
  rounds?: number
}

export interface HeldKey {
  number: number
  key: CryptoKey
}

export interface Content {
  /** The database; undefined: that of the login itself. */
  name: string | undefined
  key: CryptoKey | null
  idleMinutes: number | null
}

export interface Unlocking {
  /** Resolves when the content may be opened. Errors: rejects with StoreError when the vault cannot be read. */
  enter(): Promise<Content>
  answer(answer: LockAnswer): void
  /** In: `release`, which closes the store of this tab once everything that was typed is in it; false when that is not so. After `on`, `off` and `lock` this tab begins anew. */
  order(order: LockOrder, release: () => Promise<boolean>): Promise<LockOutcome>
  /** For a worker that takes the place of this one; never stored. */
  readonly held: HeldKey | null
}

/** An unlocked tab answers within a moment; a person who waits for a page does not notice it. */
const KEY_AFTER_MS_MAX = 250

export function createUnlocking(deps: UnlockingDeps): Unlocking {
  const { vault: store, line } = deps
  /** What this tab gives to others, and its hold on the content. */
  let open: { number: number; key: CryptoKey | null; leave(): void } | null = null
  let isSharing = false
  let hear: (message: KeyMessage) => void = () => undefined
  let answered: (answer: LockAnswer) => void = () => undefined

  line.listen((data) => {
    if (data.type === 'ask' && isSharing && open?.key && open.number === data.number) line.postMessage({ type: 'key', number: open.number, key: open.key })
    if (data.type === 'leave' && open) {
      isSharing = false
      deps.mustLeave()
    }
    hear(data)
  })

  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    const release = await deps.hold('exclusive')
    try {
      return await work()
    } finally {
      release()
    }
  }
  const fromOthers = (number: number): Promise<CryptoKey> =>
    new Promise((resolve) => {
      hear = (message) => {
        if (message.type === 'key' && message.number === number) resolve(message.key)
      }
      line.postMessage({ type: 'ask', number })
    })
  const fromPerson = (): Promise<LockAnswer> =>
    new Promise((resolve) => {
      answered = resolve
    })
  const later = (delayMs: number): Promise<null> => new Promise((resolve) => deps.after(delayMs, () => resolve(null)))
  const isSame = (a: Vault, b: Vault | null): boolean => b !== null && a.number === b.number && (a.next === null) === (b.next === null)

  /** A conversion that was begun, to its end; with the laptop to itself. */
  const convert = async (seen: Vault, key: CryptoKey, view: LockedView): Promise<void> =>
    alone(async () => {
      if (!isSame(seen, await store.read())) return
      const isOn = seen.next?.lock !== null
      await store.resume(isOn ? null : key, isOn ? key : null, (doneCount, count) => deps.show({ ...view, progress: { doneCount, count } }))
    })

  /** Asks other tabs, then the person. Out: null when the vault has to be looked at again. */
  const keyOf = async (vault: Vault, found: CryptoKey | null): Promise<CryptoKey | null> => {
    const box = vault.next?.lock ?? vault.lock
    if (!box) return null
    if (!vault.next) {
      if (found) return found
      if (deps.held?.number === vault.number) return deps.held.key
      const others = fromOthers(vault.number)
      const quick = await Promise.race([others, later(KEY_AFTER_MS_MAX)])
      if (quick) return quick
    }
    const view: LockedView = { kind: vault.next ? (vault.next.lock ? 'locking' : 'unlocking') : 'locked', unsentCount: await store.unsentCount(vault), wrong: false, isWaiting: false, failure: null, progress: null }
    let wrong = false
    for (;;) {
      deps.show({ ...view, wrong })
      // A tab that is unlocked meanwhile opens this one as well.
      const given = await Promise.race([fromPerson(), ...(vault.next ? [] : [fromOthers(vault.number)])])
      if (given instanceof CryptoKey) return given
      switch (given.kind) {
        case 'passphrase': {
          const key = await openBox(deps.crypto, box, given.passphrase)
          if (key) return key
          wrong = true
          break
        }
        case 'stop':
          await alone(() => store.abandon())
          return null
        case 'forget':
          await alone(() => store.forget())
          return null
      }
    }
  }

  const enter = async (): Promise<Content> => {
    let found: CryptoKey | null = null
    for (;;) {
      const leave = await deps.hold('shared')
      const vault = await store.read()
      if (!vault || (!vault.next && vault.drop.length === 0 && (!vault.lock || found))) {
        open = { number: vault?.number ?? 0, key: vault?.lock ? found : null, leave }
        isSharing = open.key !== null
        if (open.key) line.postMessage({ type: 'key', number: open.number, key: open.key })
        return { name: vault?.content, key: open.key, idleMinutes: vault?.lock ? vault.idleMinutes : null }
      }
      leave()
      if (vault.drop.length > 0) {
        await alone(() => store.finish())
        continue
      }
      found = await keyOf(vault, found)
      if (!found || !vault.next) {
        // Looked at again with the lock in hand: another tab may have changed it meanwhile.
        if (found && !isSame(vault, await store.read())) found = null
        continue
      }
      const view: LockedView = { kind: vault.next.lock ? 'locking' : 'unlocking', unsentCount: 0, wrong: false, isWaiting: false, failure: null, progress: null }
      try {
        await convert(vault, found, view)
        if (!vault.next.lock) found = null
      } catch (error) {
        found = null
        const { failure } = error instanceof StoreError ? error : new StoreError(failureOf(error), error)
        deps.show({ ...view, failure: failure.kind })
        if ((await fromPerson()).kind === 'stop') await alone(() => store.abandon())
      }
    }
  }

  const leave = async (release: () => Promise<boolean>): Promise<boolean> => {
    isSharing = false
    if (!(await release())) {
      isSharing = open?.key != null
      return false
    }
    open?.leave()
    line.postMessage({ type: 'leave' })
    return true
  }
  const turn = async (lock: Vault['lock'], key: CryptoKey, idleMinutes: number | null, release: () => Promise<boolean>): Promise<LockOutcome> => {
    const view: LockedView = { kind: lock ? 'locking' : 'unlocking', unsentCount: 0, wrong: false, isWaiting: true, failure: null, progress: null }
    deps.show(view)
    if (!(await leave(release))) return { kind: 'unstored' }
    return alone(async () => {
      try {
        await store.begin(lock, idleMinutes)
        await store.resume(lock ? null : key, lock ? key : null, (doneCount, count) => deps.show({ ...view, progress: { doneCount, count } }))
        return { kind: 'done' as const }
      } catch (error) {
        const { kind } = failureOf(error)
        // Left as it is: the next start finds it and asks, and a store that refuses now refuses to tidy up as well.
        return { kind: 'failed' as const, failure: kind }
      }
    })
  }

  return {
    enter,
    answer: (answer) => answered(answer),
    async order(order, release) {
      const vault = await store.read()
      switch (order.kind) {
        case 'on': {
          if (vault?.lock) return { kind: 'changed' }
          const box = await makeBox(deps.crypto, order.passphrase, deps.rounds)
          const key = await openBox(deps.crypto, box, order.passphrase)
          return key ? turn(box, key, order.idleMinutes, release) : { kind: 'wrong' }
        }
        case 'off': {
          if (!vault?.lock) return { kind: 'changed' }
          const key = await openBox(deps.crypto, vault.lock, order.passphrase)
          return key ? turn(null, key, null, release) : { kind: 'wrong' }
        }
        case 'change': {
          if (!vault?.lock) return { kind: 'changed' }
          const lock = await rewrapBox(deps.crypto, vault.lock, order.passphrase, order.next, deps.rounds)
          return lock ? { kind: (await store.change(vault.number, { lock })) ? 'done' : 'changed' } : { kind: 'wrong' }
        }
        case 'idle':
          return { kind: vault && (await store.change(vault.number, { idleMinutes: order.minutes })) ? 'done' : 'changed' }
        case 'lock':
          return { kind: (await leave(release)) ? 'done' : 'unstored' }
      }
    },
    get held() {
      return open?.key ? { number: open.number, key: open.key } : null
    },
  }
}
