/** Sentences and failures in the language of the moment. */
import { locale, t } from '../../platform/text/text.svelte.ts'
import type { Sentence } from './sentence.ts'

export function sentenceText(sentence: Sentence): string {
  switch (sentence.kind) {
    case 'store-failed':
      return t.sync.storeFailed
    case 'refused':
      return t.sync.refused(sentence.count)
    case 'signed-out':
      return t.sync.signedOut
    case 'upgrade':
      return t.sync.upgrade
    case 'blocked':
      return t.sync.blocked
    case 'pending':
      return t.sync.pending
    case 'rechecking':
      return t.sync.rechecking
    case 'offline':
      return t.sync.offline
    case 'local':
      return t.sync.local(sentence.count)
    case 'behind':
      return t.sync.behind(new Intl.NumberFormat(locale()).format(sentence.count))
    case 'relay':
      return t.sync.relay
  }
}
