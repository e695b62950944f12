/** Back from the organisation, where this account was to be joined to a login: how it ended, said once, on the page where it began. */
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'

/** In the address that the relay sends the browser back to (server/http/routes/oidc.ts). */
const ENDED = 'verbonden'
const JOINED = 'ja'

export function backFromOrganisation({ layout, notices }: Pick<Services, 'layout' | 'notices'>): void {
  const ended = new URLSearchParams(location.search).get(ENDED)
  if (ended === null) return
  history.replaceState(null, '', '/')
  layout.open({ kind: 'page', page: 'account' })
  const words = t.account.joining
  const isKnown = (name: string): name is keyof typeof words.ended => Object.hasOwn(words.ended, name)
  if (ended === JOINED) notices.say(words.done)
  else notices.warn(isKnown(ended) ? words.ended[ended] : words.ended.failed)
}
