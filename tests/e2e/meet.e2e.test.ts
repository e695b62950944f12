/**
 * A meeting held with two screens: when, where and who; the agenda; notes in which `/besluit` and `/actie` put decisions and actions that live in
 * the facts; and one list of all actions, of which a change is seen in the meeting.
 */
import type { Locator } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { useExample } from '../support/example.ts'
import { until, type Person } from '../support/person.ts'

const MEETING = 'Platform in de wijk'
const DECISION = 'We bellen binnen drie werkdagen terug'
const ACTION = 'Maak een kaartje met de nummers'

const example = useExample()
let leader: Person
let midwife: Person

beforeAll(async () => {
  leader = await example.enter('projectleider')
  midwife = await example.enter('verloskundige')
})

const attendance = ({ page }: Person): Locator => page.getByRole('list', { name: 'Aanwezig', exact: true })
const agenda = ({ page }: Person): Locator => page.getByRole('region', { name: 'Agenda' })
const records = ({ page }: Person): Locator => page.getByRole('region', { name: 'Besluiten en acties' })

/** Types a slash command where the caret is and chooses it. */
async function slash({ page }: Person, typed: string, option: string): Promise<void> {
  await page.keyboard.type(`/${typed}`, { delay: 20 })
  await page.getByRole('listbox').getByRole('option', { name: option, exact: true }).waitFor()
  await page.keyboard.press('Enter')
}

