/**
 * Who may and who can, against the real product: edits of somebody who lost the right reach nobody and are not lost; everything works by keyboard,
 * in every theme, at 320 px and in English.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { en } from '../../client/platform/text/en/index.ts'
import { nl } from '../../client/platform/text/nl/index.ts'
import { must } from '../../shared/base/assert.ts'
import { axeOn } from '../support/axe.ts'
import { useExample } from '../support/example.ts'
import { demoLink, personIn, until, type Person } from '../support/person.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const TITLE = 'Meerdere signalen'
/** Looking at every colour of every view takes its time on a busy machine. */
const LOOK_MS_MAX = 600_000

const example = useExample()

const { enter } = example

describe('[W] who lost the right to write', () => {
  const WORDS = 'Dit schreef ik zonder verbinding.'
  const OWNER = 'iemand anders'

  it('edits made offline are parked on return, in words, to be seen and exported, and reach nobody', async () => {
    const [leader, midwife] = [await enter('projectleider'), await enter('verloskundige')]
    for (const person of [leader, midwife]) await person.open(TITLE)
    const before = await leader.words()
    await midwife.syncIs('relay')

    await midwife.page.context().setOffline(true)
    await midwife.syncIs('offline')
    await midwife.write(WORDS)
    await midwife.page.getByRole('button', { name: /Eigenaar/ }).first().click()
    await midwife.page.keyboard.press('Control+a')
    await midwife.page.keyboard.type(OWNER)
    await midwife.page.keyboard.press('Enter')

    // The machine's own command lets somebody in who may change roles; that one makes a reader of her.
    const { stdout } = await promisify(execFile)(process.execPath, ['server/cli.ts', 'invite', '--space', 'Schiedam', '--role', 'admin', '--json'], { cwd: ROOT, env: { ...process.env, SAMENPAD_DATA: example.product.data, PUBLIC_URL: example.product.address } })
    const { link } = JSON.parse(stdout) as { link: string }
    const admin = await personIn(await example.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'nl-NL' }))
    await admin.page.goto(new URL(new URL(link).pathname, example.product.address).href)
    for (const [field, words] of [['Naam', 'beheerder Schiedam'], ['Functie', 'beheerder'], ['Organisatie', 'Gemeente Schiedam'], ['Mailadres van je werk', 'beheerder@schiedam.test']] as const) await admin.page.getByRole('textbox', { name: field }).fill(words)
    await admin.page.getByLabel('Wachtwoord').first().fill('een zin als wachtwoord')
    await admin.page.getByRole('button', { name: 'Maak mijn account' }).click()
    await admin.page.getByRole('tree', { name: /Schiedam/ }).waitFor()
    await admin.command('Delen')
    await admin.page.getByRole('combobox', { name: 'Rol van verloskundige' }).selectOption({ value: 'reader' })
    await admin.page.getByText('verloskundige is nu lezer', { exact: false }).first().waitFor()

    await midwife.page.context().setOffline(false)
    await midwife.syncIs('refused')
    expect(await midwife.sync().innerText()).toMatch(/\d+ wijziging(en)? geweigerd/)
    await until('the page is for reading now', async () => (await midwife.text().getAttribute('contenteditable')) === 'false')

    await midwife.command('Bekijk wat geweigerd is')
    const cards = midwife.page.getByRole('main').getByRole('listitem')
    await cards.first().getByText(TITLE).waitFor()
    await midwife.page.getByText('Je rol in deze ruimte laat dit niet (meer) toe.').first().waitFor()
    await midwife.picture('refused')
    const saved = midwife.page.waitForEvent('download')
    await midwife.page.getByRole('button', { name: (await cards.count()) > 1 ? 'Bewaar alles als bestand' : 'Bewaar als bestand' }).click()
    const file = await readFile(await (await saved).path(), 'utf8')
    expect(file).toContain(WORDS)
    expect(file).toContain(OWNER)

    // Whatever else comes over the same line comes later: this proves that hers did not.
    await leader.write('Hier ging ik verder.')
    const wijkteam = await enter('wijkteam')
    await wijkteam.open(TITLE)
    await until('the leader’s words', async () => (await wijkteam.words()).includes('Hier ging ik verder.'))
    for (const person of [leader, wijkteam]) {
      expect(await person.words()).not.toContain(WORDS)
      expect(await person.page.getByRole('button', { name: new RegExp(OWNER) }).count()).toBe(0)
    }
    expect((await leader.words()).startsWith(before.split('\n')[0] ?? '')).toBe(true)

    // Offered again it is refused again, and said so; with her role back it is taken, and everybody has it.
    const offerAgain = async (): Promise<void> => midwife.page.getByRole('button', { name: (await cards.count()) > 1 ? 'Bied alles opnieuw aan' : 'Bied opnieuw aan' }).click()
    await offerAgain()
    await cards.first().getByText('Opnieuw aangeboden, en weer geweigerd.').waitFor()
    expect(await midwife.page.locator('.toast').getByText('Het wordt opnieuw aangeboden.').count()).toBe(0)
    expect(await midwife.page.evaluate(() => document.activeElement?.textContent)).toBe('Geweigerd')
    await midwife.picture('refused-again')
    await admin.page.getByRole('combobox', { name: 'Rol van verloskundige' }).selectOption({ value: 'member' })
    await admin.page.getByText('verloskundige is nu deelnemer', { exact: false }).first().waitFor()
    await offerAgain()
    await midwife.page.getByText('Niets geweigerd').waitFor()
    await midwife.page.getByText('Het knooppunt nam het nu aan.').first().waitFor()
    await until('what was refused reaches the leader', async () => (await leader.words()).includes(WORDS))
    for (const person of [leader, midwife, wijkteam, admin]) {
      expect(person.errors).toEqual([])
      await person.page.context().close()
    }
  }, LOOK_MS_MAX)
})

