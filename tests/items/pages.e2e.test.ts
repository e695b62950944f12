/** The pages of agreements, meetings and actions in a real browser; a second window reads and writes along. */
import type { Locator, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { axeOn } from '../support/axe.ts'
import type { Example } from './page/example.ts'
import { useTestPage, type Scene } from './page/use-page.ts'

const openPage = useTestPage()

interface PageScene extends Scene {
  /** Facts as the second window has them. */
  theirs(path: string): Promise<unknown>
}

async function open(what: keyof Example | 'actions', options: { width?: number; height?: number } = {}): Promise<PageScene> {
  const scene = await openPage('?scene=app', { width: options.width ?? 1200, height: options.height ?? 900 })
  const { page } = scene
  await page.waitForFunction(() => window.world?.services?.workspace.isLoaded)
  await page.evaluate(async (what) => {
    const { services, example, items } = window.world
    if (what === 'actions') return services!.layout.open({ kind: 'page', page: 'actions' })
    services!.layout.open({ kind: 'item', item: example![what] })
    // The handle of the second window, for the test to look at.
    window.theirs = await items[1].open(example![what])
  }, what)
  await page.locator('h1').first().waitFor()
  return { ...scene, theirs: (path) => page.evaluate((path) => window.theirs!.facts.registers[path], path) }
}

declare global {
  interface Window {
    theirs?: import('../../client/items/items.ts').ItemHandle
  }
}

const field = (page: Page, name: string): Locator => page.locator('dl.facts > *', { has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) })
const eventually = async (look: () => Promise<unknown>, wanted: unknown): Promise<void> => {
  await expect.poll(look, { timeout: 8000 }).toEqual(wanted)
}

describe('facts', () => {
  test('a fact is changed by keyboard where it stands, shows at once and reaches the other window', async () => {
    await using scene = await open('debts')
    const owner = field(scene.page, 'Eigenaar')
    await owner.getByRole('button').focus()
    await scene.page.keyboard.press('Enter')
    await scene.page.keyboard.type('Wijkteam West')
    await scene.page.keyboard.press('Enter')
    expect(await owner.locator('dd').innerText()).toBe('Wijkteam West')
    expect(await scene.page.evaluate(() => document.activeElement?.getAttribute('data-path'))).toBe('owner')
    await eventually(() => scene.theirs('owner'), 'Wijkteam West')
    expect(scene.errors).toEqual([])
  })

  test('Escape leaves a fact as it was', async () => {
    await using scene = await open('debts')
    await field(scene.page, 'Doelgroep').getByRole('button').click()
    await scene.page.keyboard.type('iets anders')
    await scene.page.keyboard.press('Escape')
    expect(await field(scene.page, 'Doelgroep').locator('dd').innerText()).toBe('Zwangeren en partners')
    expect(await scene.theirs('targetGroup')).toBe('Zwangeren en partners')
  })

  test('who changed a fact while it is being edited is said, and looking without typing overwrites nothing', async () => {
    await using scene = await open('debts')
    await field(scene.page, 'Eigenaar').getByRole('button').click()
    await scene.page.evaluate(() => window.theirs!.set('owner', 'GGD'))
    await scene.page.getByText(/vulde net iets in: GGD/).waitFor()
    await field(scene.page, 'Doelgroep').getByRole('button').focus()
    await eventually(() => field(scene.page, 'Eigenaar').locator('dd').innerText(), 'GGD')
    expect(await scene.theirs('owner')).toBe('GGD')
  })

  test('a code, a date and a list of parties are chosen, picked and added', async () => {
    await using scene = await open('mind')
    await field(scene.page, 'Domein').getByRole('button').click()
    await field(scene.page, 'Domein').getByRole('combobox').selectOption('lifestyle')
    await eventually(() => scene.theirs('domain'), 'lifestyle')
    await field(scene.page, 'Herzien vóór').getByRole('button').click()
    await field(scene.page, 'Herzien vóór').locator('input').fill('2027-05-06')
    await scene.page.keyboard.press('Enter')
    expect(await field(scene.page, 'Herzien vóór').locator('dd').innerText()).toBe('6 mei 2027')
    const parties = field(scene.page, 'Partijen')
    await parties.getByRole('button').click()
    await scene.page.keyboard.type('GGZ')
    await scene.page.keyboard.press('Enter')
    await scene.page.keyboard.type('huisartsen')
    await scene.page.keyboard.press('Enter')
    await scene.page.keyboard.press('Enter')
    expect(await parties.locator('dd').innerText()).toBe('GGZ en huisartsen')
    await parties.getByRole('button').click()
    await scene.page.getByRole('button', { name: 'Haal GGZ weg' }).click()
    await scene.page.keyboard.press('Escape')
    expect(await parties.locator('dd').innerText()).toBe('huisartsen')
  })

  test('the title is changed where it stands', async () => {
    await using scene = await open('mind')
    await scene.page.getByRole('heading', { level: 1 }).getByRole('button').click()
    await scene.page.keyboard.type('Psychische klachten in de wijk')
    await scene.page.keyboard.press('Enter')
    await eventually(() => scene.theirs('title'), 'Psychische klachten in de wijk')
    expect(await scene.page.getByRole('heading', { level: 1 }).innerText()).toBe('Psychische klachten in de wijk')
  })

  test('two answers are shown as a question, and the choice settles it on both sides', async () => {
    await using scene = await open('debts')
    const question = scene.page.locator('.steps .choose-cell')
    expect(await question.innerText()).toMatch(/2 antwoorden/)
    await question.click()
    const dialog = scene.page.getByRole('dialog')
    await dialog.getByRole('radio').first().check()
    await dialog.getByRole('button', { name: /^Kies/ }).click()
    await question.waitFor({ state: 'detached' })
    await eventually(() => scene.page.evaluate(() => Object.keys(window.theirs!.facts.conflicts)), [])
  })
})

