/**
 * The built client from `dist/`. Hashed assets never change and may be kept for ever; the page, the service worker and the manifest are asked for
 * anew each time, or an update would never arrive. Any other path that a browser asks a page for gets the page: its own router knows it.
 *
 * The disk is looked at for each request: an update puts another window there while the relay runs. What stands there is what a build makes, so a
 * path is a name of that kind or no file: none of them leads out of the folder, to a dotfile, or to anything that a system reads in a way of its own.
 *
 * A service worker that does harm would outlive every mend of the page. It can be withdrawn: in its place stands one that takes it away with what it
 * cached, and touches nothing that people wrote; and the page says so to the window, which then asks for none: a window that registered the same address
 * while the worker takes itself away would keep it.
 */
import { once } from 'node:events'
import { existsSync, type Stats } from 'node:fs'
import { open, readFile, type FileHandle } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { extname, join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const YEAR_SECONDS = 31_536_000

const NOT_BUILT = `<!doctype html>
<html lang="nl"><head><meta charset="utf-8"><title>Samenpad is nog niet gebouwd</title></head>
<body><main><h1>Samenpad is nog niet gebouwd</h1>
<p>Het knooppunt draait en bewaart alles, maar de werkplek ontbreekt. Stop het knooppunt en start met <code>npm start</code>: dat bouwt eerst de werkplek.</p>
<p lang="en">The workspace has not been built yet. Stop the relay and run <code>npm start</code>.</p>
</main></body></html>
`

/** Browsers look for it at every visit and at least once a day. Windows that are open go on with what they loaded and get the rest from the relay. */
const WITHDRAWN_WORKER = `self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) await caches.delete(name)
  await self.registration.unregister()
})()))
`

/** In the page while it is withdrawn; client/updates.svelte.ts looks for it. */
const WITHDRAWN_MARK = '<meta name="samenpad-worker" content="withdrawn">'

const PAGE = '/index.html'
/** What a build calls its files. */
const BUILT_PATH = /^(?:\/[\w-]+(?:\.[\w-]+)*)+$/
/** What somebody else, a proxy before us or a file system, could take for another path. */
const AMBIGUOUS_PATH = /[\\\0]|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/

/** What a build makes; browsers are told to guess nothing. */
const HTML = 'text/html; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'
const TYPES: Record<string, string> = {
  '.html': HTML, '.js': SCRIPT, '.css': 'text/css; charset=utf-8', '.webmanifest': 'application/manifest+json', '.wasm': 'application/wasm', '.woff2': 'font/woff2', '.png': 'image/png', '.svg': 'image/svg+xml',
}

/** How a file may be packed, the smallest first. A packed one lies beside the plain one, under its name with this at the end. */
const PACKED = [{ encoding: 'br', ending: '.br' }, { encoding: 'gzip', ending: '.gz' }] as const
const PLAIN = { encoding: null, ending: '' } as const
type Packing = (typeof PACKED)[number] | typeof PLAIN

export function serveClient(app: FastifyInstance, dist: string, { withdrawsWorker }: { withdrawsWorker: boolean }): void {
  const page = join(dist, PAGE)
  const sendPage = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (!existsSync(page)) return reply.code(503).header('cache-control', 'no-store').header('retry-after', '60').type(HTML).send(NOT_BUILT)
    if (withdrawsWorker) return reply.header('cache-control', 'no-cache').type(HTML).send((await readFile(page, 'utf8')).replace('<head>', `<head>${WITHDRAWN_MARK}`))
    return (await sendsFile(request, reply, dist, PAGE)) ? reply : sendNotFound(reply) // taken away this very moment
  }
  if (withdrawsWorker) {
    app.get('/sw.js', (_request, reply) => reply.header('cache-control', 'no-cache').type(SCRIPT).send(WITHDRAWN_WORKER))
    for (const path of ['/', PAGE]) app.get(path, sendPage)
  }
  app.route({
    method: ['HEAD', 'GET'],
    url: '/*',
    async handler(request, reply) {
      const path = pathOf(request)
      if (path === null) return sendNotFound(reply)
      return BUILT_PATH.test(path) && (await sendsFile(request, reply, dist, path)) ? reply : reply.callNotFound()
    },
  })
  app.setNotFoundHandler((request, reply) => {
    const isPage = (request.method === 'GET' || request.method === 'HEAD') && !isOurs(request) && asksForPage(request)
    return isPage ? sendPage(request, reply) : sendNotFound(reply)
  })
}

export const sendJson = (reply: FastifyReply, status: number, body: unknown): FastifyReply =>
  reply.code(status).header('cache-control', 'no-store').type('application/json; charset=utf-8').send(JSON.stringify(body))
const sendNotFound = (reply: FastifyReply): FastifyReply => sendJson(reply, 404, { error: 'not-found' })

/** Paths that are never a page; a mistyped one gets an error that a program understands. */
const isOurs = (request: FastifyRequest): boolean => /^\/(api|sync|yjs|assets)(\/|\?|$)/.test(request.url)
const asksForPage = (request: FastifyRequest): boolean => /text\/html|\*\/\*/.test(request.headers.accept ?? '')

