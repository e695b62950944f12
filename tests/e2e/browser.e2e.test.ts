// Proves the ground the other end-to-end tests stand on: the browser of the tests has what the product leans on, and its
// kill is a real one. When this file fails, look here first and at the product later.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, launchPersistent } from '../support/browser.ts'

const page = `<!doctype html><html lang="nl"><head><title>proef</title></head><body><h1>Twee paden</h1></body></html>`
const serviceWorker = `
  self.addEventListener('install', (event) => event.waitUntil(caches.open('shell').then((cache) => cache.add('/')).then(() => self.skipWaiting())));
  self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
  self.addEventListener('fetch', (event) => event.respondWith(caches.match('/').then((hit) => hit ?? fetch(event.request))));`

let server: Server
let address: string

beforeAll(async () => {
  server = createServer((request, response) => {
    const isScript = request.url === '/sw.js'
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' })
    response.end(isScript ? serviceWorker : page)
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  address = `http://localhost:${(server.address() as AddressInfo).port}/`
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

async function profileFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'samenpad-profile-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) }
}

test('a page renders, and two contexts share nothing', async () => {
  const browser = await launchChromium()
  try {
    const one = await (await browser.newContext()).newPage()
    const two = await (await browser.newContext()).newPage()
    for (const each of [one, two]) await each.goto(address)
    expect(await one.getByRole('heading').textContent()).toBe('Twee paden')
    const box = await one.getByRole('heading').boundingBox()
    expect(box!.height).toBeGreaterThan(0)
    await one.evaluate(() => localStorage.setItem('van', 'een'))
    expect(await two.evaluate(() => localStorage.getItem('van'))).toBeNull()
  } finally {
    await browser.close()
  }
})

test('a Web Lock is held by one tab and goes to the next when that tab closes', async () => {
  const browser = await launchChromium()
  try {
    const context = await browser.newContext()
    const [first, second] = [await context.newPage(), await context.newPage()]
    for (const each of [first, second]) await each.goto(address)
    await first.evaluate(() => new Promise<void>((held) => void navigator.locks.request('leader', () => (held(), new Promise(() => undefined)))))
    const isFree = (): Promise<boolean> => navigator.locks.request('leader', { ifAvailable: true }, (lock) => lock !== null)
    expect(await second.evaluate(isFree)).toBe(false)
    const next = second.evaluate(() => navigator.locks.request('leader', () => 'mine'))
    await first.close()
    expect(await next).toBe('mine')
  } finally {
    await browser.close()
  }
})

test('after SIGKILL the same profile still has what IndexedDB committed with strict durability', async () => {
  await using profile = await profileFolder()
  const before = await launchPersistent(profile.path)
  const tab = await before.context.newPage()
  await tab.goto(address)
  await tab.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const open = indexedDB.open('proef', 1)
        open.onupgradeneeded = () => open.result.createObjectStore('rows')
        open.onerror = () => reject(open.error)
        open.onsuccess = () => {
          const transaction = open.result.transaction('rows', 'readwrite', { durability: 'strict' })
          transaction.objectStore('rows').put('op deze laptop', 1)
          transaction.oncomplete = () => resolve()
        }
      }),
  )
  await before.kill()

  const after = await launchPersistent(profile.path)
  try {
    const again = await after.context.newPage()
    await again.goto(address)
    const found = await again.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const open = indexedDB.open('proef', 1)
          open.onerror = () => reject(open.error)
          open.onsuccess = () => {
            const get = open.result.transaction('rows').objectStore('rows').get(1)
            get.onsuccess = () => resolve(get.result)
          }
        }),
    )
    expect(found).toBe('op deze laptop')
  } finally {
    await after.close()
  }
})

test('a service worker opens the page with the network off, in a new browser on the same profile', async () => {
  await using profile = await profileFolder()
  const before = await launchPersistent(profile.path)
  const tab = await before.context.newPage()
  await tab.goto(address)
  await tab.evaluate(async () => {
    await navigator.serviceWorker.register('/sw.js')
    await navigator.serviceWorker.ready
  })
  await before.close()

  const after = await launchPersistent(profile.path)
  try {
    await after.context.setOffline(true)
    const again = await after.context.newPage()
    await again.goto(`${address}diep/pad`)
    expect(await again.getByRole('heading').textContent()).toBe('Twee paden')
  } finally {
    await after.close()
  }
})