/** What has the focus: its name or words, and whether one can see that it has. */
const focused = (page: Page): Promise<{ name: string; role: string; isVisible: boolean; isInSight: boolean }> =>
  page.evaluate(async () => {
    const element = document.activeElement as HTMLElement
    // What fades in is judged when it is there.
    await Promise.allSettled(element.getAnimations({ subtree: true }).map(({ finished }) => finished))
    const style = getComputedStyle(element)
    const drawn = (one: CSSStyleDeclaration): boolean => (one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) > 0) || one.boxShadow !== 'none'
    // A text shows it with a line in its margin, a tree item with the frame of its row.
    const bar = element.closest('.prose-region')
    const isVisible =
      drawn(style) || [getComputedStyle(element, '::before'), getComputedStyle(element, '::after')].some(({ content, backgroundColor }) => content !== 'none' && backgroundColor !== 'rgba(0, 0, 0, 0)') || (element.isContentEditable && bar !== null && getComputedStyle(bar, '::before').content !== 'none') || [...element.children].some((child) => drawn(getComputedStyle(child)))
    const { top, bottom, left, right } = element.getBoundingClientRect()
    const labelled = (element.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ')
    const name = element.getAttribute('aria-label') ?? (labelled.trim() || (element.textContent ?? '').replace(/\s+/g, ' ').trim())
    return { name, role: element.getAttribute('role') ?? element.tagName.toLowerCase(), isVisible, isInSight: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth }
  })

