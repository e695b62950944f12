/**
 * The built client from `dist/`. Hashed assets never change and may be kept for ever; the page, the service worker and the manifest are asked for
 * anew each time, or an update would never arrive. Any other path that a browser asks a page for gets the page: its own router knows it.
 *
 * A service worker that does harm would outlive every mend of the page. It can be withdrawn: in its place stands one that takes it away with what it
 * cached, and touches nothing that people wrote; and the page says so to the window, which then asks for none: a window that registered the same address
 * while the worker takes itself away would keep it.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fastifyStatic } from '@fastify/static'
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

export async function serveClient(app: FastifyInstance, dist: string, { withdrawsWorker }: { withdrawsWorker: boolean }): Promise<void> {
  const page = join(dist, 'index.html')
  const sendPage = async (reply: FastifyReply): Promise<unknown> => {
    if (!existsSync(page)) return reply.code(503).header('cache-control', 'no-store').header('retry-after', '60').type('text/html; charset=utf-8').send(NOT_BUILT)
    if (!withdrawsWorker) return reply.sendFile('index.html')
    return reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8').send((await readFile(page, 'utf8')).replace('<head>', `<head>${WITHDRAWN_MARK}`))
  }
  if (withdrawsWorker) {
    app.get('/sw.js', (_request, reply) => reply.header('cache-control', 'no-cache').type('text/javascript; charset=utf-8').send(WITHDRAWN_WORKER))
    for (const path of ['/', '/index.html']) app.get(path, (_request, reply) => sendPage(reply))
  }
  await app.register(fastifyStatic, {
    root: dist,
    wildcard: true,
    index: 'index.html',
    redirect: false,
    preCompressed: true,
    cacheControl: false,
    suppressWarning: true,
    dotfiles: 'ignore',
    setHeaders(reply, path) {
      const isHashed = path.slice(dist.length).replaceAll('\\', '/').startsWith('/assets/')
      void reply.header('cache-control', isHashed ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache')
    },
  })
  app.setNotFoundHandler((request, reply) => {
    const isPage = (request.method === 'GET' || request.method === 'HEAD') && !isOurs(request) && asksForPage(request)
    if (!isPage) return sendJson(reply, 404, { error: 'not-found' })
    return sendPage(reply)
  })
}

export const sendJson = (reply: FastifyReply, status: number, body: unknown): FastifyReply =>
  reply.code(status).header('cache-control', 'no-store').type('application/json; charset=utf-8').send(JSON.stringify(body))

/** Paths that are never a page; a mistyped one gets an error that a program understands. */
const isOurs = (request: FastifyRequest): boolean => /^\/(api|sync|yjs|assets)(\/|\?|$)/.test(request.url)
const asksForPage = (request: FastifyRequest): boolean => /text\/html|\*\/\*/.test(request.headers.accept ?? '')
