/** Carries out an act and says the truth about it: done, or asked for because there is no connection. */
import type { Act } from '../../../shared/model/acts.ts'
import type { ItemHandle } from '../../items/items.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'

export async function giveAct(services: Services, handle: ItemHandle, act: Act, done: string): Promise<void> {
  await handle.act(act)
  services.notices.say(services.workspace.status.connection === 'live' ? done : t.acts.waits)
}
