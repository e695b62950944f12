/**
 * What must be told without being asked: the store refuses, the relay wants a new sign-in, a space closed or was lost, the state changed,
 * somebody else changed the document in sight. The first two stay in sight until they are acted on; the last two are for those who listen, now and then.
 */
import { untrack } from 'svelte'
import type { Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { isClosed } from '../../workbench/closed.svelte.ts'
import { limitsOf } from './limits.ts'
import { sentenceOf, type Sentence } from './sentence.ts'
import { sentenceText } from './words.ts'

export function watchForNews(services: Services): Disposable {
  const { workspace, notices, layout } = services
  const dispose = $effect.root(() => {
    const failure = $derived(workspace.status.storeFailure)
    $effect(() => {
      const now = failure
      if (now !== null) untrack(() => notices.warn(t.sync.store[now], { title: t.sync.saveFile, run: () => void services.run('sync.unsent.export') }))
    })

    // While a connection is being made nothing has been decided yet: whoever starts, or drops out for a moment, does not hear "offline".
    const kind = $derived(workspace.status.connection === 'connecting' ? null : sentenceOf(workspace.status).kind)
    let told: Sentence['kind'] = 'relay'
    $effect(() => {
      const now = kind
      if (now === null) return
      untrack(() => {
        if (now === 'signed-out') notices.say(t.people.signOut.expired, { title: t.people.signOut.renew, run: () => void services.run('welcome.session.renew') })
        // Every letter goes through pending and local; what is worth a word is where it ends.
        else if (now !== told && now !== 'pending' && now !== 'local') {
          notices.announce(sentenceText(sentenceOf(workspace.status)))
          told = now
        }
      })
    })

    // A space that closes takes what is on screen away: it is said at once. That one closes soon is said once, while something can be done about it,
    // and no longer than that.
    const limits = $derived(limitsOf(workspace.spaces))
    let closed: readonly string[] = []
    /** What was said, by space. */
    const soon = new Map<string, string>()
    $effect(() => {
      const now = limits
      if (!workspace.isLoaded) return
      untrack(() => {
        for (const one of now.closed) if (!closed.includes(one.space)) notices.say(t.offline.closed.told(one.name))
        for (const [space, words] of soon) {
          if (now.soon.some((one) => one.space === space)) continue
          notices.unsay(words)
          soon.delete(space)
        }
        for (const one of now.soon) {
          if (soon.has(one.space)) continue
          const words = t.offline.soon(one.name, one.offline?.hoursLeft ?? 0)
          soon.set(one.space, words)
          notices.warn(words, { title: t.offline.closed.action, run: () => void services.engine.reconnect() })
        }
        for (const one of workspace.spaces) if (closed.includes(one.space) && one.role !== null && !isClosed(one)) notices.say(t.offline.closed.again(one.name))
        closed = now.closed.map(({ space }) => space)
      })
    })

    // Who was a member a moment ago sees another municipality, or none: it is said why.
    let joined: ReadonlySet<string> = new Set()
    $effect(() => {
      const now = workspace.spaces
      if (!workspace.isLoaded) return
      untrack(() => {
        for (const one of now) {
          if (one.role !== null || !joined.has(one.space)) continue
          const words = t.workbench.noSpace.former.said(one.name)
          if (workspace.status.parkedCount > 0) notices.say(words, { title: t.sync.toParked, run: () => void services.run('parked.page.open') })
          else notices.say(words)
        }
        joined = new Set(now.flatMap(({ space, role }) => (role === null ? [] : [space])))
      })
    })

    const row = $derived(layout.active?.kind === 'item' ? (workspace.rowsById.get(layout.active.item) ?? null) : null)
    let seen: { item: string; changedAt: number } | null = null
    $effect(() => {
      const now = row
      untrack(() => {
        if (now && seen?.item === now.item && seen.changedAt !== now.changedAt && now.changedBy !== workspace.me.user) {
          const who = workspace.person(now.changedBy)
          notices.announce(t.sync.announce.changed(who ? who.name || who.job : t.common.unknownPerson, now.title))
        }
        seen = now ? { item: now.item, changedAt: now.changedAt } : null
      })
    })
  })
  return { dispose }
}
