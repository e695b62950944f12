/** Earlier versions in the real product: opened from the timeline, held against now, brought back as an ordinary edit that reaches everybody. */
import { describe, expect, it } from 'vitest'
import { useExample } from '../support/example.ts'
import { until, type Person } from '../support/person.ts'

const TITLE = 'Meerdere signalen'
const { enter, product } = ((example) => ({ enter: example.enter.bind(example), product: () => example.product }))(useExample())

const looks = (person: Person) => person.page.getByRole('button', { name: /^Bekijk het document van/ })
const asItWas = (person: Person) => person.page.getByText(/^Zo was dit document: /)

describe('[O14] the history of a document', () => {
  it('every entry opens, the version of before somebody else’s rewrite comes back with one click, and reaches the other; what stood there is a version too', async () => {
    const [leader, midwife] = [await enter('projectleider'), await enter('verloskundige')]
    for (const person of [leader, midwife]) await person.open(TITLE)
    await leader.syncIs('relay')
    await leader.write('Dit schreef de projectleider.')
    await leader.syncIs('relay')
    await until('the midwife has it', async () => (await midwife.words()).includes('Dit schreef de projectleider.'))
    // Another person: another stretch of work, so another moment.
    await midwife.text().getByText('Dit schreef de projectleider.').click({ clickCount: 3 })
    await midwife.page.keyboard.type('De verloskundige maakte er dit van.')
    await midwife.syncIs('relay')
    await until('the leader has it', async () => (await leader.words()).includes('De verloskundige maakte er dit van.'))

    await leader.command('Tijdlijn van dit document')
    const moments = leader.page.locator('.timeline > li')
    await until('both moments are listed', async () => /verloskundige/i.test(await moments.nth(0).innerText()) && /\(jij\)/.test(await moments.nth(1).innerText()))
    await moments.nth(1).getByRole('button').click()
    await asItWas(leader).waitFor()
    await leader.page.getByText('nu anders').first().waitFor()
    const before = leader.page.locator('.version-text')
    expect(await before.textContent()).toContain('Dit schreef de projectleider.')
    expect(await before.textContent()).not.toContain('De verloskundige maakte er dit van.')
    await leader.picture('history-version')

    await leader.page.getByRole('button', { name: 'Zet deze versie terug' }).click()
    await leader.syncIs('relay')
    await until('it is back with the midwife', async () => /Dit schreef de projectleider\./.test(await midwife.words()) && !/maakte er dit van/.test(await midwife.words()))

    // The rewrite is not gone: its moment opens still, and a step earlier is what it was before.
    await moments.filter({ hasText: 'verloskundige, ' }).first().getByRole('button').click()
    await asItWas(leader).waitFor()
    await until('the rewrite is shown', async () => ((await before.textContent()) ?? '').includes('De verloskundige maakte er dit van.'))
    await leader.page.getByRole('button', { name: 'Een stap eerder' }).click()
    await until('the version of before is shown', async () => /Dit schreef de projectleider\./.test((await before.textContent()) ?? ''))
    await leader.page.getByRole('button', { name: 'Een stap later' }).click()
    await until('the rewrite is shown again', async () => ((await before.textContent()) ?? '').includes('De verloskundige maakte er dit van.'))

    // All of it is on this laptop: without a connection it opens as well.
    await leader.page.getByRole('tab', { name: new RegExp(`^${TITLE}`) }).first().click()
    await product().kill()
    await until('the connection is gone', async () => (await leader.sync().getAttribute('data-sync')) === 'offline')
    await looks(leader).last().focus()
    await leader.page.keyboard.press('Enter')
    await asItWas(leader).waitFor()
    await product().start()
    expect([...leader.errors, ...midwife.errors]).toEqual([])
  })
})
