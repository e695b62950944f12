/** Two people, two browsers, one agreement: the same paragraph, each other's carets and names, facts and steps. */
import { beforeAll, describe, expect, it } from 'vitest'
import { useExample } from '../support/example.ts'
import { until, type Person } from '../support/person.ts'

const example = useExample()
let leader: Person
let midwife: Person

beforeAll(async () => {
  leader = await example.enter('projectleider')
  midwife = await example.enter('verloskundige')
  await Promise.all([leader.open('Schulden en geldzorgen'), midwife.open('Schulden en geldzorgen')])
})

describe('writing together', () => {
  it('what both type in the same paragraph is on both screens, whole', async () => {
    const first = 'Geldzorgen geven stress.'
    const paragraph = (person: Person) => person.text().getByText(first).first()
    await paragraph(leader).click()
    await leader.page.keyboard.press('End')
    await paragraph(midwife).click()
    await midwife.page.keyboard.press('Home')
    await Promise.all([leader.page.keyboard.type(' Dat zien wij vaak.', { delay: 20 }), midwife.page.keyboard.type('Let op: ', { delay: 25 })])
    for (const person of [leader, midwife]) {
      await until('both texts', async () => {
        const text = await person.words()
        return text.includes('Let op: ') && text.includes(' Dat zien wij vaak.')
      })
    }
    expect(await leader.words()).toBe(await midwife.words())
  })

  it('each sees where the other is, by name', async () => {
    await until('the caret of the other', async () => (await leader.page.getByTitle(/erloskundige schrijft hier/).count()) > 0)
    await leader.picture('write-together')
  })

  it('both see that everything is at the relay', async () => {
    await leader.syncIs('relay')
    await midwife.syncIs('relay')
    expect(await leader.sync().innerText()).toContain('Alles opgeslagen bij het knooppunt')
  })

  it('prose has headings, lists, a table, a task list and a link, from the slash menu and the keyboard', async () => {
    await midwife.write('/kop')
    await midwife.page.getByRole('option', { name: 'Kop', exact: true }).click()
    await midwife.page.keyboard.type('Wat we doen')
    await midwife.page.keyboard.press('Enter')
    await midwife.page.keyboard.type('- eerste punt')
    await midwife.page.keyboard.press('Enter')
    await midwife.page.keyboard.press('Enter')
    await midwife.page.keyboard.type('/afvink')
    await midwife.page.getByRole('option', { name: 'Afvinklijst' }).click()
    await midwife.page.keyboard.type('bel het wijkteam')
    await midwife.page.keyboard.press('Enter')
    await midwife.page.keyboard.press('Enter')
    await midwife.page.keyboard.type('/tabel')
    await midwife.page.getByRole('option', { name: 'Tabel' }).click()
    await midwife.page.keyboard.type('cel een')
    const text = leader.text()
    await text.getByRole('heading', { name: 'Wat we doen' }).waitFor()
    await text.getByRole('listitem').filter({ hasText: 'eerste punt' }).waitFor()
    await text.getByText('bel het wijkteam', { exact: true }).waitFor()
    await text.locator('table').filter({ hasText: 'cel een' }).waitFor()
  })

  it('undo takes back my own words only', async () => {
    await midwife.page.keyboard.type(' en van mij')
    await until('arrived', async () => (await leader.words()).includes('en van mij'))
    await leader.write('Dit schreef de projectleider.')
    await until('arrived', async () => (await midwife.words()).includes('Dit schreef de projectleider.'))
    await midwife.page.keyboard.press('Control+z')
    await until('taken back', async () => !(await midwife.words()).includes('en van mij'))
    expect(await midwife.words()).toContain('Dit schreef de projectleider.')
  })

  it('a fact that one fills in is at once on the screen of the other', async () => {
    await leader.page.getByRole('button', { name: /Eigenaar/ }).first().click()
    await leader.page.keyboard.type('beleidsmedewerker, Gemeente Schiedam')
    await leader.page.keyboard.press('Enter')
    await midwife.page.getByRole('button', { name: /Eigenaar.*beleidsmedewerker, Gemeente Schiedam/ }).waitFor()
  })

  it('a step is added in the block on the page, and drawn', async () => {
    const before = await midwife.text().getByRole('row').count()
    await leader.page.getByRole('button', { name: 'Stap toevoegen' }).first().click()
    const dialog = leader.page.getByRole('dialog')
    await dialog.getByRole('textbox').first().fill('Bel de ouder na twee weken')
    await dialog.getByRole('button', { name: 'Stap toevoegen' }).click()
    await midwife.text().getByText('Bel de ouder na twee weken').first().waitFor()
    expect(await midwife.text().getByRole('row').count()).toBe(before + 1)
  })

  it('nothing went wrong unseen on either screen', () => {
    expect(leader.errors).toEqual([])
    expect(midwife.errors).toEqual([])
  })
})