describe('[X] by keyboard alone', () => {
  it('from the sign-in link over explorer, title and text to a proposal, with the focus in sight at each step and no trap', async () => {
    const person = await personIn(await example.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'nl-NL' }))
    const { page } = person
    const { keyboard } = page
    const unseen: string[] = []
    const STEPS_MAX = 120
    /** With Tab, as often as it takes; every stop on the way must be seen. */
    async function tabTo(name: RegExp, role?: string): Promise<void> {
      for (let step = 0; step < STEPS_MAX; step++) {
        await keyboard.press('Tab')
        const at = await focused(page)
        if (at.role !== 'body' && (!at.isVisible || !at.isInSight)) unseen.push(`${at.role} ${at.name.slice(0, 60)}`)
        if (name.test(at.name) && (role === undefined || at.role === role)) return
      }
      throw new Error(`Tab never came to ${name}`)
    }

    await page.goto(demoLink(example.product, 'projectleider'))
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    if (!/^Log in$/.test((await focused(page)).name)) await tabTo(/^Log in$/)
    await keyboard.press('Enter')
    await page.getByRole('treeitem', { name: TITLE }).waitFor()

    await tabTo(/./, 'treeitem')
    await keyboard.type('meerdere')
    await until('the letters went to the name', async () => (await focused(page)).name.includes(TITLE))
    await keyboard.press('Enter')
    await person.text().waitFor()

    await keyboard.press('F6')
    await tabTo(new RegExp(TITLE), 'button')
    await keyboard.press('Enter')
    await page.getByRole('textbox', { name: 'Titel' }).waitFor()
    await keyboard.press('Control+a')
    await keyboard.type('Meerdere signalen tegelijk')
    await keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Meerdere signalen tegelijk' }).waitFor()

    await tabTo(/Meerdere signalen tegelijk/, 'textbox')
    await keyboard.press('Control+End')
    await keyboard.press('Enter')
    await keyboard.type('Met het toetsenbord geschreven.')
    await until('the words are there', async () => (await person.words()).includes('Met het toetsenbord geschreven.'))
    await keyboard.press('Escape')

    await tabTo(/^Leg voor$/)
    await keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await tabTo(/^Leg voor aan \d+ partij/)
    await keyboard.press('Enter')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByText('Dit is precies de voorgelegde tekst.').waitFor()
    expect((await focused(page)).role).not.toBe('body')
    expect(unseen).toEqual([])
    expect(person.errors).toEqual([])
    await page.context().close()
  })
})

type Words = typeof nl
interface View {
  name: string
  show(person: Person): Promise<void>
}
/** Every view of the product, opened by the names that it has in a language. */
function viewsIn(t: Words): View[] {
  const heading = (person: Person, name: string | RegExp): Promise<void> => person.page.getByRole('main').getByRole('heading', { level: 1, name }).first().waitFor()
  const byCommand = (name: string, command: string, isThere: (person: Person) => Promise<unknown>): View => ({
    name,
    async show(person) {
      await person.command(command)
      await isThere(person)
    },
  })
  return [
    byCommand('overview', t.workbench.explorer.openOverview, (person) => heading(person, /Schiedam/)),
    { name: 'agreement', show: async (person) => (await person.open('Schulden en geldzorgen'), heading(person, 'Schulden en geldzorgen')) },
    { name: 'meeting', show: async (person) => (await person.open(/^Platform/), heading(person, /^Platform/)) },
    byCommand('actions', t.meetings.list.open, (person) => heading(person, t.meetings.list.title)),
    byCommand('progress', t.progress.title, (person) => heading(person, new RegExp(t.progress.title))),
    byCommand('problems', t.problems.show, (person) => person.page.getByRole('tabpanel', { name: t.problems.title }).waitFor()),
    {
      name: 'compare',
      async show(person) {
        await person.open('Psychische klachten')
        await person.write('Erbij na het voorleggen.')
        await person.page.getByText(t.acts.banner.proposedChanged).waitFor()
        await person.command(t.acts.compare)
        await heading(person, 'Psychische klachten')
      },
    },
    byCommand('search', t.search.label, async ({ page }) => {
      await page.getByRole('searchbox').fill('terugkoppeling')
      await page.getByRole('searchbox').locator('xpath=ancestor::*[@data-part][1]').getByRole('button').nth(3).waitFor()
    }),
    byCommand('settings', t.settings.open, (person) => heading(person, t.settings.title)),
    byCommand('help', t.settings.help.open, (person) => heading(person, t.settings.help.title)),
    byCommand('account', t.account.open, (person) => heading(person, t.account.title)),
    byCommand('people', t.people.share, (person) => heading(person, t.people.titleOf('Schiedam'))),
  ]
}

