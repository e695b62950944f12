/** Links, signing in and out, and the overview of a space with its empty start. */
import House from '@lucide/svelte/icons/house'
import LogIn from '@lucide/svelte/icons/log-in'
import LogOut from '@lucide/svelte/icons/log-out'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import type { ComponentLoader } from '../../platform/contributions.ts'
import { saveFile } from '../../platform/download.ts'
import { failureText } from '../../platform/failures.ts'
import { forgetIdentity } from '../../platform/identity.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { beginWithOverview } from './begin.svelte.ts'

/** Shown before there is a workbench; the composition root knows them by these names. */
export const pages: Record<'link' | 'signIn' | 'locked', ComponentLoader> = {
  link: () => import('./LinkPage.svelte'),
  signIn: () => import('./SignInPage.svelte'),
  locked: () => import('./LockedPage.svelte'),
}

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const { contributions, workspace, engine, notices, http, storage } = services
  const category = (): string => t.people.category

  bag.add(
    contributions.editors.register({
      id: 'overview',
      accepts: (input) => (input.kind === 'page' && input.page === 'overview' ? 10 : undefined),
      icon: House,
      title: (input) => {
        const id = input.kind === 'page' ? input.params?.['space'] : undefined
        const space = id === undefined ? workspace.space : workspace.spaces.find((one) => one.space === id)
        return space ? t.workbench.overview.title(space.name) : t.workbench.overview.page
      },
      load: () => import('./Overview.svelte'),
    }),
  )
  bag.add(contributions.commands.register({ id: 'welcome.session.renew', title: () => t.people.signOut.renew, also: () => t.people.signOut.renewAlso, category, icon: LogIn, run: () => location.assign('/inloggen') }))
  bag.add(contributions.commands.register({ id: 'welcome.session.end', title: () => t.people.signOut.command, also: () => t.people.signOut.also, category, icon: LogOut, run: signOut }))

  /** Nothing is lost by signing out, but what waits here travels only after signing in here again: that is said first. */
  async function signOut(): Promise<void> {
    const { waitingCount, inMemoryCount, parkedCount } = await engine.status()
    const unsentCount = waitingCount + inMemoryCount + parkedCount
    if (unsentCount > 0) {
      const answer = await notices.ask({
        title: t.people.signOut.title,
        text: t.people.signOut.text(unsentCount),
        choices: [{ key: 'save', title: t.people.signOut.saveFirst, kind: 'primary' }, { key: 'anyway', title: t.people.signOut.anyway, kind: 'danger' }],
        later: t.people.signOut.stay,
      })
      if (answer === 'save') {
        const { fileName, text } = await engine.exportUnsent()
        saveFile(fileName, text)
        return signOut()
      }
      if (answer !== 'anyway') return
    }
    const ended = await http.signOut()
    // Offline the cookie cannot be taken away: saying "uitgelogd" would not be true.
    if (!ended.ok) {
      if (ended.failure.kind === 'offline') {
        const [id, title] = services.lock.isOn ? ['lock.laptop.close', t.lock.now] : ['settings.page.open', t.lock.setting]
        const answer = await notices.ask({ title: t.people.signOut.offlineTitle, text: t.people.signOut.offline, choices: [{ key: 'lock', title, kind: 'primary' }], later: t.people.signOut.stay })
        if (answer === 'lock') await services.contributions.commands.get(id)?.run()
        return
      }
      if (ended.failure.code !== 'signed-out') return notices.warn(failureText(ended.failure))
    }
    forgetIdentity(storage)
    await engine.dispose()
    // Whoever signed in with their organisation is still signed in there, in this browser.
    location.assign(ended.ok && ended.value ? ended.value.continueAt : '/inloggen')
  }
  bag.add(beginWithOverview(services))
  return bag
}
