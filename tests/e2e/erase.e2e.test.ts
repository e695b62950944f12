/** *Definitief verwijderen* in the real product: only who may sees it, it asks for reason and title, and the document is gone for everybody at once. */
import { describe, expect, it } from 'vitest'
import { useExample } from '../support/example.ts'
import { until } from '../support/person.ts'

const TITLE = 'Meerdere signalen'
const { enter } = useExample()

describe('[W] erasing for good', () => {
  it('by keyboard: a reason and the title typed over are asked for, and the document closes with the reason where others had it open', async () => {
    const [leader, midwife] = [await enter('projectleider'), await enter('verloskundige')]
    for (const person of [leader, midwife]) await person.open(TITLE)
    await leader.syncIs('relay')

    await leader.command('Definitief verwijderen')
    const dialog = leader.page.getByRole('dialog', { name: 'Definitief verwijderen' })
    await dialog.getByRole('radio', { name: /Het hele document/ }).check()
    const erase = dialog.getByRole('button', { name: 'Verwijder definitief' })
    await erase.click()
    await dialog.getByText('Schrijf op waarom dit weg moet.').waitFor()
    await dialog.getByRole('textbox', { name: 'Waarom?' }).fill('proef van de projectleider')
    await erase.click()
    await dialog.getByText(`Typ precies: ${TITLE}`).waitFor()
    await dialog.getByRole('textbox', { name: /Typ ter bevestiging/ }).fill(TITLE)
    await leader.page.keyboard.press('Enter')

    await midwife.page.getByText('proef van de projectleider', { exact: false }).first().waitFor()
    for (const { page } of [leader, midwife]) {
      await until('the document is in no list', async () => (await page.getByRole('treeitem', { name: new RegExp(TITLE) }).count()) === 0)
      await until('its tab is closed', async () => (await page.getByRole('tab', { name: new RegExp(TITLE) }).count()) === 0)
    }
    await midwife.page.keyboard.press('Control+Shift+p')
    await midwife.page.keyboard.type('Definitief verwijderen')
    expect(await midwife.page.getByRole('option', { name: /Definitief verwijderen/ }).count()).toBe(0)
  })
})