describe('steps', () => {
  const rows = (page: Page): Promise<string[]> => page.locator('.steps tbody .action').allInnerTexts()

  test('a gap is shown as a gap and leads to the field that fills it', async () => {
    await using scene = await open('debts')
    await scene.page.getByRole('button', { name: 'Kies een rol' }).click()
    const dialog = scene.page.getByRole('dialog', { name: 'Stap 4' })
    expect(await dialog.getByLabel('Wie', { exact: true }).evaluate((element) => element === document.activeElement)).toBe(true)
    await dialog.getByLabel('Wie', { exact: true }).selectOption('schuldhulp')
    await dialog.getByRole('button', { name: 'Bewaar stap 4' }).click()
    await scene.page.getByRole('button', { name: 'Kies een rol' }).waitFor({ state: 'detached' })
    expect(await scene.page.locator('.steps tbody tr').nth(3).innerText()).toContain('Schuldhulpverlening')
    expect(await scene.page.locator('.flow .k.f').count()).toBe(0)
  })

  test('saving a step writes the changed field only, so that somebody else’s change of another stays', async () => {
    await using scene = await open('debts')
    await scene.page.getByRole('button', { name: 'Wijzig stap 3' }).click()
    await scene.page.evaluate(() => {
      const path = Object.keys(window.theirs!.facts.registers).find((path) => path.endsWith('/role') && window.theirs!.facts.registers[path] === 'schuldhulp')!
      window.theirs!.set(path.replace('/role', '/term'), 6)
    })
    const dialog = scene.page.getByRole('dialog', { name: 'Stap 3' })
    await dialog.getByLabel('Organisatie', { exact: true }).fill('Stadsbank')
    await dialog.getByRole('button', { name: 'Bewaar stap 3' }).click()
    await eventually(() => scene.page.locator('.steps tbody tr').nth(2).innerText().then((text) => /6\s+weken/.test(text) && text.includes('Stadsbank')), true)
  })

  test('steps are added, moved and removed by keyboard, and a removed one comes back', async () => {
    await using scene = await open('mind')
    await scene.page.getByRole('button', { name: 'Stap toevoegen' }).focus()
    await scene.page.keyboard.press('Enter')
    await scene.page.keyboard.type('Laat weten wat er is afgesproken.')
    await scene.page.getByRole('dialog').getByRole('button', { name: 'Stap toevoegen' }).press('Enter')
    await eventually(() => rows(scene.page).then((list) => list.length), 4)
    const edit = scene.page.getByRole('button', { name: 'Wijzig stap 4' })
    await edit.focus()
    await scene.page.keyboard.press('Alt+ArrowUp')
    await eventually(() => rows(scene.page).then((list) => list.findIndex((text) => text.startsWith('Laat weten'))), 2)
    expect(await scene.page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Wijzig stap 3')
    await scene.page.getByRole('button', { name: 'Meer met stap 3' }).press('Enter')
    await scene.page.getByRole('menuitem', { name: 'Haal deze stap weg' }).click()
    await eventually(() => rows(scene.page).then((list) => list.length), 3)
    await scene.page.locator('#toasts').getByRole('button', { name: 'Zet terug' }).click()
    await eventually(() => rows(scene.page).then((list) => list.length), 4)
    expect(scene.errors).toEqual([])
  })

  test('stand in the text, and below it when the text has no place for them', async () => {
    await using scene = await open('debts')
    expect(await scene.page.locator('.prose-text .steps').count()).toBe(1)
    await scene.page.evaluate(() => {
      const at = window.theirs!.prose.toArray().findIndex((block) => block.toString().startsWith('<pathwaysteps'))
      window.theirs!.prose.delete(at, 1)
    })
    await scene.page.locator('section.after .steps').waitFor()
    expect(await scene.page.locator('.steps').count()).toBe(1)
  })

  test('a click under a text that ends in a block gives a line to go on in', async () => {
    await using scene = await open('mind')
    await scene.page.evaluate(() => window.theirs!.prose.push([new window.world.Y.XmlElement('pathwayFlow')]))
    await scene.page.locator('.prose-text .flow').waitFor()
    await scene.page.locator('.prose-below').click()
    await scene.page.keyboard.type('En dan nog dit.')
    await eventually(() => scene.page.evaluate(() => window.theirs!.prose.toString().endsWith('<pathwayflow></pathwayflow><paragraph>En dan nog dit.</paragraph>')), true)
  })

  test('typing in a field of the text’s surroundings never reaches the text', async () => {
    await using scene = await open('debts')
    const before = await scene.page.evaluate(() => window.theirs!.prose.toString())
    await scene.page.getByRole('button', { name: 'Wijzig stap 1' }).click()
    await scene.page.keyboard.type('Andere woorden. ')
    await scene.page.keyboard.press('Escape')
    expect(await scene.page.evaluate(() => window.theirs!.prose.toString())).toBe(before)
  })
})

describe('a new agreement', () => {
  test('begins offline from a template, with facts, steps and text of its own', async () => {
    await using scene = await open('debts')
    await scene.page.evaluate(() => {
      window.world.engines[0].pause()
      void window.world.services!.run('agreements.agreement.create')
    })
    const dialog = scene.page.getByRole('dialog', { name: 'Nieuwe afspraak' })
    await dialog.getByLabel('Zoek een sjabloon').fill('rok')
    await dialog.getByRole('radio').first().check()
    await dialog.getByLabel('Titel').fill('Roken in Schiedam-Oost')
    await dialog.getByRole('button', { name: /Roken in Schiedam-Oost/ }).click()
    await scene.page.getByRole('heading', { level: 1, name: /Roken in Schiedam-Oost/ }).waitFor()
    expect(await scene.page.locator('.steps tbody tr').count()).toBeGreaterThan(3)
    expect(await scene.page.locator('.prose-text h2').first().innerText()).toBe('Waarom deze afspraak')
    expect(await scene.page.getByText('voorbeeld', { exact: true }).count()).toBe(1)
    // What an agreement cannot do without is asked for.
    expect(await scene.page.getByRole('button', { name: 'Eigenaar: vul in' }).count()).toBe(1)
    expect(scene.errors).toEqual([])
  })

  test('from a written template gets rows of its own and says where it came from', async () => {
    await using scene = await open('debts')
    const [template, made] = await scene.page.evaluate(async () => {
      const { services, items, example } = window.world
      const source = await items[0].open(example!.debts)
      const template = await items[0].create({ space: services!.workspace.space!.space, type: 'template', edits: [{ op: 'set', path: 'title', value: 'Ons eigen sjabloon' }, { op: 'insert', list: 'steps', id: '1'.repeat(32), order: 'V', values: { action: 'Bel eerst', role: 'wijkteam' } }], prose: (doc) => doc.getXmlFragment('prose').push([source.prose.get(1).clone() as never]) })
      source.dispose()
      await new Promise((resolve) => setTimeout(resolve, 400))
      void services!.run('agreements.agreement.create')
      return [template, null]
    })
    expect(made).toBeNull()
    const dialog = scene.page.getByRole('dialog', { name: 'Nieuwe afspraak' })
    await dialog.getByText('Ons eigen sjabloon').click()
    await dialog.getByRole('button', { name: /Maak/ }).click()
    await scene.page.locator('.steps tbody tr', { hasText: 'Bel eerst' }).waitFor()
    const registers = await scene.page.evaluate(async () => {
      const { services, items } = window.world
      const active = services!.layout.active
      const handle = await items[0].open(active?.kind === 'item' ? active.item : '')
      return handle.facts.registers
    })
    expect(registers.originItem).toBe(template)
    expect(Object.keys(registers).some((path) => path.includes('1'.repeat(32)))).toBe(false)
    expect(await scene.page.locator('.prose-text').innerText()).toContain('Geldzorgen geven stress')
  })
})

describe('a meeting', () => {
  const notes = (page: Page): Locator => page.getByRole('textbox', { name: /Notities/ })
  const caretAtEnd = (page: Page): Promise<void> => notes(page).evaluate((element) => {
    ;(element as HTMLElement).focus()
    getSelection()?.selectAllChildren(element)
    getSelection()?.collapseToEnd()
  })

  test('/besluit puts a decision in the facts and its reference in the notes, together, and numbers it on', async () => {
    await using scene = await open('meeting')
    await caretAtEnd(scene.page)
    await scene.page.keyboard.type('We zijn het eens.')
    await scene.page.keyboard.press('Enter')
    await scene.page.keyboard.type('/besluit')
    await scene.page.getByRole('option', { name: 'Besluit' }).waitFor()
    await scene.page.keyboard.press('Enter')
    const dialog = scene.page.getByRole('dialog', { name: 'Nieuw besluit' })
    await dialog.waitFor()
    await scene.page.keyboard.type('elke maand een MDO')
    await scene.page.keyboard.press('Enter')
    await notes(scene.page).getByText('Besluit 16').waitFor()
    expect(await notes(scene.page).innerText()).toContain('elke maand een MDO')
    expect(await notes(scene.page).innerText()).not.toContain('/besluit')
    await eventually(() => scene.page.evaluate(() => Object.values(window.theirs!.facts.registers).includes('elke maand een MDO') && window.theirs!.prose.toString().split('decisionref').length), 7)
    const pairs = await scene.page.evaluate(() => {
      const last = window.world.engines[0].written.at(-1)!.pair
      return [...new Set(window.world.engines[0].written.filter((write) => write.pair === last).map((write) => write.part))].sort()
    })
    expect(pairs).toEqual(['facts', 'prose'])
    // And writing goes on behind it.
    await scene.page.keyboard.type(' daarna')
    expect(await notes(scene.page).innerText()).toContain('daarna')
    expect(scene.errors).toEqual([])
  })

  test('leaving the form of a decision leaves nothing behind', async () => {
    await using scene = await open('meeting')
    const before = await scene.page.evaluate(() => JSON.stringify(window.theirs!.facts.registers))
    await scene.page.getByRole('toolbar').getByRole('button', { name: 'Besluit' }).click()
    await scene.page.keyboard.type('toch maar niet')
    await scene.page.keyboard.press('Escape')
    await scene.page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await scene.page.evaluate(() => JSON.stringify(window.theirs!.facts.registers))).toBe(before)
  })

  test('a reference shows the facts as they are now, whoever changes them', async () => {
    await using scene = await open('meeting')
    await scene.page.evaluate(() => {
      const path = Object.keys(window.theirs!.facts.registers).find((path) => window.theirs!.facts.registers[path] === 'telefoonlijst')!
      window.theirs!.set(path, 'telefoonlijst van alle praktijken')
    })
    await notes(scene.page).getByText('wijkteam, telefoonlijst van alle praktijken').waitFor()
    await notes(scene.page).getByRole('button', { name: /Actie 32/ }).click()
    const dialog = scene.page.getByRole('dialog', { name: 'Actie 32' })
    await dialog.getByLabel('Eigenaar').fill('GGD')
    await dialog.getByRole('button', { name: 'Bewaar actie 32' }).click()
    await notes(scene.page).getByText('GGD, telefoonlijst van alle praktijken').waitFor()
  })

  test('an action is ticked off in the notes, and undo of text leaves it ticked', async () => {
    await using scene = await open('meeting')
    await notes(scene.page).getByRole('checkbox', { name: 'Actie 31 is gereed' }).click()
    const status = (): Promise<unknown> => scene.page.evaluate(() => {
      const { registers } = window.theirs!.facts
      const id = Object.keys(registers).find((path) => registers[path] === 'tekst stap 3')!
      return registers[id.replace('/text', '/status')]
    })
    await eventually(status, 'done')
    await caretAtEnd(scene.page)
    await scene.page.keyboard.type('x')
    await scene.page.keyboard.press('Control+z')
    expect(await status()).toBe('done')
  })

  test('the keyboard gets into a reference and behind the last block', async () => {
    await using scene = await open('meeting')
    await scene.page.evaluate(() => {
      const reference = document.querySelector('.prose-text .reference-view')!
      const range = document.createRange()
      range.setStartBefore(reference)
      range.collapse(true)
      ;(document.querySelector('.prose-text') as HTMLElement).focus()
      getSelection()!.removeAllRanges()
      getSelection()!.addRange(range)
    })
    await scene.page.keyboard.press('ArrowRight')
    await scene.page.locator('.reference-view.selected').waitFor()
    await scene.page.keyboard.press('Enter')
    expect(await scene.page.evaluate(() => document.activeElement?.textContent)).toMatch(/Besluit 14/)
    await scene.page.keyboard.press('Enter')
    await scene.page.getByRole('dialog', { name: 'Besluit 14' }).waitFor()
  })

  test('two decisions noted apart under one number are both kept and both shown', async () => {
    await using scene = await open('meeting')
    await scene.page.evaluate(() => window.theirs!.edit({ op: 'insert', list: 'decisions', id: '2'.repeat(32), order: 'z', values: { number: 15, text: 'iets anders' } }))
    const records = scene.page.getByRole('region', { name: 'Besluiten en acties' })
    await records.getByText('iets anders').waitFor()
    expect(await records.getByText('Besluit 15').count()).toBe(2)
    expect(await records.getByText('dit nummer staat er twee keer').count()).toBe(2)
    // It came without a reference: it is offered a place in the notes.
    await records.getByRole('button', { name: 'Zet in de notities' }).click()
    await notes(scene.page).getByText('iets anders').waitFor()
  })

  test('who is there is said per function, and apologies by one choice', async () => {
    await using scene = await open('meeting')
    await scene.page.getByRole('button', { name: /^gynaecoloog/ }).click()
    await scene.page.getByRole('menuitemradio', { name: 'Afgemeld' }).click()
    await scene.page.getByText('Aanwezig, 5 van 8').waitFor()
    await scene.page.getByRole('button', { name: 'Erbij' }).click()
    await scene.page.keyboard.type('kraamverzorgende, Kraamzorg Rijnmond')
    await scene.page.keyboard.press('Enter')
    await scene.page.getByText('Aanwezig, 6 van 9').waitFor()
  })

  test('a point of the agenda opens its document beside, and leads to its notes', async () => {
    await using scene = await open('meeting')
    await scene.page.getByTitle('Open Psychische klachten ernaast').click()
    await scene.page.getByRole('heading', { level: 1, name: 'Psychische klachten' }).waitFor()
    expect(await scene.page.locator('main.group').count()).toBe(2)
    await scene.page.getByRole('button', { name: 'Rondvraag', exact: true }).click()
    await scene.page.keyboard.type('Geen vragen.')
    await eventually(() => scene.page.evaluate(() => window.theirs!.prose.toString()).then((text) => /Rondvraag<\/heading><paragraph>Geen vragen\./.test(text)), true)
  })

  test('the next one takes along who was there and lists what is still open', async () => {
    await using scene = await open('meeting')
    await scene.page.evaluate(() => {
      window.world.engines[0].pause()
      return window.world.services!.run('meetings.meeting.create')
    })
    await scene.page.getByRole('heading', { level: 1, name: /^Platform \d+ \w+ \d{4}$/ }).waitFor()
    await scene.page.getByText('Aanwezig, 8 van 8').waitFor()
    await scene.page.getByText(/acties staan nog open van eerder overleg/).waitFor()
    expect(await scene.page.getByRole('listitem').filter({ hasText: 'Actie 31' }).count()).toBe(1)
    await scene.page.getByRole('combobox', { name: 'Status van Actie 31' }).selectOption('done')
    expect(await scene.page.locator('.prose-text h2').count()).toBe(5)
    expect(scene.errors).toEqual([])
  })
})

