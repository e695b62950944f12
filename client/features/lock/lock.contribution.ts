/** The lock of what lies on this laptop: a card in the settings, "lock now", and locking by itself after a while without a sign of a person. */
import Lock from '@lucide/svelte/icons/lock'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'
import { watchIdle } from './idle.ts'

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const { contributions, lock, notices } = services
  async function lockNow(): Promise<void> {
    const outcome = await lock.order({ kind: 'lock' })
    if (outcome.kind !== 'done') notices.warn(t.lock.settings.unstored)
  }
  bag.add(
    contributions.commands.register({ id: 'lock.laptop.close', title: () => t.lock.now, also: () => t.lock.also, category: () => t.lock.category, icon: Lock, isEnabled: () => lock.isOn, run: lockNow }),
  )
  bag.add(contributions.settings.register({ id: 'lock', title: () => t.lock.setting, order: 25, load: () => import('./LockSetting.svelte') }))
  bag.add(watchIdle(services, lockNow))
  return bag
}
