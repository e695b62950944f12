/**
 * What a browser is told with every answer: the list of row H1. It is the same for routes and files and for what is answered before there is a route (no request at
 * all, an address that is none, a websocket that is refused, somebody who asks too often), and it is made once.
 */
import { STATUS_CODES } from 'node:http'

const YEAR_SECONDS = 31_536_000

/**
 * What a browser may do with what we send. `wasm-unsafe-eval` is for Automerge. Style elements come from our own files only; style
 * *attributes* are allowed, because ProseMirror and Svelte put widths and positions there, and they can load or run nothing under this policy.
 */
const POLICY: Record<string, string[]> = {
  'default-src': ["'none'"],
  'script-src': ["'self'", "'wasm-unsafe-eval'"],
  'script-src-attr': ["'none'"],
  'style-src': ["'self'"],
  'style-src-attr': ["'unsafe-inline'"],
  'img-src': ["'self'", 'data:', 'blob:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"], // covers ws: and wss: of the same host
  'worker-src': ["'self'"],
  'manifest-src': ["'self'"],
  'object-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'require-trusted-types-for': ["'script'"],
  'trusted-types': ['default', 'svelte-trusted-html'], // ours is in client/platform/trusted-types.ts
}
const REFERRER = 'no-referrer' // a link's token stands in the path

/** Nothing of the machine is asked for: no camera, microphone, place, payment or sensor; copying a link is. */
const PERMISSIONS_POLICY = ['camera', 'microphone', 'geolocation', 'payment', 'usb', 'serial', 'hid', 'midi', 'display-capture', 'accelerometer', 'gyroscope', 'magnetometer', 'browsing-topics']
  .map((name) => `${name}=()`)
  .join(', ')

export const securityHeaders = (isSecure: boolean): Record<string, string> => ({
  'Content-Security-Policy': Object.entries(POLICY).map(([name, sources]) => `${name} ${sources.join(' ')}`).join(';'),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Origin-Agent-Cluster': '?1',
  'Permissions-Policy': PERMISSIONS_POLICY,
  'Referrer-Policy': REFERRER,
  'X-Content-Type-Options': 'nosniff',
  'X-DNS-Prefetch-Control': 'off',
  'X-Download-Options': 'noopen',
  'X-Frame-Options': 'DENY',
  'X-Permitted-Cross-Domain-Policies': 'none',
  'X-XSS-Protection': '0', // what old browsers did of themselves let pages be read across sites
  ...(isSecure ? { 'Strict-Transport-Security': `max-age=${YEAR_SECONDS}` } : {}),
})

/** For answers that no route gives; nobody keeps them. */
export const bareHeaders = (isSecure: boolean): Record<string, string> => ({ 'Cache-Control': 'no-store', ...securityHeaders(isSecure) })

/** A whole answer for a raw socket, after which it closes. */
export function bareAnswer(status: number, isSecure: boolean, { headers = {}, body = '' }: { headers?: Record<string, string>; body?: string } = {}): string {
  const all = { ...bareHeaders(isSecure), ...headers, ...(body === '' ? {} : { 'Content-Type': 'application/json; charset=utf-8' }), 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' }
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}
