/** Where the work is: the sentence in the status bar, the panel behind it, and what is said when something needs to be known. */
import Download from '@lucide/svelte/icons/download'
import Laptop from '@lucide/svelte/icons/laptop'
import RefreshCw from '@lucide/svelte/icons/refresh-cw'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { takeBegunEmpty } from '../../platform/begun-empty.ts'
import { dateText, isoDateOf, timeText } from '../../platform/dates.ts'
import { saveFile } from '../../platform/download.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { lostWith } from './begun-empty.ts'
import { askBeforeLeaving } from './leaving.ts'
import { watchForNews } from './news.svelte.ts'
import SyncSentence from './SyncSentence.svelte'

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const { contributions, engine, layout, notices, workspace } = services
  const category = (): string => t.sync.category

  // Not behind a loader: the sentence is there with the first picture of the window.
  bag.add(contributions.status.register({ id: 'sync', side: 'left', order: 0, load: () => Promise.resolve({ default: SyncSentence }) }))
  bag.add(contributions.status.register({ id: 'sync.offline', side: 'left', order: 10, load: () => import('./OfflineItem.svelte') }))
  bag.add(contributions.status.register({ id: 'sync.present', side: 'right', order: 50, load: () => import('./PresenceItem.svelte') }))
  bag.add(contributions.status.register({ id: 'sync.role', side: 'right', order: 60, load: () => import('./RoleItem.svelte') }))
  bag.add(contributions.views.register({ id: 'sync', where: 'panel', title: () => t.sync.title, icon: RefreshCw, order: 90, badge: () => services.workspace.waitingItems.length, load: () => import('./SyncPanel.svelte') }))
  // There is no act of saving: whoever looks for one is shown where the work is.
  bag.add(contributions.commands.register({ id: 'sync.status.show', title: () => t.sync.show, also: () => t.sync.showAlso, category, icon: Laptop, run: () => layout.showView('sync') }))
  bag.add(contributions.commands.register({ id: 'sync.connection.retry', title: () => t.sync.connectNow, also: () => t.sync.connectAlso, category, icon: RefreshCw, run: () => engine.reconnect() }))
  bag.add(
    contributions.commands.register({
      id: 'sync.unsent.export',
      title: () => t.sync.saveFile,
      also: () => t.sync.saveAlso,
      category,
      icon: Download,
      run: async () => {
        const { fileName, text } = await engine.exportUnsent()
        saveFile(fileName, text)
        notices.say(t.sync.saved(fileName))
      },
    }),
  )
  bag.add(watchForNews(services))
  if (takeBegunEmpty(services.storage)) void tellWhatWent(services)
  bag.add(askBeforeLeaving(window, () => workspace.status))
  return bag
}


/** Asked once; without an answer nothing is known, and nothing is said. */
async function tellWhatWent({ http, clock, notices, layout }: Services): Promise<void> {
  const devices = await http.devices()
  const lost = devices.ok ? lostWith(devices.value, clock.now()) : null
  if (!lost) return
  const words = t.sync.begunEmpty
  const when = (moment: number): string => `${dateText(isoDateOf(moment))} ${timeText(moment)}`
  if (lost.kind === 'here') notices.warn(words.here(when(lost.since)), { title: words.show, run: () => layout.showView('sync') })
  else notices.say(words.elsewhere(lost.device, when(lost.seenAt)))
}
