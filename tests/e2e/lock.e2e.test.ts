/**
 * A laptop that is locked with a passphrase: put on in the settings, the door at the next start, a wrong and a right passphrase, work, a browser that is
 * killed, the door again, the words there. A second browser sees them merged. In the files of the locked profile stands no word of it, as bytes.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, expect, it } from 'vitest'
import { launchPersistent, type PersistentBrowser } from '../support/browser.ts'
import { useExample } from '../support/example.ts'
import { demoLink, personIn, until, type Person } from '../support/person.ts'

const PASSPHRASE = 'een paard in de wei'
/** A word that no browser and no template knows, in the two ways that strings lie on disks. */
const BEFORE = 'Zwaluwkanarie'
const AFTER = 'Kwartelkanarie'
const TITLE = 'Meerdere signalen'
const TEST_MS_MAX = 600_000

const example = useExample()
let profile = ''
afterAll(() => rmSync(profile, { recursive: true, force: true }))

/** Files of the profile that hold one of the words, whatever they are. */
function filesWith(words: readonly string[]): string[] {
  const needles = words.flatMap((word) => [Buffer.from(word, 'utf8'), Buffer.from(word, 'utf16le')])
  return readdirSync(profile, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .filter((path) => needles.some((needle) => readFileSync(path).includes(needle)))
    .map((path) => path.slice(profile.length))
}
const inStore = (files: readonly string[]): string[] => files.filter((file) => /IndexedDB|Service Worker|Local Storage|Session Storage|File System/.test(file))

const open = async (browser: PersistentBrowser): Promise<Person> => personIn(browser.context, browser.context.pages()[0])
const door = (page: Page) => page.getByRole('heading', { name: 'Deze laptop is vergrendeld' })
/** In: the passphrase, right or wrong. */
async function enter(page: Page, passphrase: string): Promise<void> {
  await page.getByLabel('Wachtzin', { exact: true }).fill(passphrase)
  await page.getByRole('button', { name: 'Ontgrendel' }).click()
}

it('a laptop is locked, asks for its passphrase, keeps what is typed through a kill, and its files hold no word of it', async () => {
  profile = mkdtempSync(join(tmpdir(), 'samenpad-locked-'))
  let browser = await launchPersistent(profile)
  let first = await open(browser)
  await first.signIn(demoLink(example.product, 'verloskundige'))
  await first.open(TITLE)
  await first.write(`${BEFORE} voor de vergrendeling`)
  await first.syncIs('relay')
  await until('the words are in the files', async () => inStore(filesWith([BEFORE])).length > 0) // so the search below finds what there is

  await first.command('Instellingen openen')
  await first.page.getByRole('button', { name: 'Vergrendel deze laptop met een wachtzin' }).click()
  await first.page.getByLabel('Wachtzin', { exact: true }).fill('kort')
  await first.page.getByLabel('Wachtzin nog een keer').fill('kort')
  await first.page.getByRole('button', { name: 'Vergrendel deze laptop met een wachtzin' }).click()
  await first.page.getByText('Kies minstens 12 tekens.').waitFor()
  await first.page.getByLabel('Wachtzin', { exact: true }).fill(PASSPHRASE)
  await first.page.getByLabel('Wachtzin nog een keer').fill(PASSPHRASE)
  await first.picture('lock-setting')
  await first.page.getByRole('button', { name: 'Vergrendel deze laptop met een wachtzin' }).click()
  await door(first.page).waitFor()
  await first.picture('lock-door')
  await until('no file of the store holds a word', async () => inStore(filesWith([BEFORE])).length === 0)

  await enter(first.page, 'een koe in de wei')
  await first.page.getByText('Deze wachtzin klopt niet.').waitFor()
  await first.picture('lock-wrong')
  await enter(first.page, PASSPHRASE)
  await first.open(TITLE)
  expect(await first.words()).toContain(BEFORE)

  // Another tab of the profile needs no passphrase while this one is open.
  const beside = await personIn(browser.context)
  await beside.page.goto(example.product.address)
  await beside.open(TITLE)
  await beside.page.close()

  await browser.context.setOffline(true)
  await first.write(`${AFTER} na de vergrendeling`)
  await first.syncIs('offline')
  expect(first.errors).toEqual([])
  // A killed Chromium has not written every cookie yet; signing in again is not what this is about.
  const cookies = await browser.context.cookies()
  await browser.kill()

  expect(inStore(filesWith([BEFORE, AFTER]))).toEqual([])
  browser = await launchPersistent(profile)
  await browser.context.addCookies(cookies)
  first = await open(browser)
  await browser.context.setOffline(true)
  await first.page.goto(example.product.address)
  await door(first.page).waitFor()
  await first.page.getByText('Wachtzin vergeten?').click()
  await first.page.getByText(/die niet bij het knooppunt/).waitFor()
  await enter(first.page, PASSPHRASE)
  await first.open(TITLE)
  expect(await first.words()).toContain(AFTER)
  await browser.context.setOffline(false)
  await first.syncIs('relay')
  const colleague = await example.enter('projectleider')
  await colleague.open(TITLE)
  await until('the colleague reads it', async () => (await colleague.words()).includes(AFTER))
  await colleague.page.context().close()

  await first.command('Vergrendel nu')
  await door(first.page).waitFor()
  await enter(first.page, PASSPHRASE)
  await first.syncIs('relay')
  await first.command('Instellingen openen')
  await first.page.getByRole('button', { name: 'Haal de vergrendeling weg' }).click()
  await first.page.getByLabel('Wachtzin', { exact: true }).fill(PASSPHRASE)
  await first.page.getByRole('button', { name: 'Haal de vergrendeling weg' }).click()
  await first.page.getByText('Deze laptop is niet vergrendeld.').or(first.page.getByRole('treeitem', { name: TITLE })).first().waitFor()
  await first.open(TITLE)
  expect(await first.words()).toContain(AFTER)
  expect(first.errors).toEqual([])
  await browser.close()
}, TEST_MS_MAX)
