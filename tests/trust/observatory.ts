/**
 * How the HTTP Observatory of MDN grades an answer, as far as an answer itself says it: https://github.com/mdn/mdn-http-observatory (src/grader/charts.js for
 * what each finding costs or brings, src/analyzer/tests/*.js for when). It begins at 100; what brings points counts only where 90 are left without.
 *
 * Left out, because no answer of the relay says them: certificates, and the redirection from port 80, which are the proxy's; being in the preload list of
 * browsers, which an owner of a domain asks for.
 */
export interface Grade {
  score: number
  /** As the observatory calls them, with what they cost or bring. */
  findings: [string, number][]
}

const BROAD = new Set(['ftp:', 'http:', 'https:', '*', 'http://*', 'http://*.*', 'https://*', 'https://*.*'])
const INLINE = new Set(["'unsafe-inline'", 'data:'])
const HALF_A_YEAR_SECONDS = 15_768_000
const EXTRA_FROM = 90

export function policyOf(headers: Headers): Map<string, string[]> {
  const directives = (headers.get('content-security-policy') ?? '').split(';').map((one) => one.trim().split(/\s+/)).filter(([name]) => name !== '')
  return new Map(directives.map(([name = '', ...sources]) => [name.toLowerCase(), sources]))
}

function policyFinding(headers: Headers): [string, number] {
  const policy = policyOf(headers)
  if (policy.size === 0) return ['csp-not-implemented', -25]
  const of = (name: string): string[] => policy.get(name) ?? policy.get('default-src') ?? ['*']
  const [scripts, styles, objects] = [of('script-src'), of('style-src'), of('object-src')]
  if (scripts.some((one) => BROAD.has(one) || INLINE.has(one)) || objects.some((one) => BROAD.has(one))) return ['csp-implemented-with-unsafe-inline', -20]
  if ([...policy].some(([name, sources]) => !['img-src', 'media-src'].includes(name) && sources.some((one) => /^(http|ftp):/.test(one)))) return ['csp-implemented-with-insecure-scheme', -20]
  if ([...scripts, ...styles].includes("'unsafe-eval'")) return ['csp-implemented-with-unsafe-eval', -10]
  if ([...of('img-src'), ...of('media-src')].some((one) => /^(http|ftp):/.test(one))) return ['csp-implemented-with-insecure-scheme-in-passive-content-only', -10]
  if (styles.some((one) => BROAD.has(one) || INLINE.has(one))) return ['csp-implemented-with-unsafe-inline-in-style-src-only', 0]
  return policy.get('default-src')?.join(' ') === "'none'" ? ['csp-implemented-with-no-unsafe-default-src-none', 10] : ['csp-implemented-with-no-unsafe', 5]
}

function cookiesFinding(cookies: readonly string[]): [string, number] {
  if (cookies.length === 0) return ['cookies-not-found', 0]
  if (!cookies.every((one) => /;\s*secure(;|$)/i.test(one))) return ['cookies-session-without-secure-flag', -40]
  if (!cookies.every((one) => /;\s*httponly(;|$)/i.test(one))) return ['cookies-session-without-httponly-flag', -30]
  return cookies.every((one) => /;\s*samesite=(strict|lax)(;|$)/i.test(one)) ? ['cookies-secure-with-httponly-sessions-and-samesite', 5] : ['cookies-secure-with-httponly-sessions', 0]
}

/** In: `page`, the text of an answer that is HTML; null for every other. */
export function gradeOf(headers: Headers, page: string | null): Grade {
  const referrer = headers.get('referrer-policy')
  const strict = headers.get('strict-transport-security')
  const seconds = Number(/max-age=(\d+)/i.exec(strict ?? '')?.[1] ?? 0)
  const ancestors = policyOf(headers).get('frame-ancestors')
  const resource = headers.get('cross-origin-resource-policy')
  const scripts = [...(page ?? '').matchAll(/<script[^>]*\bsrc="([^"]*)"/gi)].map(([, address = '']) => address)
  const findings: [string, number][] = [
    policyFinding(headers),
    cookiesFinding(headers.getSetCookie()),
    headers.get('access-control-allow-origin') !== null && headers.get('access-control-allow-credentials') === 'true' ? ['cross-origin-resource-sharing-implemented-with-universal-access', -50] : ['cross-origin-resource-sharing-not-implemented', 0],
    referrer === null ? ['referrer-policy-not-implemented', 0] : /^(no-referrer|same-origin|strict-origin|strict-origin-when-cross-origin)$/.test(referrer) ? ['referrer-policy-private', 5] : ['referrer-policy-unsafe', -5],
    strict === null ? ['hsts-not-implemented', -20] : seconds < HALF_A_YEAR_SECONDS ? ['hsts-implemented-max-age-less-than-six-months', -10] : ['hsts-implemented-max-age-at-least-six-months', 0],
    scripts.every((address) => /^\/(?!\/)/.test(address)) ? ['sri-not-implemented-but-all-scripts-loaded-from-secure-origin', 0] : ['sri-not-implemented-but-external-scripts-loaded-securely', -5],
    headers.get('x-content-type-options') === 'nosniff' ? ['x-content-type-options-nosniff', 0] : ['x-content-type-options-not-implemented', -5],
    ancestors && !ancestors.some((one) => BROAD.has(one)) ? ['x-frame-options-implemented-via-csp', 5] : /^(deny|sameorigin)$/i.test(headers.get('x-frame-options') ?? '') ? ['x-frame-options-sameorigin-or-deny', 0] : ['x-frame-options-not-implemented', -20],
    resource === null ? ['cross-origin-resource-policy-not-implemented', 0] : /^same-(origin|site)$/.test(resource) ? ['cross-origin-resource-policy-implemented-with-same-origin', 10] : ['cross-origin-resource-policy-implemented-with-cross-origin', 0],
  ]
  const sum = (which: (cost: number) => boolean): number => findings.reduce((total, [, cost]) => (which(cost) ? total + cost : total), 0)
  const base = 100 + sum((cost) => cost < 0)
  return { score: Math.max(0, base < EXTRA_FROM ? base : base + sum((cost) => cost > 0)), findings }
}
