/**
 * Small choices of this browser (theme, widths, open tabs), as JSON in localStorage. Never content, never anything that may not be lost.
 *
 * A browser may refuse (private mode, full): choices then live in memory until the window closes, and nothing else changes. What is
 * read back is checked by the caller's guard, because an older or newer build may have written it.
 */
export interface Storage {
  read<T>(key: string, isValid: (value: unknown) => value is T): T | null
  write(key: string, value: unknown): void
  remove(key: string): void
}

const PREFIX = 'samenpad.'

/** In: the place to keep texts; left out: this browser's localStorage. */
export function createStorage(place: Pick<globalThis.Storage, 'getItem' | 'setItem' | 'removeItem'> = localStorage): Storage {
  const refused = new Map<string, string>()
  const textOf = (key: string): string | null => {
    const kept = refused.get(key)
    if (kept !== undefined) return kept
    try {
      return place.getItem(PREFIX + key)
    } catch {
      return null // the browser gives no access to localStorage at all: as if nothing was kept
    }
  }
  return {
    read(key, isValid) {
      const text = textOf(key)
      if (text === null) return null
      try {
        const value: unknown = JSON.parse(text)
        return isValid(value) ? value : null
      } catch {
        return null // written by something else: as if nothing was kept
      }
    },
    write(key, value) {
      const text = JSON.stringify(value)
      try {
        place.setItem(PREFIX + key, text)
        refused.delete(key)
      } catch {
        refused.set(key, text) // private mode or full: kept until the window closes
      }
    },
    remove(key) {
      refused.delete(key)
      try {
        place.removeItem(PREFIX + key)
      } catch {
        refused.delete(key) // no access: there was nothing to remove
      }
    },
  }
}

export const isText = (value: unknown): value is string => typeof value === 'string'
export const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
