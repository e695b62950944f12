/**
 * A8: a page of somebody else in the browser of somebody who is signed in asks everything that changes something, in every way that a page can: fetch,
 * forms of three kinds, beacons, websockets. Once from another site, once from another port of the same host, to which the browser does send the cookie.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { launchChromium } from '../support/browser.ts'
import { count, type Row, type Trial } from './row.ts'
import { withTown, type Town } from './town.ts'

export const a8: Row = {
  id: 'A8',
  name: 'Cross-site requests',
  promise: 'a page that is not ours changes nothing in the name of whoever is signed in in that browser',
  target: 'every state-changing route from a foreign page in a real browser, by fetch, form, beacon and websocket: 0 succeed',
  async run(trial) {
    if (!process.env.CHROMIUM_PATH && (process.platform !== 'linux' || process.arch !== 'x64')) return trial.skip('no browser: set CHROMIUM_PATH')
    return withTown(trial, 'A8', { spaces: [{ kind: 'municipality', name: 'Schiedam' }, { kind: 'programme', name: 'Programma' }] }, (town) => forge(town, trial))
  },
}

/** Tables in which a change would show; sessions without the time of their last use. */
function stateOf({ accounts }: Town): string {
  accounts.refresh()
  const tables = ['SELECT * FROM users ORDER BY id', 'SELECT user, space, role FROM members ORDER BY user, space', 'SELECT * FROM spaces ORDER BY id', 'SELECT * FROM participations ORDER BY space', 'SELECT hash, kind, uses_left FROM links ORDER BY hash', 'SELECT hash, user FROM sessions ORDER BY hash', 'SELECT * FROM tokens ORDER BY hash']
  return JSON.stringify(tables.map((sql) => accounts.database.all(sql)))
}

interface Try {
  method: string
  path: string
  /** JSON, as our own page would send it. */
  body: string
}

/** In the page: each way of asking, one after another. Out: what a script there could read of the answers. */
async function askAll(page: Page, to: string, tries: readonly Try[]): Promise<string[]> {
  return page.evaluate(async ({ to, tries }) => {
    const read: string[] = []
    const settle = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))
    for (const { method, path, body } of tries) {
      const url = to + path
      for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
        for (const mode of ['cors', 'no-cors'] as const) {
          await fetch(url, { method, mode, credentials: 'include', headers: { 'content-type': type }, ...(method === 'DELETE' ? {} : { body }) }).then(
            async (response) => void (response.type !== 'opaque' && read.push(`${method} ${path} ${response.status} ${await response.text()}`)),
            () => undefined, // the browser does not let it through, which is right
          )
        }
      }
      if (method !== 'POST') continue
      navigator.sendBeacon(url, body)
      navigator.sendBeacon(url, new Blob([body], { type: 'application/x-www-form-urlencoded' }))
      for (const enctype of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
        const frame = document.createElement('iframe')
        frame.name = `f${Math.random()}`
        document.body.append(frame)
        const form = document.createElement('form')
        Object.assign(form, { method: 'post', action: url, target: frame.name, enctype })
        const field = document.createElement('input')
        // As text/plain this is the JSON, with one field more.
        Object.assign(field, { type: 'hidden', name: `${body.slice(0, -1)}${body === '{}' ? '' : ','}"x":"`, value: '"}' })
        form.append(field)
        document.body.append(form)
        form.submit()
      }
    }
    for (const path of ['/sync', `/yjs/${'ab'.repeat(16)}`]) {
      const socket = new WebSocket(to.replace('http', 'ws') + path)
      await new Promise<void>((resolve) => {
        socket.onopen = () => {
          read.push(`a websocket on ${path}`)
          resolve()
        }
        socket.onclose = () => resolve()
      })
    }
    await settle(1_000)
    return read
  }, { to, tries })
}

