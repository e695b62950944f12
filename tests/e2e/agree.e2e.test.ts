/** Agreeing by acts: propose makes a seal, parties sign exactly that text, a project leader adopts; the status follows. Offline steps wait as asked for. */
import { beforeAll, describe, expect, it } from 'vitest'
import { useExample } from '../support/example.ts'
import { until, type Person } from '../support/person.ts'

const TITLE = 'Meerdere signalen'

const example = useExample()
let leader: Person
let midwife: Person
let reader: Person

beforeAll(async () => {
  leader = await example.enter('projectleider')
  midwife = await example.enter('verloskundige')
  reader = await example.enter('lezer')
  for (const person of [leader, midwife, reader]) await person.open(TITLE)
})

const badge = (person: Person, status: string) => person.page.getByRole('complementary').getByText(status, { exact: true }).first()

async function sign(person: Person, party: string, verdict: string, note = ''): Promise<void> {
  await person.page.getByRole('button', { name: 'Geef akkoord' }).first().click()
  const dialog = person.page.getByRole('dialog')
  // By its value: the label also says where the party stands, and that changes.
  await dialog.getByRole('combobox', { name: 'Namens' }).selectOption({ value: party })
  await dialog.getByRole('radio', { name: verdict, exact: true }).check()
  for (const box of await dialog.getByRole('checkbox').all()) {
    expect(await box.isChecked()).toBe(false)
    await box.check()
  }
  if (note !== '') await dialog.getByRole('textbox', { name: /Opmerking/ }).fill(note)
  await dialog.getByRole('button', { name: /^Geef/ }).click()
  await dialog.waitFor({ state: 'detached' })
}

let parties: string[] = []

describe('agreeing', () => {
  it('what is missing is said before anything is sent', async () => {
    await leader.page.getByRole('button', { name: 'Leg voor' }).first().click()
    const dialog = leader.page.getByRole('dialog')
    await dialog.locator('.chip').nth(1).waitFor() // the dialog is loaded when it is first asked for
    parties = await dialog.locator('.chip').allInnerTexts()
    expect(parties.length).toBeGreaterThan(1)
    await leader.picture('propose')
    await dialog.getByRole('button', { name: `Leg voor aan ${parties.length} partijen` }).click()
    await dialog.waitFor({ state: 'detached' })
  })

  it('everybody sees that the text is on the table', async () => {
    for (const person of [leader, midwife, reader]) await badge(person, 'ter vaststelling').waitFor()
    await midwife.page.getByText('Dit is precies de voorgelegde tekst.').waitFor()
  })

  it('a reader is offered nothing to decide and cannot write', async () => {
    expect(await reader.page.getByRole('button', { name: 'Geef akkoord' }).count()).toBe(0)
    expect(await reader.text().getAttribute('contenteditable')).toBe('false')
  })

  it('a party signs, with a reservation and its reason', async () => {
    await sign(midwife, parties[0] ?? '', 'akkoord met voorbehoud', 'Alleen met een tolk erbij.')
    await leader.page.getByText('akkoord met voorbehoud').first().waitFor()
    await leader.page.getByText('Alleen met een tolk erbij.').first().waitFor()
  })

  it('a step given without a connection waits as asked for, and counts when the relay has it', async () => {
    await example.product.kill()
    await midwife.syncIs('offline')
    await sign(midwife, parties[1] ?? '', 'akkoord')
    await midwife.page.getByText('gevraagd', { exact: true }).first().waitFor()
    await midwife.picture('asked')
    await example.product.start()
    await midwife.syncIs('relay')
    await until('accepted', async () => (await midwife.page.getByText('gevraagd', { exact: true }).count()) === 0)
    await leader.syncIs('relay')
  })

  it('editing after the seal is free, and the page says which text one reads', async () => {
    await midwife.write('Dit is erbij gekomen na het voorleggen.')
    await leader.page.getByText('Je leest de werkversie. Die is gewijzigd nadat de tekst is voorgelegd.').waitFor()
    await leader.page.getByRole('button', { name: 'Vergelijk' }).first().click()
    await leader.page.getByRole('table').getByText('Dit is erbij gekomen na het voorleggen.').waitFor()
    await leader.picture('compare')
    await leader.open(TITLE)
  })

  it('all parties agree on the text on the table, the leader adopts it, and the status follows', async () => {
    // Proposed anew, because the text changed: everybody is asked again.
    await leader.page.getByRole('button', { name: 'Leg voor' }).first().click()
    await leader.page.getByRole('dialog').getByRole('button', { name: /^Leg voor aan/ }).click()
    await midwife.page.getByText('Dit is precies de voorgelegde tekst.').waitFor()
    for (const [at, party] of parties.entries()) {
      await sign(midwife, party, 'akkoord')
      await until(`${at + 1} of ${parties.length}`, async () => (await leader.page.getByText(`${at + 1} van ${parties.length}`).count()) > 0)
    }
    await leader.page.getByRole('button', { name: 'Stel vast' }).first().click()
    await leader.page.getByRole('dialog').getByRole('button', { name: 'Stel vast', exact: true }).click()
    for (const person of [leader, midwife, reader]) await badge(person, 'vastgesteld').waitFor()
    await reader.page.getByText(/Dit is de getekende tekst/).waitFor()
    await reader.page.getByRole('treeitem', { name: `${TITLE} , vastgesteld` }).or(reader.page.getByRole('treeitem', { name: new RegExp(`${TITLE}.*vastgesteld`) })).first().waitFor()
    await leader.picture('adopted')
  })

  it('nothing went wrong unseen on any screen', () => {
    for (const person of [leader, midwife, reader]) expect(person.errors).toEqual([])
  })
})
