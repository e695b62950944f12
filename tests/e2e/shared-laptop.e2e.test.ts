/**
 * [A16] Two people on one laptop, in one browser profile: the second sees nothing of the first, and what the first could not send yet is there, whole,
 * when they come back. Storage is not emptied at signing out, because unsent work has to stay; it is kept apart per person.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { useExample } from '../support/example.ts'
import { demoLink, personIn, until } from '../support/person.ts'
import { reach, userOf } from '../support/reach.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const CANARY = 'Kanariezin van de eerste persoon'
const TITLE = 'Meerdere signalen'
const TEST_MS_MAX = 600_000

const example = useExample()

it('[A16] the second person sees nothing of the first, whose unsent work is there when they come back', async () => {
  const { product, browser } = example
  const command = async (...args: string[]): Promise<unknown> => JSON.parse((await promisify(execFile)(process.execPath, ['server/cli.ts', ...args, '--json'], { cwd: ROOT, env: { ...process.env, SAMENPAD_DATA: product.data, PUBLIC_URL: product.address } })).stdout)
  const { spaces } = (await command('spaces')) as { spaces: { id: string; name: string }[] }
  const schiedam = must(spaces.find(({ name }) => name === 'Schiedam'), 'of the example').id
  const { link } = (await command('invite', '--space', 'Tilburg', '--role', 'member')) as { link: string }
  const invitation = new URL(new URL(link).pathname, product.address).href

  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'nl-NL' })
  const first = await personIn(context)
  await first.signIn(demoLink(product, 'verloskundige'))
  await first.open(TITLE)
  await first.syncIs('relay')
  const firstUser = await userOf(first.page)
  await context.setOffline(true)
  await first.write(CANARY)
  await first.syncIs('offline')
  await until('it is on the laptop', async () => (await reach(first.page, firstUser)).includes(CANARY)) // so the search below finds what there is

  // The first notices elsewhere that this laptop is still signed in.
  const elsewhere = await example.enter('verloskundige')
  await elsewhere.command('Mijn account')
  await elsewhere.page.getByRole('button', { name: 'Overal uitloggen' }).click()
  await elsewhere.page.getByRole('dialog').getByRole('button', { name: 'Overal uitloggen' }).click()
  await elsewhere.page.getByRole('heading', { name: 'Log in' }).waitFor()
  await elsewhere.page.context().close()
  await context.setOffline(false)

  const second = await personIn(context, first.page)
  await second.page.goto(invitation)
  for (const [field, words] of [['Naam', 'wijkverpleegkundige'], ['Functie', 'wijkverpleegkundige'], ['Organisatie', 'Thuiszorg Tilburg'], ['Mailadres van je werk', 'tweede@tilburg.test']] as const) await second.page.getByRole('textbox', { name: field }).fill(words)
  await second.page.getByLabel('Wachtwoord').first().fill('een zin als wachtwoord')
  await second.page.getByRole('button', { name: 'Maak mijn account' }).click()
  await second.page.getByRole('tree', { name: /Tilburg/ }).waitFor()
  await second.syncIs('relay')
  const secondUser = await userOf(second.page)
  expect(secondUser).not.toBe(firstUser)
  const seen: string[] = [await reach(second.page, secondUser)]
  // What was looked at last, what can be found, and who there is.
  await second.page.keyboard.press('Control+k')
  await second.page.getByRole('dialog').getByRole('combobox').waitFor()
  seen.push(await reach(second.page, secondUser))
  await second.page.keyboard.type('Kanariezin')
  seen.push(await reach(second.page, secondUser))
  await second.page.keyboard.press('Escape')
  await second.command('Mijn account')
  await second.page.getByRole('heading', { level: 1, name: 'Mijn account' }).waitFor()
  await second.page.getByText('dit apparaat').waitFor()
  seen.push(await reach(second.page, secondUser))
  for (const text of seen) for (const word of [CANARY, schiedam, firstUser]) expect(text.includes(word) ? word : null).toBeNull()
  await second.command('Uitloggen')
  await second.page.getByRole('heading', { name: 'Log in' }).waitFor()

  const back = await personIn(context, second.page)
  await back.signIn(demoLink(product, 'verloskundige'))
  await back.open(TITLE)
  expect(await back.words()).toContain(CANARY)
  await back.syncIs('relay')
  const colleague = await example.enter('projectleider')
  await colleague.open(TITLE)
  await until('the colleague reads it', async () => (await colleague.words()).includes(CANARY))
  expect([...back.errors, ...colleague.errors]).toEqual([])
  await colleague.page.context().close()
  await context.close()
}, TEST_MS_MAX)
