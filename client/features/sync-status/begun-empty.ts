/**
 * A browser that begins empty under a sign-in that is older than this moment lost what it kept: evicted by the browser, or wiped by hand. What waited
 * here is nowhere else, and the relay cannot know how much it was: edits made without a connection were never counted to it. So this says what is
 * sure, and nothing more.
 */
import type { Device } from '../../platform/http.ts'

/** Signing in, with an organisation or by a link, and the load after it are over by then. */
const SIGN_IN_MS_MAX = 60_000

export type Lost =
  /** This very sign-in was in use before. */
  | { kind: 'here'; since: number }
  /** Another one of this person was: this may be another laptop, or the same one wiped with its sign-in. */
  | { kind: 'elsewhere'; device: string; seenAt: number }

/** In: the sign-ins of this person as the relay lists them. Out: null when there was none before. */
export function lostWith(devices: readonly Device[], now: number): Lost | null {
  const own = devices.find(({ isThis }) => isThis)
  if (own && now - own.begunAt > SIGN_IN_MS_MAX) return { kind: 'here', since: own.begunAt }
  const [latest] = devices.filter(({ isThis }) => !isThis).sort((a, b) => b.seenAt - a.seenAt)
  return latest ? { kind: 'elsewhere', device: latest.device, seenAt: latest.seenAt } : null
}