describe('a meeting', () => {
  it('a new meeting begins with today, an agenda and a heading in the notes for each point; the other sees it come', async () => {
    // Right after the first sign-in: who was there last time is still on its way.
    await leader.command('Nieuw overleg')
    await leader.text().getByRole('heading', { name: 'Zorgpaden' }).waitFor()
    await agenda(leader).getByRole('button', { name: 'Rondvraag', exact: true }).waitFor()
    await leader.page.getByRole('heading', { level: 1 }).getByRole('button', { name: /^Platform/ }).click()
    const title = leader.page.getByRole('textbox', { name: 'Titel' })
    await title.fill(MEETING)
    await title.press('Enter')
    await leader.page.getByRole('textbox', { name: `Notities van ${MEETING}`, exact: true }).waitFor()
    expect(await attendance(leader).getByRole('listitem').count()).toBeGreaterThan(3)
    await leader.page.getByRole('button', { name: /^Waar/ }).filter({ hasNotText: 'Niet ingevuld' }).waitFor()
    await midwife.open(MEETING)
    await midwife.text().getByRole('heading', { name: 'Zorgpaden' }).waitFor()
  })

  it('date, times and place are filled in by one and read by the other', async () => {
    // The outline has the words of a heading, without the figure beside them.
    await leader.page.getByRole('treeitem').first().waitFor()
    expect(await leader.page.getByRole('button', { name: 'Agenda', exact: true }).count()).toBe(1)
    await leader.page.getByRole('button', { name: /^Wanneer/ }).click()
    const when = leader.page.getByRole('group', { name: 'Wanneer' })
    await when.getByLabel('Datum').fill('2027-03-09')
    await when.getByLabel('Begint om').fill('13:30')
    await when.getByLabel('Klaar om').fill('15:00')
    await when.getByLabel('Klaar om').press('Enter')
    await leader.page.getByRole('button', { name: /^Waar/ }).click()
    await leader.page.keyboard.press('Control+a')
    await leader.page.keyboard.type('Wijkcentrum de Brug')
    await leader.page.keyboard.press('Enter')
    await midwife.page.getByRole('button', { name: /^Wanneer.*9 maart 2027.*13\.30–15\.00/ }).waitFor()
    await midwife.page.getByRole('button', { name: /^Waar.*Wijkcentrum de Brug/ }).waitFor()
  })

  it('attendance is by function and organisation, and who sent apologies is not counted', async () => {
    const count = leader.page.getByText(/^Aanwezig, \d+ van \d+$/)
    const [present = 0, all = 0] = ((await count.innerText()).match(/\d+/g) ?? []).map(Number)
    await attendance(leader).getByRole('button', { name: 'Erbij' }).click()
    await leader.page.keyboard.type('consultatiebureauarts, JGZ')
    await leader.page.keyboard.press('Enter')
    await leader.page.keyboard.type('tolk, Tolkencentrum')
    await leader.page.keyboard.press('Enter')
    await leader.page.keyboard.press('Escape')
    const doctor = attendance(midwife).getByRole('button', { name: /consultatiebureauarts\s*, JGZ/ })
    await doctor.waitFor()
    await attendance(midwife).getByRole('button', { name: /tolk\s*, Tolkencentrum/ }).waitFor()
    await doctor.click()
    await midwife.page.getByRole('menuitemradio', { name: 'Afgemeld' }).click()
    await attendance(leader).getByRole('button', { name: /consultatiebureauarts afgemeld/ }).waitFor()
    await until('counted without the apologies', async () => (await count.innerText()) === `Aanwezig, ${present + 1} van ${all + 2}`)
  })

  it('a point of the agenda has its minutes and the document it is about, and leads to its notes', async () => {
    await leader.page.getByRole('button', { name: 'Agendapunt toevoegen' }).click()
    const dialog = leader.page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Agendapunt' }).fill('Bereikbaarheid in het weekend')
    await dialog.getByRole('textbox', { name: 'Minuten' }).fill('15')
    await dialog.getByRole('combobox', { name: 'Document' }).selectOption({ label: 'Roken en meeroken' })
    await dialog.getByRole('button', { name: 'Agendapunt toevoegen' }).click()
    await dialog.waitFor({ state: 'detached' })
    const point = agenda(midwife).getByRole('listitem').filter({ hasText: 'Bereikbaarheid in het weekend' })
    await point.getByText('15 min').waitFor()
    await point.getByRole('button', { name: /Roken en meeroken/ }).waitFor()
    await agenda(leader).getByRole('button', { name: 'Bereikbaarheid in het weekend', exact: true }).click()
    await midwife.text().getByRole('heading', { name: 'Bereikbaarheid in het weekend' }).waitFor()
    await leader.page.keyboard.type('Iedereen kent het nummer. ', { delay: 5 })
    await midwife.text().getByText('Iedereen kent het nummer.').waitFor()
  })

  it('/besluit in the notes makes a decision in the facts, seen live in notes and list', async () => {
    await slash(leader, 'besluit', 'Besluit')
    const dialog = leader.page.getByRole('dialog', { name: 'Nieuw besluit' })
    await dialog.getByRole('textbox').first().fill(DECISION)
    await dialog.getByRole('button', { name: 'Leg besluit vast' }).click()
    await dialog.waitFor({ state: 'detached' })
    for (const place of [midwife.text(), records(midwife)]) await place.getByText(DECISION).waitFor()
    expect(await midwife.text().getByRole('button', { name: new RegExp(`^Besluit \\d+ ${DECISION}`) }).count()).toBe(1)
  })

  it('/actie makes an action with its owner and date', async () => {
    await leader.page.keyboard.press('End')
    await leader.page.keyboard.press('Enter')
    await slash(leader, 'actie', 'Actie')
    const dialog = leader.page.getByRole('dialog', { name: 'Nieuwe actie' })
    await dialog.getByRole('textbox').first().fill(ACTION)
    await dialog.getByLabel('Eigenaar').fill('Tolkencentrum')
    await dialog.getByLabel('Vóór').fill('2027-04-01')
    await dialog.getByRole('button', { name: 'Leg actie vast' }).click()
    await dialog.waitFor({ state: 'detached' })
    for (const place of [midwife.text(), records(midwife)]) await place.getByText(new RegExp(`Tolkencentrum, ${ACTION}, vóór 1 apr`)).waitFor()
    const reference = leader.text().getByRole('button', { name: new RegExp(ACTION) })
    const toolbar = leader.page.getByRole('toolbar').first()
    await until('the new reference stands in sight, above the toolbar', async () => {
      const [own, bar] = await Promise.all([reference.boundingBox(), toolbar.boundingBox()])
      return own !== null && bar !== null && own.y > 0 && own.y + own.height <= bar.y
    })
    await leader.picture('meeting')
  })

  it('leaving the form of a decision leaves nothing behind', async () => {
    const before = await records(leader).getByRole('listitem').count()
    await leader.page.keyboard.press('End')
    await leader.page.keyboard.press('Enter')
    await slash(leader, 'besluit', 'Besluit')
    const dialog = leader.page.getByRole('dialog', { name: 'Nieuw besluit' })
    await dialog.getByRole('textbox').first().fill('Toch maar niet')
    await leader.page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(await records(leader).getByRole('listitem').count()).toBe(before)
    expect(await leader.text().getByText('Toch maar niet').count()).toBe(0)
  })

  it('the actions of the space are one list, and a status that is changed there is seen in the meeting', async () => {
    await midwife.command('Open alle acties')
    const row = midwife.page.getByRole('row').filter({ hasText: ACTION })
    await row.getByText('Tolkencentrum').waitFor()
    const done = leader.text().getByRole('checkbox', { name: /is gereed/ })
    expect(await done.isChecked()).toBe(false)
    await row.getByRole('combobox').selectOption({ label: 'gereed' })
    await until('ticked in the notes of the other', () => done.isChecked())
    await midwife.picture('actions')
    await row.getByRole('button', { name: new RegExp(ACTION) }).click()
    await midwife.text().getByText(ACTION).waitFor()
  })

  it('ticked open again in the notes, the list has it as open', async () => {
    await midwife.command('Open alle acties')
    await leader.text().getByRole('checkbox', { name: /is gereed/ }).click()
    const row = midwife.page.getByRole('row').filter({ hasText: ACTION })
    await until('open in the list', async () => (await row.getByRole('combobox').inputValue()) === 'open')
  })

  it('nothing went wrong unseen on either screen', async () => {
    for (const person of [leader, midwife]) {
      await person.syncIs('relay')
      expect(person.errors).toEqual([])
    }
  })
})
