/** A formal step in words, the same wherever it is listed. */
import type { Act } from '../../shared/model/acts.ts'
import { dateText } from './dates.ts'
import { t } from './text/text.svelte.ts'

export function actText(act: Act): string {
  const words = t.acts.did
  switch (act.kind) {
    case 'consult': return words.consult(dateText(act.until))
    case 'propose': return words.propose(act.parties)
    case 'sign': return words.sign[act.verdict](act.party)
    case 'adopt': return act.mandate === '' ? words.adopt : words.adoptMandate(act.mandate)
    case 'revise': return words.revise
    case 'withdraw': return words.withdraw
    case 'publish': return words.publish
  }
}
