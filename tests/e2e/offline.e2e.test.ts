/**
 * Without a network: the relay goes away, the browser is closed and opened again from cold, people go on writing, and everything merges when
 * they return. Two answers to one fact are both kept until somebody chooses.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '../../shared/base/assert.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, launchPersistent, type PersistentBrowser } from '../support/browser.ts'
import { demoLink, personIn, until, type Person } from '../support/person.ts'
import { startProduct, type Product } from '../support/product.ts'

const TITLE = 'Meerdere signalen'

interface Laptop {
  profile: string
  browser: PersistentBrowser
  person: Person
}
let product: Product
const laptops: Record<'leader' | 'midwife', Laptop> = {} as never

async function openLaptop(profile: string): Promise<Laptop> {
  const browser = await launchPersistent(profile)
  return { profile, browser, person: await personIn(browser.context, browser.context.pages()[0]) }
}
async function reopen(who: keyof typeof laptops): Promise<Person> {
  laptops[who] = await openLaptop(laptops[who].profile)
  const { person } = laptops[who]
  await person.page.goto(product.address)
  await person.page.getByRole('tree').waitFor()
  return person
}

beforeAll(async () => {
  product = await startProduct({ demo: true })
  for (const [who, role] of [['leader', 'projectleider'], ['midwife', 'verloskundige']] as const) {
    laptops[who] = await openLaptop(await mkdtemp(join(tmpdir(), `samenpad-${who}-`)))
    await laptops[who].person.signIn(demoLink(product, role))
    // Signed in some other day: Chromium writes cookies half a minute late, and a browser killed before that is signed out.
    await laptops[who].browser.close()
    await reopen(who)
    await laptops[who].person.open(TITLE)
    await laptops[who].person.syncIs('relay')
    // The shell must be in the cache before the network may go.
    await laptops[who].person.page.evaluate(async () => void (await navigator.serviceWorker.ready))
  }
})
afterAll(async () => {
  for (const laptop of Object.values(laptops)) {
    await laptop.browser.close()
    await rm(laptop.profile, { recursive: true, force: true })
  }
  await product?.dispose()
})

describe('without a network', () => {
  it('the status says in words that one can go on, and which edits are only on this laptop', async () => {
    await product.kill()
    const { person } = laptops.leader
    await person.syncIs('offline')
    await person.write('[[leader.1]] geschreven zonder net')
    await until('the count of waiting edits', async () => /alleen op deze laptop|wacht(en)? op deze laptop/.test(await person.page.getByRole('contentinfo').innerText()))
    expect(await person.sync().innerText()).toContain('Offline')
  })

  it('a browser killed one second after "op deze laptop" opens from cold with every word, without the relay', async () => {
    await laptops.leader.browser.kill()
    const person = await reopen('leader')
    await person.open(TITLE)
    await until('the text that was stored', async () => (await person.words()).includes('[[leader.1]]'))
    await person.syncIs('offline')
  })

  it('new agreements and minutes can be made offline, and everything opens', async () => {
    const { person } = laptops.leader
    await person.command('Nieuwe afspraak')
    const dialog = person.page.getByRole('dialog')
    await dialog.getByRole('radio', { name: /Lege afspraak/ }).check()
    await dialog.getByRole('textbox', { name: 'Titel' }).fill('Afspraak uit de trein')
    await dialog.getByRole('button', { name: /^Maak/ }).click()
    await person.page.getByRole('treeitem', { name: /Afspraak uit de trein/ }).waitFor()
    await person.write('[[leader.new]] tekst in de nieuwe afspraak')
    await person.open('Roken en meeroken')
    await until('an old document opens', async () => (await person.words()).length > 100)
  })

  it('two people change the same paragraph and the same fact, each alone', async () => {
    const { person: leader } = laptops.leader
    const { person: midwife } = laptops.midwife
    await midwife.syncIs('offline')
    for (const [person, words, owner] of [[leader, '[[leader.2]] eerst vooraan. ', 'projectleider, Gemeente Schiedam'], [midwife, '[[midwife.1]] ook vooraan. ', 'verloskundige, Verloskundigenpraktijk']] as const) {
      await person.open(TITLE)
      await person.text().locator('p').first().click()
      await person.page.keyboard.press('Home')
      await person.page.keyboard.type(words, { delay: 10 })
      await person.page.getByRole('button', { name: /Eigenaar/ }).first().click()
      await person.page.keyboard.press('Control+a')
      await person.page.keyboard.type(owner)
      await person.page.keyboard.press('Enter')
      await person.page.getByRole('button', { name: new RegExp(`Eigenaar.*${owner}`) }).waitFor()
    }
  })

  it('both return: all words are there once, on both laptops and on a fresh one', async () => {
    await product.start()
    const people = [laptops.leader.person, laptops.midwife.person]
    for (const person of people) await person.syncIs('relay')
    for (const person of people) {
      await until('all words', async () => {
        const text = await person.words()
        return ['[[leader.1]]', '[[leader.2]]', '[[midwife.1]]'].every((token) => text.split(token).length === 2)
      })
    }
    expect(await people[0]?.words()).toBe(await people[1]?.words())
    await laptops.midwife.person.page.getByRole('treeitem', { name: /Afspraak uit de trein/ }).waitFor()

    const browser = await launchChromium()
    try {
      const fresh = await personIn(await browser.newContext({ locale: 'nl-NL', viewport: { width: 1440, height: 900 } }))
      await fresh.signIn(demoLink(product, 'wijkteam'))
      await fresh.open(TITLE)
      expect(await fresh.words()).toBe(await people[0]?.words())
    } finally {
      await browser.close()
    }
  })

  it('the fact shows two answers, and one is chosen without losing the other unseen', async () => {
    const { person } = laptops.midwife
    await person.page.getByRole('button', { name: /Eigenaar.*2 antwoorden|2 antwoorden.*Eigenaar/ }).first().click()
    const dialog = person.page.getByRole('dialog')
    await dialog.getByRole('heading', { name: 'Twee antwoorden — kies er één' }).waitFor()
    expect(await dialog.getByRole('radio', { checked: true }).count()).toBe(0)
    await person.picture('two-answers')
    await dialog.getByRole('radio', { name: /verloskundige, Verloskundigenpraktijk/ }).check()
    await dialog.getByRole('button', { name: /^Kies verloskundige/ }).click()
    for (const { person: one } of Object.values(laptops)) await one.page.getByRole('button', { name: /Eigenaar.*verloskundige, Verloskundigenpraktijk/ }).waitFor()
  })

  it('the answer that was not chosen stays in the timeline, with who gave it', async () => {
    for (const { person } of Object.values(laptops)) {
      await person.command('Tijdlijn van dit document')
      const timeline = person.page.getByRole('tabpanel', { name: 'Tijdlijn' })
      await timeline.getByText('Eigenaar: koos ‘verloskundige, Verloskundigenpraktijk’').waitFor()
      await timeline.getByText(/^Niet gekozen: ‘projectleider, Gemeente Schiedam’, van projectleider/).waitFor()
    }
  })

  it('the relay is killed while somebody types, and comes back: nothing is lost and the status told the truth', async () => {
    const { person: leader } = laptops.leader
    const { person: midwife } = laptops.midwife
    await leader.text().locator(':scope > p').last().click()
    await leader.page.keyboard.press('End')
    const typing = leader.page.keyboard.type(' [[leader.3]] doortypen terwijl het knooppunt valt [[leader.4]]', { delay: 40 })
    await until('some of it arrived', async () => (await midwife.words()).includes('[[leader.3]]'))
    await product.kill()
    await typing
    await leader.syncIs('offline', 'local')
    await product.start()
    await leader.syncIs('relay')
    await until('the rest arrived', async () => (await midwife.words()).split('[[leader.4]]').length === 2)
    expect((await midwife.words()).split('[[leader.3]]')).toHaveLength(2)
  })

  it('a second tab of the same profile works along, and nothing is written twice', async () => {
    const { browser, person } = laptops.leader
    const tab = await personIn(browser.context)
    await tab.page.goto(product.address)
    await tab.open(TITLE)
    await tab.write('[[tab.2]] uit het tweede tabblad')
    await until('seen in the first tab', async () => (await person.words()).split('[[tab.2]]').length === 2)
    await until('seen on the other laptop', async () => (await laptops.midwife.person.words()).split('[[tab.2]]').length === 2)
    await tab.syncIs('relay')
    expect(tab.errors).toEqual([])
    await tab.page.close()
  })

  it('nothing went wrong unseen', () => {
    expect(must(laptops.midwife, 'a laptop').person.errors).toEqual([])
    expect(laptops.leader.person.errors).toEqual([])
  })
})
