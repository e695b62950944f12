/**
 * All visible words. `t.area.key` is the sentence in the language of the moment; reading it in markup follows a change of language.
 * Sentences with a number or a name are functions: no glued sentences. Dutch is the source; English has the same type, so a
 * missing line does not compile.
 */
import { en } from './en/index.ts'
import { nl } from './nl/index.ts'
import type { Texts } from './texts.ts'

export type Language = 'nl' | 'en'
export type Catalogue = Texts<typeof nl>

const catalogues: Record<Language, Catalogue> = { nl: nl as Catalogue, en }
const state = $state<{ language: Language }>({ language: 'nl' })

export const language = (): Language => state.language

/** In: the language to show from now on; the choice is stored by settings, not here. */
export function setLanguage(next: Language): void {
  state.language = next
  if (typeof document !== 'undefined') document.documentElement.lang = next
}

export const t: Catalogue = new Proxy({} as Catalogue, {
  get: (_, area: string) => catalogues[state.language][area as keyof Catalogue],
})

const LOCALE: Record<Language, string> = { nl: 'nl-NL', en: 'en-GB' }
export const locale = (): string => LOCALE[state.language]
