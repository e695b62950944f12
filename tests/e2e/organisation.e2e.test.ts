/** An account with a password and a login at the organisation, in a real browser with a real provider on another site: joined, in by it, out of both, parted. */
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startOrganisation } from '../server/real-organisation.ts'
import { atEnd, PASSWORD } from '../server/relay-under-test.ts'
import { launchChromium } from '../support/browser.ts'
import { personIn } from '../support/person.ts'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))
const TEST_MS_MAX = 600_000

it('joins the two, signs in with the organisation, signs out of both, and parts them', async () => {
  const { relay, people } = await startOrganisation([], DIST)
  people.set('AAAA', { name: 'verloskundige Zuid' })
  const { token } = relay.running.accounts.createInvitation({ space: relay.space('Tilburg'), role: 'admin', by: null })
  const browser = await launchChromium()
  atEnd(() => browser.close())
  const person = await personIn(await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'nl-NL' }))
  const { page } = person
  /** The pages of the provider: who it is, and whether that is meant. */
  const answerProvider = async (): Promise<void> => {
    await page.getByPlaceholder('Enter any login').fill('AAAA')
    await page.getByPlaceholder('and password').fill('x')
    await page.getByRole('button', { name: 'Sign-in' }).click()
    await page.getByRole('button', { name: 'Continue' }).click()
  }

  await page.goto(`${relay.origin}/welkom/${token}`)
  for (const [field, words] of [['Naam', 'beheerder Tilburg'], ['Functie', 'beheerder'], ['Organisatie', 'Gemeente Tilburg'], ['Mailadres van je werk', 'beheerder@tilburg.test']] as const) await page.getByRole('textbox', { name: field }).fill(words)
  await page.getByLabel('Wachtwoord').first().fill(PASSWORD)
  await page.getByRole('button', { name: 'Maak mijn account' }).click()
  await page.getByRole('status').first().waitFor()

  await person.command('Mijn account')
  const card = page.getByRole('region', { name: 'Inlog van je organisatie' })
  await card.getByLabel('Je wachtwoord hier').fill('een verkeerde zin')
  await card.getByRole('button', { name: 'Verbind met de inlog van je organisatie' }).click()
  await card.getByText('Dit is niet het wachtwoord dat je hier hebt.', { exact: false }).waitFor()
  await card.scrollIntoViewIfNeeded()
  await person.picture('account-organisation')
  await card.getByLabel('Je wachtwoord hier').fill(PASSWORD)
  await card.getByRole('button', { name: 'Verbind met de inlog van je organisatie' }).click()
  await answerProvider()
  await page.getByText('Je account is verbonden met de inlog van je organisatie.').first().waitFor()
  expect(new URL(page.url()).search).toBe('')
  await card.getByRole('button', { name: 'Maak los van je organisatie' }).waitFor()
  await page.getByText('Je naam komt van je organisatie.', { exact: false }).waitFor()
  await card.scrollIntoViewIfNeeded()
  await person.picture('account-organisation-joined')

  // In by the organisation, out of both: the page there asks whether it is meant, and brings us back.
  await page.context().clearCookies()
  await page.goto(`${relay.origin}/inloggen`)
  await page.getByRole('link', { name: 'Inloggen met je organisatie' }).click()
  await answerProvider()
  await page.getByRole('button', { name: /^Jouw account/ }).click()
  await page.getByRole('menuitem', { name: 'Uitloggen' }).click()
  await page.getByRole('button', { name: 'Yes, sign me out' }).click()
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  expect(new URL(page.url()).origin).toBe(relay.origin)
  await page.getByRole('link', { name: 'Inloggen met je organisatie' }).click()
  await page.getByPlaceholder('Enter any login').waitFor() // asked anew, whoever is next

  // Signed out everywhere, from a device that the organisation let in: there as well.
  await answerProvider()
  await page.getByRole('status').first().waitFor()
  await person.command('Mijn account')
  await page.getByRole('button', { name: 'Overal uitloggen' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Overal uitloggen' }).click()
  await page.getByRole('button', { name: 'Yes, sign me out' }).click()
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  await page.getByRole('link', { name: 'Inloggen met je organisatie' }).click()
  await page.getByPlaceholder('Enter any login').waitFor()

  // With the password as before, and apart again.
  await page.goto(`${relay.origin}/inloggen`)
  await page.getByLabel('Mailadres van je werk').fill('beheerder@tilburg.test')
  await page.getByLabel('Wachtwoord').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await page.getByRole('status').first().waitFor()
  await person.command('Mijn account')
  await card.getByLabel('Je wachtwoord hier').fill(PASSWORD)
  await card.getByRole('button', { name: 'Maak los van je organisatie' }).click()
  await page.getByText('Je account is losgemaakt van je organisatie.').first().waitFor()
  await card.getByRole('button', { name: 'Verbind met de inlog van je organisatie' }).waitFor()
  expect(person.errors).toEqual([])
}, TEST_MS_MAX)
