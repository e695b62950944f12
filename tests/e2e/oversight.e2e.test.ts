/** Who did what, and what a programme sees: the pages of those who are responsible, used as they would. */
import { readFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { axeOn } from '../support/axe.ts'
import { launchChromium } from '../support/browser.ts'
import { demoLink, personIn, type Person } from '../support/person.ts'
import { startProduct, type Product } from '../support/product.ts'

const TEST_MS_MAX = 300_000

/** Anew for every try: what is looked for is the first line of its kind in the log, and a try that failed half-way has written some. */
let [product, browser]: [Product | null, Browser | null] = [null, null]
beforeEach(async () => {
  ;[product, browser] = await Promise.all([startProduct({ demo: true }), launchChromium()])
})
afterEach(async () => {
  await browser?.close()
  await product?.dispose()
})

async function enter(role: string): Promise<Person> {
  const context = await must(browser, 'started before each try').newContext({ viewport: { width: 1440, height: 900 }, locale: 'nl-NL' })
  const person = await personIn(context)
  await person.signIn(demoLink(must(product, 'started before each try'), role))
  return person
}

it('a project leader stops with a programme, and the log says who did it and who tried to read it', async () => {
  const leader = await enter('projectleider')
  await leader.page.getByRole('tree', { name: /Schiedam/ }).waitFor()
  await leader.command('Toon programma’s waaraan deze gemeente meedoet')
  await leader.page.getByText('Doet mee: de programmaleider ziet wat hieronder staat.').waitFor()
  await leader.page.getByRole('heading', { name: /^Dit ziet een programma: \d+ documenten$/ }).waitFor()
  await leader.page.getByRole('cell', { name: 'Roken en meeroken' }).waitFor()
  expect((await axeOn(leader.page).analyze()).violations).toEqual([])
  await leader.page.getByRole('button', { name: 'Stop met Gezonde start (voorbeeld)' }).click()
  await leader.page.getByRole('button', { name: 'Stop', exact: true }).click()
  await leader.page.getByText('Doet niet mee: de programmaleider ziet niets.').waitFor()
  await leader.picture('participation')

  const admin = await enter('beheerder')
  await admin.command('Toon het logboek van de installatie')
  const line = admin.page.getByRole('row').filter({ hasText: 'deelname aan een programma gewijzigd' })
  await line.getByText('projectleider', { exact: true }).waitFor()

  // Somebody without the right tries, and only then there is a line that says so.
  await admin.page.getByLabel('Uitkomst').selectOption('refused')
  await admin.page.getByText('Geen regels').waitFor()
  const status = await leader.page.evaluate(async () => (await fetch('/api/audit')).status)
  expect(status).toBe(403)
  await admin.page.getByLabel('Uitkomst').selectOption('')
  await admin.page.getByLabel('Uitkomst').selectOption('refused')
  await admin.page.getByRole('row').filter({ hasText: 'projectleider' }).filter({ hasText: 'logboek van de installatie gelezen' }).getByText('geweigerd').waitFor()
  expect((await axeOn(admin.page).analyze()).violations).toEqual([])
  await admin.picture('audit')

  // By who it was, and by when.
  await admin.page.getByLabel('Uitkomst').selectOption('')
  await admin.page.getByLabel('Wie').selectOption('beheerder')
  await admin.page.getByRole('row').filter({ hasText: 'logboek van de installatie gelezen' }).first().waitFor()
  await vi.waitFor(async () => expect(await line.count()).toBe(0))
  await admin.page.getByLabel('Wie').selectOption('')
  await line.first().waitFor()
  await admin.page.getByLabel('Tot en met').fill('2020-01-01')
  await admin.page.getByText('Geen regels').waitFor()
  await admin.page.getByLabel('Vanaf').fill('2020-02-01')
  await admin.page.getByRole('alert').filter({ hasText: 'De eerste dag ligt na de laatste.' }).waitFor()
  await admin.page.getByLabel('Tot en met').fill('')
  await line.first().waitFor()
  await admin.page.getByRole('row').filter({ hasText: 'tot 2 januari 2020' }).first().waitFor()
  expect((await axeOn(admin.page).analyze()).violations).toEqual([])
  await admin.picture('audit-filters')
  const saved = admin.page.waitForEvent('download')
  await admin.page.getByRole('button', { name: 'Bewaar als CSV' }).click()
  const lines = (await readFile(await (await saved).path(), 'utf8')).trim().split('\r\n')
  expect(lines[0]).toBe('seq;time;who;name;role;operation;space;subject;from;request;result;hash')
  expect(lines.some((one) => one.includes('participation.change') && one.includes('stops'))).toBe(true)
}, TEST_MS_MAX)
