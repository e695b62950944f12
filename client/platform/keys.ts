/**
 * Keys: bindings in tinykeys notation (`$mod+Shift+p`), how they are written for people, and which ones this browser keeps for itself.
 * Only keys that work here are ever shown.
 */
import { tinykeys } from 'tinykeys'
import type { Disposable } from '../../shared/base/dispose.ts'

export interface KeyWorld {
  isMac: boolean
  isFirefox: boolean
  /** As an installed app there is no tab strip of the browser that wants Ctrl+W or Ctrl+N. */
  isInstalled: boolean
}

export const keyWorldOf = (window: Window): KeyWorld => ({
  isMac: /Mac|iPhone|iPad/.test(window.navigator.userAgent),
  isFirefox: /Firefox\//.test(window.navigator.userAgent),
  isInstalled: window.matchMedia('(display-mode: standalone)').matches,
})

/** Kept by browsers in a tab: the page never hears of them. */
const KEPT_IN_TABS = new Set(['$mod+w', '$mod+t', '$mod+n', '$mod+Shift+w', '$mod+Shift+n', '$mod+Shift+t', '$mod+Tab'])
const KEPT_BY_FIREFOX = new Set(['$mod+Shift+p'])

export const isHeard = (binding: string, world: KeyWorld): boolean =>
  !(KEPT_IN_TABS.has(binding) && !world.isInstalled) && !(KEPT_BY_FIREFOX.has(binding) && world.isFirefox)

const NAMES: Record<string, string> = {
  ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Escape: 'Esc', Backslash: '\\', Period: '.', Comma: ',', Delete: 'Del',
}

/** `$mod+Shift+p` → `Ctrl Shift P`, on a Mac `⌘ ⇧ P`. */
export function keyText(binding: string, world: KeyWorld): string {
  return binding
    .split('+')
    .map((part) => {
      if (part === '$mod') return world.isMac ? '⌘' : 'Ctrl'
      if (part === 'Shift') return world.isMac ? '⇧' : 'Shift'
      if (part === 'Alt') return world.isMac ? '⌥' : 'Alt'
      const name = NAMES[part] ?? part.replace(/^(Key|Digit)/, '')
      return name.length === 1 ? name.toUpperCase() : name
    })
    .join(' ')
}

/**
 * Listens for bindings on a window. A key that the focused thing already used (the editor's own Ctrl+B, Escape in a menu) is left alone.
 *
 * In:  binding → what to do. Every binding has a modifier or is a function key, so typing is never caught.
 */
export function listenForKeys(target: Window, bindings: Record<string, () => void>): Disposable {
  const handlers = Object.fromEntries(
    Object.entries(bindings).map(([binding, run]): [string, (event: KeyboardEvent) => void] => [
      binding,
      (event) => {
        if (event.defaultPrevented) return
        event.preventDefault()
        run()
      },
    ]),
  )
  return { dispose: tinykeys(target, handlers, { ignore: () => false }) }
}
