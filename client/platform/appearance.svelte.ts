/**
 * Theme, density and language of this browser: chosen here, kept in localStorage, shown as `data-theme`, `data-density` and `lang` on
 * <html>. `system` follows the device, high contrast included.
 */
import type { Disposable } from '../../shared/base/dispose.ts'
import { isRecord, type Storage } from './storage.ts'
import { setLanguage, type Language } from './text/text.svelte.ts'

export const THEMES = ['system', 'light', 'dark', 'hc', 'hc-light'] as const
export const DENSITIES = ['compact', 'normal', 'roomy'] as const
export type Theme = (typeof THEMES)[number]
export type Density = (typeof DENSITIES)[number]

interface Choice {
  theme: Theme
  density: Density
  language: Language
}

export interface Appearance extends Disposable {
  theme: Theme
  density: Density
  language: Language
  /** When the words of the chosen language are here; if they cannot be fetched, those that there are will do. */
  readonly ready: Promise<void>
}

const KEY = 'appearance'
const DEFAULT: Choice = { theme: 'system', density: 'normal', language: 'nl' }
/** The names that tokens.css knows; normal has none. */
const DENSITY_NAME: Record<Density, string | null> = { compact: 'compact', normal: null, roomy: 'ruim' }

const isOneOf = <T extends string>(list: readonly T[], value: unknown): value is T => list.includes(value as T)
const isChoice = (value: unknown): value is Choice =>
  isRecord(value) && isOneOf(THEMES, value['theme']) && isOneOf(DENSITIES, value['density']) && isOneOf(['nl', 'en'], value['language'])

/** Shows the kept choice at once; every change is shown, kept, and taken over by the other windows of this browser. */
export function createAppearance(storage: Storage, root: HTMLElement = document.documentElement): Appearance {
  const choice = $state<Choice>(storage.read(KEY, isChoice) ?? { ...DEFAULT })
  const follow = (): void => void show()
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const contrast = matchMedia('(prefers-contrast: more)')

  const shownTheme = (): string => {
    if (choice.theme !== 'system') return choice.theme
    if (contrast.matches) return dark.matches ? 'hc' : 'hc-light'
    return dark.matches ? 'dark' : 'light'
  }
  const show = (): Promise<void> => {
    root.dataset['theme'] = shownTheme()
    const density = DENSITY_NAME[choice.density]
    if (density) root.dataset['density'] = density
    else delete root.dataset['density']
    return setLanguage(choice.language).catch(reportError)
  }
  const change = (): void => {
    storage.write(KEY, { ...choice })
    void show()
  }
  const takeOver = (event: StorageEvent): void => {
    if (!event.key?.endsWith(KEY)) return
    Object.assign(choice, storage.read(KEY, isChoice) ?? DEFAULT)
    void show()
  }
  dark.addEventListener('change', follow)
  contrast.addEventListener('change', follow)
  addEventListener('storage', takeOver)

  return {
    ready: show(),
    get theme() { return choice.theme },
    set theme(next) { choice.theme = next; change() },
    get density() { return choice.density },
    set density(next) { choice.density = next; change() },
    get language() { return choice.language },
    set language(next) { choice.language = next; change() },
    dispose() {
      dark.removeEventListener('change', follow)
      contrast.removeEventListener('change', follow)
      removeEventListener('storage', takeOver)
    },
  }
}