describe('actions', () => {
  test('are all in one list; a status changed there is a fact of the meeting', async () => {
    await using scene = await open('actions')
    expect(await scene.page.getByRole('row').filter({ hasText: /^Actie \d/ }).count()).toBe(4)
    await scene.page.getByRole('button', { name: /^Te laat/ }).click()
    expect(await scene.page.getByRole('row').filter({ hasText: 'dagen te laat' }).count()).toBe(1)
    await scene.page.getByRole('combobox', { name: 'Status van Actie 29' }).selectOption('done')
    const status = (): Promise<unknown> => scene.page.evaluate(async () => {
      const handle = await window.world.items[1].open(window.world.example!.earlier)
      const { registers } = handle.facts
      handle.dispose()
      return Object.entries(registers).filter(([path]) => path.endsWith('/status')).map(([, value]) => value).sort()
    })
    await eventually(status, ['busy', 'done'])
    // It stays where the hand is until another list is asked for.
    expect(await scene.page.getByRole('combobox', { name: 'Status van Actie 29' }).count()).toBe(1)
    await scene.page.getByRole('button', { name: 'Open', exact: true }).click()
    await eventually(() => scene.page.getByRole('combobox', { name: 'Status van Actie 29' }).count(), 0)
  })

  test('are put together by owner, and lead to where they were noted', async () => {
    await using scene = await open('actions')
    await scene.page.getByLabel('Orden op').selectOption('owner')
    expect(await scene.page.locator('h2').allInnerTexts()).toEqual(['GGD 2', 'projectleider 1', 'wijkteam 1'].map((text) => expect.stringMatching(new RegExp(text.replace(' ', '\\s+')))))
    await scene.page.getByRole('button', { name: /Actie 32/ }).click()
    await scene.page.getByRole('heading', { level: 1, name: 'Platform 18 november 2026' }).waitFor()
  })
})

