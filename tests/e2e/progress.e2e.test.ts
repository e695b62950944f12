/** The programme view: fourteen municipalities from their documents, every number opening what is behind it, also without a network. */
import { beforeAll, describe, expect, it } from 'vitest'
import { useExample } from '../support/example.ts'
import { until, type Person } from '../support/person.ts'

const example = useExample()
let programmeLeader: Person
let leader: Person

beforeAll(async () => {
  programmeLeader = await example.enter('programmaleider')
  leader = await example.enter('projectleider')
  for (const person of [programmeLeader, leader]) await person.syncIs('relay')
})

const openProgress = async ({ page }: Person): Promise<void> => {
  await page.getByRole('button', { name: 'Voortgang', exact: true }).first().click()
  await page.getByRole('heading', { name: /^Voortgang van/ }).waitFor()
}

describe('the programme view', () => {
  it('shows fourteen municipalities by milestones, labelled as sample figures', async () => {
    await openProgress(programmeLeader)
    await programmeLeader.page.getByRole('heading', { name: 'Voortgang van 14 gemeenten' }).waitFor()
    await programmeLeader.page.getByText('voorbeeldcijfers').waitFor()
    expect(await programmeLeader.page.getByRole('table').first().getByRole('row').count()).toBe(2 + 14)
    await programmeLeader.picture('progress')
  })

  it('every number is the length of the list that it opens', async () => {
    const { page } = programmeLeader
    await page.getByRole('button', { name: 'Zorgpaden', exact: true }).click()
    const total = await page.getByRole('button', { name: /^Alle gemeenten, / }).all()
    expect(total.length).toBeGreaterThan(10)
    for (const button of total) {
      const count = Number(await button.innerText())
      await button.click()
      const figure = page.getByRole('complementary').locator('.figure')
      await until('the figure of the list', async () => Number(await figure.innerText()) === count)
      expect(await page.getByRole('complementary').getByRole('listitem').count()).toBe(count)
    }
  })

  it('the parts add up to the whole, per column', async () => {
    const { page } = programmeLeader
    const counts = await page.getByRole('table').last().evaluate((table) => {
      const rows = [...(table as HTMLTableElement).rows].slice(1).map((row) => [...row.querySelectorAll('button')].map((button) => Number(button.textContent)))
      return { parts: rows.slice(0, -1), whole: rows.at(-1) ?? [] }
    })
    counts.whole.forEach((sum, column) => expect(counts.parts.reduce((all, row) => all + (row[column] ?? 0), 0)).toBe(sum))
  })

  it('a leader who is no member sees what is behind a number but cannot open the document; a member can', async () => {
    expect(await programmeLeader.page.getByText('Je kunt dit document niet openen. Vraag de projectleider van de gemeente.').count()).toBeGreaterThan(0)
    await openProgress(leader)
    await leader.page.getByRole('button', { name: 'Zorgpaden', exact: true }).click()
    await leader.page.getByRole('button', { name: /^Schiedam, Afspraken: \d+/ }).click()
    await leader.page.getByRole('complementary').getByRole('button', { name: 'Schulden en geldzorgen' }).click()
    await leader.text().waitFor()
  })

  it('one tab stop, arrows inside', async () => {
    await openProgress(leader)
    const { page } = leader
    await page.getByRole('button', { name: 'Mijlpalen', exact: true }).click()
    const cells = page.getByRole('table').first().locator('[data-cell]')
    expect(await cells.evaluateAll((all) => all.filter((cell) => (cell as HTMLElement).tabIndex === 0).length)).toBe(1)
    await cells.first().focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '')).toMatch(/, Wijkanalyse: /)
  })

  it('works without a network, and says when the figures were made', async () => {
    await programmeLeader.page.evaluate(async () => void (await navigator.serviceWorker.ready))
    await example.product.kill()
    await programmeLeader.syncIs('offline')
    await programmeLeader.page.reload()
    await programmeLeader.page.getByRole('tree').waitFor()
    await openProgress(programmeLeader)
    await programmeLeader.page.getByRole('heading', { name: 'Voortgang van 14 gemeenten' }).waitFor()
    await programmeLeader.page.getByText(/^Bijgewerkt /).waitFor()
  })

  it('nothing went wrong unseen', () => {
    expect(programmeLeader.errors).toEqual([])
    expect(leader.errors).toEqual([])
  })
})
