/** One's own account on the screen: how others see me, devices, a file of what is kept, and leaving for good with nothing left on the laptop. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { useExample } from '../support/example.ts'
import { personIn, until } from '../support/person.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const TEST_MS_MAX = 600_000
const PASSWORD = 'een zin als wachtwoord'
const NEXT = 'nog een zin, een andere'

const example = useExample({ isNewEachTime: true })

it('details, password, devices, a file, and leaving', async () => {
  const { product, browser } = example
  const { stdout } = await promisify(execFile)(process.execPath, ['server/cli.ts', 'invite', '--space', 'Tilburg', '--role', 'admin', '--json'], { cwd: ROOT, env: { ...process.env, SAMENPAD_DATA: product.data, PUBLIC_URL: product.address } })
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'nl-NL' })
  const person = await personIn(context)
  const { page } = person
  await page.goto(new URL(new URL((JSON.parse(stdout) as { link: string }).link).pathname, product.address).href)
  for (const [field, words] of [['Naam', 'beheerder Tilburg'], ['Functie', 'beheerder'], ['Organisatie', 'Gemeente Tilburg'], ['Mailadres van je werk', 'beheerder@tilburg.test']] as const) await page.getByRole('textbox', { name: field }).fill(words)
  await page.getByLabel('Wachtwoord').first().fill(PASSWORD)
  await page.getByRole('button', { name: 'Maak mijn account' }).click()
  await page.getByRole('tree', { name: /Tilburg/ }).waitFor()

  // Through the menu of the account, as people find it.
  await page.getByRole('button', { name: /^Jouw account/ }).click()
  await page.getByRole('menuitem', { name: 'Mijn account' }).click()
  await page.getByRole('heading', { level: 1, name: 'Mijn account' }).waitFor()
  await page.getByText('Je logt in als beheerder@tilburg.test.').waitFor()
  await page.getByRole('textbox', { name: 'Functie' }).fill('adviseur')
  await page.getByRole('button', { name: 'Bewaar', exact: true }).click()
  await page.getByText('Je gegevens zijn bewaard.').first().waitFor()

  const old = page.getByLabel('Wachtwoord dat je nu hebt')
  await old.fill('een verkeerde zin')
  // Looked at with the keyboard: nothing is sent by it, and it is hidden again the same way.
  await old.press('Tab')
  for (const [type, isShown] of [['text', 'true'], ['password', 'false']] as const) {
    await page.keyboard.press('Space')
    expect([await old.getAttribute('type'), await page.locator(':focus').getAttribute('aria-pressed'), await page.locator(':focus').getAttribute('aria-label')]).toEqual([type, isShown, 'Laat zien wat je typt'])
  }
  expect(await old.inputValue()).toBe('een verkeerde zin')
  await page.getByLabel('Nieuw wachtwoord').fill(NEXT)
  await page.getByRole('button', { name: 'Wijzig wachtwoord' }).click()
  await page.getByText('Dit is niet het wachtwoord dat je nu hebt.', { exact: false }).waitFor()
  await page.getByLabel('Wachtwoord dat je nu hebt').fill(PASSWORD)
  await page.getByRole('button', { name: 'Wijzig wachtwoord' }).click()
  await page.getByText('Je wachtwoord is gewijzigd.').first().waitFor()
  await page.getByText('Chrome op Linux').waitFor()
  await person.picture('account')

  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Mijn gegevens downloaden' }).click()
  const file = JSON.parse(await readFile(await (await saved).path(), 'utf8')) as { login: string; person: { job: string }; memberships: unknown[] }
  expect(file).toMatchObject({ login: 'beheerder@tilburg.test', person: { job: 'adviseur' }, memberships: [{ role: 'admin', space: { name: 'Tilburg' } }] })

  // An invitation that waits, and a link for somebody else's password.
  await person.command('Uitnodigen')
  await page.getByRole('button', { name: 'Maak de link' }).click()
  const link = page.getByRole('textbox', { name: 'Link om te sturen' })
  await link.waitFor()
  // With a keyboard one goes on from what was made, and from the choice when one begins again.
  expect(await link.evaluate((field) => field === document.activeElement)).toBe(true)
  await page.getByRole('button', { name: 'Nog iemand uitnodigen' }).click()
  expect(await page.getByRole('radio', { name: /^deelnemer/ }).evaluate((choice) => choice === document.activeElement)).toBe(true)
  await page.getByRole('button', { name: 'Terug' }).click()
  await person.command('Delen')
  const open = page.getByRole('button', { name: /^Trek in: uitnodiging als deelnemer van / })
  await open.waitFor()
  // Somebody else invites as well; who comes back to the page sees it.
  await promisify(execFile)(process.execPath, ['server/cli.ts', 'invite', '--space', 'Tilburg', '--role', 'member'], { cwd: ROOT, env: { ...process.env, SAMENPAD_DATA: product.data, PUBLIC_URL: product.address } })
  expect(await open.count()).toBe(1)
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await until('both invitations', async () => (await open.count()) === 2)
  await open.first().click()
  await page.getByText('De uitnodiging is ingetrokken.', { exact: false }).first().waitFor()
  await person.picture('members')

  await page.context().setOffline(true)
  await person.command('Uitloggen')
  await page.getByRole('dialog', { name: 'Uitloggen lukt alleen met een verbinding' }).getByRole('button', { name: 'Vergrendeling van deze laptop' }).click()
  await page.getByRole('button', { name: 'Vergrendel deze laptop met een wachtzin' }).waitFor()
  await person.picture('sign-out-offline')
  await page.context().setOffline(false)

  await person.command('Mijn account')
  // The explorer lists the headings of the page by the same words.
  await page.getByRole('region', { name: 'Documentgroep' }).getByRole('button', { name: 'Account verwijderen' }).click()
  await page.getByRole('dialog').getByLabel('Je wachtwoord').fill(NEXT)
  await page.getByRole('button', { name: 'Verwijder mijn account' }).click()
  // The only one who may let people into Tilburg stays, until somebody else may.
  await page.getByText('jij bent de enige beheerder', { exact: false }).waitFor()
  const { stdout: second } = await promisify(execFile)(process.execPath, ['server/cli.ts', 'invite', '--space', 'Tilburg', '--role', 'admin', '--json'], { cwd: ROOT, env: { ...process.env, SAMENPAD_DATA: product.data, PUBLIC_URL: product.address } })
  const token = new URL((JSON.parse(second) as { link: string }).link).pathname.split('/').at(-1) ?? ''
  const joined = await fetch(`${product.address}/api/links/${token}`, { method: 'POST', headers: { origin: product.address, 'content-type': 'application/json' }, body: JSON.stringify({ login: 'tweede@tilburg.test', name: 'tweede', job: '', organisation: '', password: PASSWORD }) })
  expect(joined.status).toBe(200)
  await page.getByRole('button', { name: 'Verwijder mijn account' }).click()
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  expect(await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name))).toEqual([])
  expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => /[0-9a-f]{32}/.test(key)))).toEqual([])

  // Where there is an organisation, it comes first.
  await page.route('**/api/oidc', (route) => route.fulfill({ json: { isOffered: true } }))
  await page.goto(`${product.address}/inloggen?organisatie=denied`)
  await page.getByRole('link', { name: 'Inloggen met je organisatie' }).waitFor()
  await page.getByText('Je organisatie liet je niet door.', { exact: false }).waitFor()
  await page.getByText('Wachtwoord vergeten?').waitFor()
  await person.picture('sign-in-organisation')
  expect(person.errors).toEqual([])
  await context.close()
}, TEST_MS_MAX)