/** Decoded once, an encoded slash not at all: it is part of a name. null: a path that nobody should ask for. */
function pathOf({ url }: FastifyRequest): string | null {
  try {
    const path = decodeURI(url.split('?', 1)[0] ?? '')
    return AMBIGUOUS_PATH.test(path) ? null : path === '/' ? PAGE : path
  } catch {
    return null // no characters at all
  }
}

/** In: a path as a build makes them. Out: whether there is such a file; it is sent as the other side wants it then: packed, a part of it, or not again. */
async function sendsFile(request: FastifyRequest, reply: FastifyReply, dist: string, path: string): Promise<boolean> {
  // Opened when its answer may go out: of a hundred requests sent at once over one connection, ninety-nine wait without a file.
  if (reply.raw.socket === null && !reply.raw.destroyed) await once(reply.raw, 'socket')
  const found = await findFile(join(dist, path), request.headers['accept-encoding'])
  if (!found) return false
  const { handle, stat: { size, mtime }, encoding } = found
  const etag = `W/"${size.toString(16)}-${mtime.getTime().toString(16)}"`
  const modified = mtime.toUTCString()
  const headers = { 'cache-control': path.startsWith('/assets/') ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache', vary: 'accept-encoding', 'accept-ranges': 'bytes', etag, 'last-modified': modified }
  const part = partOf(request, size, etag, modified)
  const isSame = isKept(request.headers, etag, modified)
  const hasBody = !isSame && part !== 'outside' && request.method !== 'HEAD' && size > 0
  if (!hasBody) await handle.close()

  if (isSame) void reply.code(304).headers(headers).send()
  else if (part === 'outside') sendJson(reply.header('content-range', `bytes */${size}`), 416, { error: 'bad-request' })
  else {
    const { start, end } = part ?? { start: 0, end: size - 1 }
    void reply.code(part ? 206 : 200).headers(headers).type(TYPES[extname(path)] ?? 'application/octet-stream').header('content-length', end - start + 1)
    if (part) void reply.header('content-range', `bytes ${start}-${end}/${size}`)
    if (encoding !== null) void reply.header('content-encoding', encoding)
    void reply.send(hasBody ? handle.createReadStream({ start, end }) : undefined)
  }
  return true
}

interface Found {
  handle: FileHandle
  stat: Stats
  encoding: Packing['encoding']
}

/** Whoever gets it closes it. */
async function findFile(path: string, accepts: string | undefined): Promise<Found | null> {
  for (const { encoding, ending } of [...packingsFor(accepts), PLAIN]) {
    const file = await openFile(path + ending)
    if (file) return { ...file, encoding }
  }
  return null
}

const NO_SUCH_FILE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'])

/** Opened before it is looked at: size, time and bytes are of one file, also when another takes its place meanwhile. */
async function openFile(path: string): Promise<{ handle: FileHandle; stat: Stats } | null> {
  let handle: FileHandle
  try {
    handle = await open(path)
  } catch (error) {
    if (NO_SUCH_FILE.has((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
  const stat = await handle.stat()
  if (stat.isFile()) return { handle, stat }
  await handle.close()
  return null
}

/** `br;q=0.5, gzip`: what is named and not forbidden, the best liked first. Whoever says "anything" gets the plain file, which everybody can read. */
function packingsFor(accepts: string | undefined): Packing[] {
  const weights = new Map((accepts ?? '').toLowerCase().split(',').map((one) => {
    const [name = '', weight = 'q=1'] = one.split(';').map((piece) => piece.trim())
    return [name, Number(/^q=([\d.]+)$/.exec(weight)?.[1] ?? 0)]
  }))
  const weightOf = ({ encoding }: (typeof PACKED)[number]): number => weights.get(encoding) ?? 0
  return PACKED.filter((one) => weightOf(one) > 0).sort((a, b) => weightOf(b) - weightOf(a))
}

/** Whether the other side has it as it is. Packed and plain have tags of their own, by size and time. */
function isKept(headers: IncomingHttpHeaders, etag: string, modified: string): boolean {
  const { 'if-none-match': tags, 'if-modified-since': since } = headers
  if (tags !== undefined) return tags.split(',').some((tag) => tag.trim() === '*' || bare(tag.trim()) === bare(etag))
  return since !== undefined && Date.parse(modified) <= Date.parse(since)
}
const bare = (tag: string): string => tag.replace(/^W\//, '')

/** Inclusive; null: the whole file, also for whoever asks for several parts at once, for none that makes sense, or has another version of the rest. */
function partOf({ method, headers: { range, 'if-range': ifRange } }: FastifyRequest, size: number, etag: string, modified: string): { start: number; end: number } | 'outside' | null {
  if (method !== 'GET' || range === undefined || (ifRange !== undefined && ifRange !== etag && ifRange !== modified)) return null
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? []
  if (first === '' && last === '') return null
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (first !== '' && last !== '' && Number(last) < start) return null
  return start < size ? { start, end } : 'outside'
}
