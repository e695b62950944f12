/** A new version of the window: it waits for a person, and for the work to be at the relay. The relay runs in this process, on a copy of the built client. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DIST, startRelay, type Running } from '../../server/assemble.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { must } from '../../shared/base/assert.ts'
import { launchChromium } from '../support/browser.ts'
import { personIn, until, type Person } from '../support/person.ts'
import { plainConfig } from '../support/plain-config.ts'

const TITLE = 'Meerdere signalen'
const NEXT = '<meta name="version" content="next">'

let folder: string
let relay: Running
let browser: Browser
let person: Person
let tab: Person
let port = 0

async function startOnCopy(): Promise<void> {
  const started = await startRelay(
    plainConfig({ port, data: join(folder, 'data'), isDemo: true }),
    { clock: systemClock, dice: systemDice, log: pino({ level: 'silent' }), version: 'test', dist: join(folder, 'dist') },
  )
  if (!started.ok) throw new Error(`the relay did not start: ${started.failure.kind}`)
  relay = started.value
  port = Number(new URL(relay.address).port)
}

/** Puts another version of the window beside the relay, as an update of the installation does. */
async function publish(): Promise<void> {
  const dist = join(folder, 'dist')
  for (const name of ['index.html', 'sw.js']) for (const packed of ['.br', '.gz']) await rm(join(dist, `${name}${packed}`), { force: true })
  const page = await readFile(join(dist, 'index.html'), 'utf8')
  await writeFile(join(dist, 'index.html'), page.replace('<head>', `<head>${NEXT}`))
  const worker = await readFile(join(dist, 'sw.js'), 'utf8')
  await writeFile(join(dist, 'sw.js'), worker.replace(/(url:"index\.html",revision:")[^"]*/, '$1next'))
}

const isNew = ({ page }: Person): Promise<boolean> => page.locator('meta[name="version"]').count().then((count) => count > 0)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samenpad-update-'))
  await cp(DIST, join(folder, 'dist'), { recursive: true })
  ;[, browser] = await Promise.all([startOnCopy(), launchChromium()])
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'nl-NL' })
  person = await personIn(context)
  const link = must(relay.demoLinks.find(({ role }) => role.startsWith('projectleider')), 'a link of a project leader')
  await person.signIn(`${relay.address}/welkom/${link.token}`)
  await person.open(TITLE)
  await person.page.evaluate(async () => void (await navigator.serviceWorker.ready))
  await person.page.reload() // from now on the window comes from the laptop
  await person.text().waitFor()
  await person.syncIs('relay')
  tab = await personIn(context)
  await tab.page.goto(relay.address)
  await tab.page.getByRole('tree').waitFor()
})
afterAll(async () => {
  await browser?.close()
  await relay?.close()
  await rm(folder, { recursive: true, force: true })
})

const renew = (one: Person): Promise<void> => one.page.getByRole('button', { name: 'Vernieuw nu' }).last().click()

// Each step stands on the one before it: there is no second try.
describe('a new version', { retry: 0 }, () => {
  it('is offered, and changes nothing by itself', async () => {
    await publish()
    await person.page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()))
    await person.page.getByText('Er is een nieuwe versie van Samenpad.').first().waitFor()
    expect([await isNew(person), await isNew(tab)]).toEqual([false, false])
  })

  it('does not take over while an edit is only on this laptop, whichever tab asks', async () => {
    await relay.close()
    await person.syncIs('offline')
    await person.write('[[unsent]] nog niet bij het knooppunt')
    await person.page.getByText(/wijziging(en)? wacht(en)? op deze laptop/).waitFor()
    for (const one of [person, tab]) {
      await renew(one)
      await one.page.getByText('De nieuwe versie wacht tot je werk bij het knooppunt staat.').first().waitFor()
    }
    expect([await isNew(person), await isNew(tab)]).toEqual([false, false])
    expect(await person.words()).toContain('[[unsent]]')
  })

  it('comes when the work is at the relay, in every tab, with every word', async () => {
    await startOnCopy()
    await person.syncIs('relay')
    await until('no tab holds it back', () => person.page.evaluate(async () => !(await navigator.locks.query()).held?.some(({ name }) => name === 'samenpad-unsent')))
    await renew(person)
    for (const one of [person, tab]) await until('the new version', () => isNew(one))
    await person.text().waitFor()
    await until('the words', async () => (await person.words()).includes('[[unsent]]'))
    expect([...person.errors, ...tab.errors]).toEqual([])
  })
})

it('a worker that could not be fetched comes at a later try, and nothing is reported as broken', async () => {
  const newcomer = await personIn(await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'nl-NL' }))
  await newcomer.page.addInitScript(() => {
    const place = navigator.serviceWorker
    const register = place.register.bind(place)
    let isAway = true
    // What Chromium answers while the network is away.
    place.register = (...asked) => {
      if (!isAway) return register(...asked)
      isAway = false
      document.documentElement.dataset['worker'] = 'refused'
      return Promise.reject(new TypeError('Failed to register a ServiceWorker: An unknown error occurred when fetching the script.'))
    }
  })
  const link = must(relay.demoLinks.find(({ role }) => role.startsWith('verloskundige')), 'a link of a midwife')
  await newcomer.signIn(`${relay.address}/welkom/${link.token}`)
  await newcomer.page.locator('html[data-worker="refused"]').waitFor({ state: 'attached' })
  await until('the worker', () => newcomer.page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state === 'activated'))
  expect(newcomer.errors).toEqual([])
  await newcomer.page.context().close()
})