const faultsOf = async (page: Page, onlyColours: boolean): Promise<string[]> => {
  const builder = axeOn(page)
  const { violations } = await (onlyColours ? builder.withRules(['color-contrast']) : builder.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])).analyze()
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary?.split('\n')[1]?.trim() ?? ''}`))
}

describe('[X1] axe finds nothing on the views of the product', () => {
  it('in light, dark and both high contrasts', async () => {
    const person = await enter('projectleider')
    const found: string[] = []
    for (const view of viewsIn(nl)) {
      await view.show(person)
      for (const theme of ['light', 'dark', 'hc', 'hc-light']) {
        await person.page.evaluate((theme) => (document.documentElement.dataset.theme = theme), theme)
        await until('no colour is on its way', () => person.page.evaluate(() => document.getAnimations().every(({ playState }) => playState !== 'running')))
        // Only colours differ between themes.
        found.push(...(await faultsOf(person.page, theme !== 'light')).map((fault) => `${view.name}, ${theme}: ${fault}`))
      }
    }
    expect(found).toEqual([])
    await person.page.context().close()
  }, LOOK_MS_MAX)
})

describe('[X] at 320 px, which is 1280 px at 400 %', () => {
  it('no page scrolls sideways, axe finds nothing, and functions stay within reach', async () => {
    const person = await enter('projectleider', { width: 320, height: 640 })
    const found: string[] = []
    const parts = await person.page.getByRole('navigation', { name: 'Hoofdonderdelen' }).getByRole('button').all()
    expect(parts.length).toBeGreaterThan(3)
    for (const part of parts) {
      const { x, y, width, height } = must(await part.boundingBox(), 'a button in sight')
      expect(x >= 0 && x + width <= 320 && y + height <= 640).toBe(true)
    }
    for (const view of viewsIn(nl)) {
      if (view.name === 'problems') continue // its panel is reached from the status bar here
      await view.show(await narrow(person))
      const width = await person.page.evaluate(() => document.documentElement.scrollWidth)
      if (width > 320) found.push(`${view.name} is ${width} px wide`)
      found.push(...(await faultsOf(person.page, false)).map((fault) => `${view.name}: ${fault}`))
    }
    expect(found).toEqual([])
    await person.page.context().close()
  }, LOOK_MS_MAX)

  /** The same person; the tree is behind a button here. */
  async function narrow(person: Person): Promise<Person> {
    const { page } = person
    return {
      ...person,
      async open(name) {
        if ((await page.getByRole('tree').count()) === 0) await page.getByRole('button', { name: 'Verkenner' }).first().click()
        await page.getByRole('treeitem', { name }).first().click()
        await person.text().waitFor()
      },
    }
  }
})

describe('in English', () => {
  /** Sentences of the catalogue that differ between the languages, Dutch to English. */
  const dutch = new Map<string, string>()
  const collect = (one: unknown, other: unknown): void => {
    if (typeof one === 'string' && typeof other === 'string') {
      if (one.length > 3 && one !== other) dutch.set(one, other)
    } else if (typeof one === 'object' && one !== null) for (const [key, value] of Object.entries(one)) collect(value, (other as Record<string, unknown>)[key])
  }

  it('no view shows a word of the Dutch catalogue', async () => {
    collect(nl, en)
    const person = await enter('projectleider')
    await person.command(nl.settings.open)
    await person.page.getByRole('radio', { name: 'English' }).check()
    // The words are fetched when they are asked for.
    await person.page.locator('html[lang=en]').waitFor({ state: 'attached' })
    const found = new Set<string>()
    for (const view of viewsIn(en as unknown as Words)) {
      await view.show(person)
      const shown = await person.page.evaluate(() => {
        const texts: string[] = []
        // What people wrote is in the language they wrote it in: texts, their headings in the outline, points of an agenda, functions and names.
        const isWritten = (element: Element | null): boolean => element?.closest('.ProseMirror, [role="tree"], [lang="nl"], .headings, .point, .seats, .who, datalist') !== null
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
        for (let node = walker.nextNode(); node; node = walker.nextNode()) if (!isWritten(node.parentElement)) texts.push(node.textContent ?? '')
        for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]'))
          if (!isWritten(element)) for (const name of ['aria-label', 'title', 'placeholder']) texts.push(element.getAttribute(name) ?? '')
        return texts.map((text) => text.replace(/\s+/g, ' ').trim()).filter(Boolean)
      })
      for (const text of shown) if (dutch.has(text)) found.add(`${view.name}: ${text} (${must(dutch.get(text), 'its English')})`)
    }
    expect([...found]).toEqual([])
    await person.page.context().close()
  }, LOOK_MS_MAX)
})
