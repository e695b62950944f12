/**
 * Politeness for assistive technology: what others do is told at most once per ANNOUNCE_MS, and then only the latest of it. Ten people
 * typing would otherwise drown the one who listens.
 */
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'

export const ANNOUNCE_MS = 10_000

export interface Announcer extends Disposable {
  say(text: string): void
}

export function createAnnouncer(clock: Clock, speak: (text: string) => void): Announcer {
  let spokenAt = -Infinity
  let waiting: string | null = null
  let timer: Disposable | null = null
  const speakNow = (text: string): void => {
    spokenAt = clock.now()
    speak(text)
  }
  return {
    say(text) {
      const wait = spokenAt + ANNOUNCE_MS - clock.now()
      if (wait <= 0 && timer === null) return speakNow(text)
      waiting = text
      timer ??= clock.after(wait, () => {
        timer = null
        const latest = waiting
        waiting = null
        if (latest !== null) speakNow(latest)
      })
    },
    dispose() {
      timer?.dispose()
      timer = null
      waiting = null
    },
  }
}