async function forge(town: Town, trial: Trial): Promise<void> {
  const { accounts, relay } = town
  const [space, programme] = [town.space(0), town.space(1)]
  const victim = town.somebody(space, 'admin')
  const other = town.somebody(space, 'member')
  accounts.database.run('UPDATE users SET admin = 1 WHERE id = ?', victim.user)
  accounts.refresh()
  const { token } = accounts.createInvitation({ space, role: 'member', by: victim.user })
  await town.settled()
  const { paths } = JSON.parse((await town.ask('GET', '/api/openapi.json')).text) as { paths: Record<string, Record<string, unknown>> }
  const bodies: Record<string, unknown> = {
    'POST /api/session': { login: 'x@y.test', password: 'x' }, 'POST /api/spaces': { kind: 'group', name: 'vals' }, 'POST /api/spaces/{space}/invitations': { role: 'admin' }, 'PUT /api/spaces/{space}/members/{user}': { role: 'admin' },
    'PUT /api/spaces/{space}/participations/{programme}': { takesPart: true }, 'PUT /api/me': { name: 'vals', job: 'vals', organisation: 'vals' }, 'DELETE /api/me': { login: 'x' }, 'PUT /api/spaces/{space}/offline': { daysMax: 14 }, 'POST /api/spaces/{space}/erasures': { item: 'ab'.repeat(16), mode: 'whole', reason: 'x' },
  }
  const tries = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).filter((method) => method !== 'get').map((method): Try => ({
    method: method.toUpperCase(), path: path.replace('{space}', space).replace('{user}', other.user).replace('{programme}', programme).replace('{token}', token).replace(/\{\w+\}/, 'f'.repeat(32)), body: JSON.stringify(bodies[`${method.toUpperCase()} ${path}`] ?? {}),
  })))
  const server = createServer((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Van een ander</title><body>'))
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  const browser = await launchChromium()
  try {
    const [name = '', value = ''] = victim.cookie.split('=')
    const before = stateOf(town)
    let asked = 0
    for (const host of ['127.0.0.1', 'localhost']) {
      const context = await browser.newContext()
      await context.addCookies([{ name, value, domain: 'localhost', path: '/', httpOnly: true, sameSite: 'Strict' }])
      const page = await context.newPage()
      let sent = 0
      context.on('request', (one) => void (one.url().startsWith(relay.address) && sent++))
      await page.goto(`http://${host}:${port}/`)
      const read = await askAll(page, relay.address, tries)
      for (const one of read) trial.violation(`from ${host}: ${one.slice(0, 200)}`)
      asked += sent
      if (stateOf(town) !== before) trial.violation(`from ${host}: something changed`)
      if ((await town.ask('GET', '/api/me', { cookie: victim.cookie })).status !== 200) trial.violation(`from ${host}: the session is over`)
      await context.close()
    }
    // The browser and the cookie are real: our own page may.
    const context = await browser.newContext()
    await context.addCookies([{ name, value, domain: 'localhost', path: '/', httpOnly: true, sameSite: 'Strict' }])
    const page = await context.newPage()
    await page.goto(`${relay.address}/healthz`)
    const status = await page.evaluate(async (path) => (await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"role":"reader"}' })).status, `/api/spaces/${space}/invitations`)
    if (status !== 200 || stateOf(town) === before) trial.violation(`our own page may not either (${status}): the trial proves nothing`)
    await context.close()
    // Strangers' refusals beyond sixty a minute are counted as one.
    const refusedCount = accounts.audit.page({ result: 'refused' }, 100).records.length
    if (refusedCount === 0) trial.violation('nothing of it reached the relay: the trial proves nothing')
    trial.figure(`${count(tries.length, 'route')} that change something, ${count(asked, 'request')} of a real browser from another site and another port, ${refusedCount} or more refused by the relay, 0 changes, 0 answers read, 0 websockets`)
  } finally {
    await browser.close()
    server.closeAllConnections()
    server.close()
  }
}
