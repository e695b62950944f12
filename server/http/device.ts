/**
 * A browser in a few words, for the list of sessions: "Chrome · Windows". What a browser sends about itself is long, changes with every
 * version and helps to follow people, so it is read once and never kept.
 */
type Names = readonly (readonly [pattern: RegExp, name: string])[]

/** In this order: most browsers say that they are some other one as well. */
const BROWSERS: Names = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'], [/\bOPR\//, 'Opera'], [/\b(SamsungBrowser)\//, 'Samsung Internet'], [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|HeadlessChrome)\//, 'Chrome'], [/\bSafari\//, 'Safari'],
]
const SYSTEMS: Names = [
  [/\b(iPhone|iPod)\b/, 'iPhone'], [/\biPad\b/, 'iPad'], [/\bAndroid\b/, 'Android'], [/\bWindows\b/, 'Windows'], [/\bCrOS\b/, 'ChromeOS'], [/\bMac OS X\b|\bMacintosh\b/, 'Mac'], [/\bLinux\b/, 'Linux'],
]
const USER_AGENT_CHARS_MAX = 512

const nameIn = (names: Names, text: string): string | undefined => names.find(([pattern]) => pattern.test(text))?.[1]

/** Out: empty when nothing in it is known. Names of products alone, so that they hold in every language. */
export function deviceOf(userAgent: string | undefined): string {
  const text = (userAgent ?? '').slice(0, USER_AGENT_CHARS_MAX)
  const browser = nameIn(BROWSERS, text)
  const system = nameIn(SYSTEMS, text)
  return browser && system ? `${browser} · ${system}` : (browser ?? system ?? '')
}
