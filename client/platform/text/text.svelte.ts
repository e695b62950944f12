/**
 * All visible words. `t.area.key` is the sentence in the language of the moment; reading it in markup follows a change of language.
 * Sentences with a number or a name are functions: no glued sentences. Dutch is the source; English has the same type, so a
 * missing line does not compile. Dutch is in the first script; another language is fetched when somebody chooses it.
 */
import { nl } from './nl/index.ts'
import type { Texts } from './texts.ts'

export type Language = 'nl' | 'en'
export type Catalogue = Texts<typeof nl>

const fetchWords: Record<Language, () => Promise<Catalogue>> = {
  nl: () => Promise.resolve(nl as Catalogue),
  en: () => import('./en/index.ts').then(({ en }) => en),
}
let shown = $state<Language>('nl')
let words = $state.raw<Catalogue>(nl as Catalogue)
let wanted: Language = 'nl'

export const language = (): Language => shown

/**
 * In:     the language to show from now on; the choice is stored by settings, not here.
 * Out:    when it is shown, or another was asked for meanwhile.
 * Errors: rejects when its words cannot be fetched; what was shown stays.
 */
export async function setLanguage(next: Language): Promise<void> {
  wanted = next
  const fetched = await fetchWords[next]()
  if (wanted !== next) return
  words = fetched
  shown = next
  if (typeof document !== 'undefined') document.documentElement.lang = next
}

export const t: Catalogue = new Proxy({} as Catalogue, {
  get: (_, area: string) => words[area as keyof Catalogue],
})

const LOCALE: Record<Language, string> = { nl: 'nl-NL', en: 'en-GB' }
export const locale = (): string => LOCALE[shown]
