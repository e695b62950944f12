/** From an empty folder to two people in one space: set-up link, first administrator, a space, an invitation, the second person. */
import type { Browser } from 'playwright-core'
import { must } from '../../shared/base/assert.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/browser.ts'
import { personIn, until, type Person } from '../support/person.ts'
import { startProduct, type Product } from '../support/product.ts'

let product: Product
let browser: Browser
let administrator: Person

beforeAll(async () => {
  ;[product, browser] = await Promise.all([startProduct(), launchChromium()])
  administrator = await personIn(await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'nl-NL' }))
})
afterAll(async () => {
  await browser?.close()
  await product?.dispose()
})

async function fillIn({ page }: Person, who: { name: string; job: string; organisation: string; login: string }): Promise<void> {
  await page.getByRole('textbox', { name: 'Naam' }).fill(who.name)
  await page.getByRole('textbox', { name: 'Functie' }).fill(who.job)
  await page.getByRole('textbox', { name: 'Organisatie' }).fill(who.organisation)
  await page.getByRole('textbox', { name: 'Mailadres van je werk' }).fill(who.login)
  await page.getByLabel('Wachtwoord').first().fill('een zin als wachtwoord')
  await page.getByRole('button', { name: 'Maak mijn account' }).click()
}

describe('a first start', () => {
  it('prints one address and one link; the link makes the first administrator, once', async () => {
    const links = product.links()
    expect(links).toHaveLength(1)
    const link = must(links[0], 'a link').url
    await administrator.page.goto(link)
    await fillIn(administrator, { name: 'beheerder', job: 'beheerder', organisation: 'Gemeente Voorbeeld', login: 'beheerder@voorbeeld.test' })
    await administrator.sync().waitFor()
    const stranger = await personIn(await browser.newContext({ locale: 'nl-NL' }))
    await stranger.page.goto(link)
    await stranger.page.getByRole('heading', { name: 'Deze link is al gebruikt' }).waitFor()
    await stranger.page.close()
  })

  it('the administrator makes a space and an invitation; the second person comes in with it and writes', async () => {
    await administrator.command('Nieuwe ruimte maken')
    const dialog = administrator.page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Naam' }).fill('Eemsdelta')
    await dialog.getByRole('button', { name: 'Maak de ruimte' }).click()
    await administrator.page.getByRole('tree', { name: /Eemsdelta/ }).waitFor()

    await administrator.command('Uitnodigen')
    await dialog.getByRole('radio', { name: /deelnemer/i }).check()
    await dialog.getByRole('button', { name: 'Maak de link' }).click()
    const link = await dialog.getByRole('textbox', { name: 'Link om te sturen' }).inputValue()
    await administrator.picture('invitation')
    await dialog.getByRole('button', { name: 'Klaar' }).click()

    const midwife = await personIn(await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'nl-NL' }))
    await midwife.page.goto(link)
    await midwife.page.getByRole('heading', { name: 'Welkom bij Eemsdelta' }).waitFor()
    await fillIn(midwife, { name: 'verloskundige', job: 'verloskundige', organisation: 'Praktijk Voorbeeld', login: 'verloskundige@voorbeeld.test' })
    await midwife.page.getByRole('tree', { name: /Eemsdelta/ }).waitFor()

    await midwife.command('Nieuwe afspraak')
    const create = midwife.page.getByRole('dialog')
    await create.getByRole('radio', { name: /Roken/ }).check()
    await create.getByRole('button', { name: /^Maak/ }).click()
    await midwife.text().waitFor()
    await midwife.syncIs('relay')
    await administrator.page.getByRole('treeitem', { name: /Roken/ }).click()
    await until('the template arrived', async () => (await administrator.words()).includes('Waarom deze afspraak'))
    expect(midwife.errors).toEqual([])
    expect(administrator.errors).toEqual([])
  })

  it('Ctrl+C shuts down cleanly', async () => {
    expect(await product.stop()).toBe(0)
    expect(product.output()).toContain('Samenpad is gestopt.')
  })
})