describe('[X1] [X4] the look', () => {
  const places: (keyof Example | 'actions')[] = ['debts', 'meeting', 'actions']
  test.each(places)('axe finds nothing on %s, in any theme, wide and narrow', async (place) => {
    for (const [width, themes] of [[1200, ['light', 'dark', 'hc']], [390, ['hc-light', 'light']]] as const) {
      await using scene = await open(place, { width })
      await scene.page.waitForTimeout(300)
      for (const theme of themes) {
        await scene.page.evaluate((theme) => (document.documentElement.dataset.theme = theme), theme)
        // Every rule once for each width; of the other themes only the colours are another question.
        const audit = axeOn(scene.page).exclude('#toasts')
        const { violations } = await (theme === 'light' ? audit : audit.withRules(['color-contrast'])).analyze()
        expect(violations.map(({ id, nodes }) => `${place} ${width} ${theme} ${id}: ${nodes[0]?.html}`)).toEqual([])
      }
      expect(await scene.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
      expect(await scene.page.locator('.scroll').first().evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(0)
    }
  })

  test('the longest Dutch words stay inside their boxes at 320 px', async () => {
    await using scene = await open('debts', { width: 320 })
    await scene.page.evaluate(() => {
      const long = 'Zwangerschapsdiabetesbegeleidingsprogrammacoördinatieoverleg'
      const { registers } = window.theirs!.facts
      window.theirs!.set('title', long)
      window.theirs!.set('owner', long)
      window.theirs!.set('trigger', long)
      const action = Object.keys(registers).find((path) => path.endsWith('/action'))!
      window.theirs!.edit({ op: 'set', path: action, value: long }, { op: 'set', path: action.replace('/action', '/organisation'), value: long })
    })
    await scene.page.getByRole('heading', { level: 1, name: /^Zwangerschaps/ }).waitFor()
    const sticking = await scene.page.evaluate(() => {
      const scroll = document.querySelector('.scroll')!
      return scroll.scrollWidth - scroll.clientWidth
    })
    expect(sticking).toBeLessThanOrEqual(0)
  })
})
