/**
 * A space that closes on a laptop without contact: the limit is set on a screen, the laptop goes on a journey, is warned, closes what it had open, keeps
 * what was typed, and opens by itself when it is connected again. The clock that moves is that of the engine, as it was built.
 */
import type { BrowserContext, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { axeOn } from '../support/axe.ts'
import { demoLink, personIn, until } from '../support/person.ts'
import { useExample } from '../support/example.ts'

const SPACE = 'Werkgroep geboortezorg en jeugdgezondheidszorg Noordoost-Gelderland'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const WORD = 'Kanariezin'
const TEST_MS_MAX = 400_000

const example = useExample()

/** What stands before the script of the engine's worker: a channel tells it by how much its clock is off. */
const TURNED = `{ const now = Date.now.bind(Date); let off = 0; new BroadcastChannel('turned-clock').onmessage = ({ data }) => { off = data }; Date.now = () => now() + off }\n`

async function turnableClock(context: BrowserContext): Promise<(page: Page, offMs: number) => Promise<void>> {
  await context.route(/\/assets\/engine\.worker[^/]*\.js$/, async (route) => {
    const response = await route.fetch()
    // A worker that was handed in here is of no origin to its own policy, which would refuse its websocket.
    const { 'content-security-policy': _, ...headers } = response.headers()
    await route.fulfill({ response, headers, body: TURNED + (await response.text()) })
  })
  return (page, offMs) => page.evaluate((ms) => new BroadcastChannel('turned-clock').postMessage(ms), offMs)
}

const violations = async (page: Page) => (await axeOn(page).analyze()).violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])

it('a limit is set, a laptop without contact is warned and closed, keeps what was typed, and opens again by itself', async () => {
  const context = await example.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'nl-NL' })
  const turn = await turnableClock(context)
  const admin = await personIn(context)
  const { page } = admin
  await admin.signIn(demoLink(example.product, 'beheerder'))
  await page.getByRole('tree').waitFor()
  const made = await page.evaluate(async (name) => (await fetch('/api/spaces', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ kind: 'group', name }) })).status, SPACE)
  expect(made).toBe(200)
  const choose = async (name: string): Promise<void> => {
    await page.getByRole('button', { name: /Wissel van gemeente of groep/ }).first().click()
    await page.getByRole('option', { name }).first().click()
  }
  await choose(SPACE)

  // Set where its members are.
  await admin.command('Delen')
  await page.getByRole('heading', { name: 'Zonder verbinding' }).waitFor()
  await page.getByText('Zonder verbinding blijft deze ruimte open zo lang als nodig.').waitFor()
  await page.getByLabel('Hoogstens een aantal dagen').check()
  await page.getByLabel('Aantal dagen', { exact: true }).fill('500')
  await page.getByRole('button', { name: 'Bewaar', exact: true }).click()
  await page.getByText('Vul een heel getal in van 1 tot 400.').waitFor()
  expect(await violations(page)).toEqual([])
  await admin.picture('offline-setting-wrong')
  await page.getByLabel('Aantal dagen', { exact: true }).fill('3')
  await page.getByRole('button', { name: 'Bewaar', exact: true }).click()
  await page.getByText('Zonder verbinding blijft deze ruimte 3 dagen open.').waitFor()
  await admin.picture('offline-setting')

  await admin.command('Nieuwe kennispagina')
  await admin.text().waitFor()
  await admin.write(`${WORD} bij het knooppunt`)
  await admin.syncIs('relay')

  await context.setOffline(true)
  await admin.write(`${WORD} onderweg`)
  await admin.syncIs('offline')
  await turn(page, 2 * DAY_MS + 4 * HOUR_MS)
  await page.getByRole('button', { name: 'nog 20 uur zonder verbinding' }).waitFor()
  await page.getByText('Over 20 uur moet je een keer verbinding maken.').first().waitFor()
  await admin.picture('offline-soon')
  expect(await admin.words()).toContain(`${WORD} onderweg`)

  // Somebody is typing when the limit passes.
  await admin.text().locator('p').last().click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type(' en op de grens')
  await turn(page, 3 * DAY_MS + HOUR_MS)
  await page.getByRole('heading', { level: 1, name: `${SPACE} is dicht tot je verbinding maakt` }).waitFor()
  await page.getByRole('button', { name: '1 ruimte is dicht' }).waitFor()
  // What was said before it closed is over.
  await until('nothing says that it closes soon', async () => (await page.locator('.toast', { hasText: 'Over 20 uur' }).count()) === 0)
  const shown = async (): Promise<string> => page.evaluate(() => document.documentElement.outerHTML)
  await until('nothing of it is on screen', async () => !(await shown()).includes(WORD))
  await page.getByText('Wat je schreef en wat nog niet verstuurd is, staat nog op deze laptop.').first().waitFor()
  expect(await violations(page)).toEqual([])
  await admin.picture('offline-closed')
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished)))
  expect(await violations(page)).toEqual([])
  await admin.picture('offline-closed-dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 320, height: 700 }) // 1280 at 400 %
  await admin.picture('offline-closed-400')
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.keyboard.press('Control+Shift+F')
  await page.getByRole('searchbox').fill(WORD)
  await page.getByText(/^Niets gevonden/).first().waitFor()
  await page.keyboard.press('Control+Shift+E')

  // Set back, the clock gives nothing.
  await turn(page, -30 * DAY_MS)
  await choose('Gezonde start (voorbeeld)')
  await page.getByRole('treeitem', { name: 'Overzicht Gezonde start (voorbeeld)' }).waitFor()
  await choose(SPACE)
  await page.getByRole('heading', { level: 1, name: `${SPACE} is dicht tot je verbinding maakt` }).waitFor()

  await context.setOffline(false)
  await page.getByRole('tab', { name: 'Nieuwe kennispagina' }).first().click()
  await admin.text().waitFor()
  await until('all that was typed is there', async () => (await admin.words()).includes(`${WORD} onderweg en op de grens`))
  await admin.syncIs('relay')
  expect(admin.errors).toEqual([])

  const elsewhere = await example.enter('beheerder')
  await elsewhere.page.getByRole('button', { name: /Wissel van gemeente of groep/ }).first().click()
  await elsewhere.page.getByRole('option', { name: SPACE }).first().click()
  await elsewhere.page.getByRole('treeitem', { name: /^Kennis/ }).click()
  await elsewhere.open('Nieuwe kennispagina')
  expect(await elsewhere.words()).toContain(`${WORD} onderweg en op de grens`)
}, TEST_MS_MAX)
