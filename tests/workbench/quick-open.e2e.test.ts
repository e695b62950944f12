// A list under a field in a real browser: what lies under its edge is drawn a moment later, and is there for whoever goes to it before that.
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useStage } from './use-stage.ts'

const { visit } = useStage()

/** The option that is announced, and whether it is in sight. */
const chosen = (page: Page) =>
  page.evaluate(() => {
    const field = document.querySelector('[role="dialog"] [role="combobox"]')
    const option = document.getElementById(field?.getAttribute('aria-activedescendant') ?? '')
    const list = document.querySelector('[role="dialog"] .results')?.getBoundingClientRect()
    const box = option?.getBoundingClientRect()
    return { at: [...document.querySelectorAll('[role="option"]')].indexOf(option as Element), isInSight: box !== undefined && list !== undefined && box.bottom <= list.bottom + 1 && box.top >= list.top - 1 }
  })

test('[X2] the last option is reached at once, and after a moment all of them are there', async () => {
  const page = await visit()
  await page.clock.install()
  await page.keyboard.press('F1')
  await page.getByRole('option').first().waitFor()
  const firstCount = await page.getByRole('option').count()
  await page.clock.pauseAt(Date.now() + 3_600_000)
  await page.getByRole('combobox').fill('>e')
  await page.getByRole('option').first().waitFor()
  await page.keyboard.press('ArrowUp')
  const count = await page.getByRole('option').count()
  expect(count).toBeGreaterThan(16)
  expect(await chosen(page)).toEqual({ at: count - 1, isInSight: true })
  // Somebody who only looks and scrolls.
  await page.getByRole('combobox').fill('>')
  await page.clock.runFor(1000)
  expect(await page.getByRole('option').count()).toBeGreaterThan(count)
  expect(firstCount).toBeGreaterThan(0)
  await page.context().close()
})

test('behind the palette nothing scrolls, also where the page itself does', async () => {
  const page = await visit({ width: 390, height: 700 })
  expect(await page.evaluate(() => document.documentElement.scrollHeight > document.documentElement.clientHeight)).toBe(true)
  await page.keyboard.press('Control+p')
  await page.getByRole('option').first().waitFor()
  await expect.poll(() => page.evaluate(() => getComputedStyle(document.body).overflow)).toBe('hidden')
  await page.keyboard.press('Escape')
  await expect.poll(() => page.evaluate(() => getComputedStyle(document.body).overflow)).not.toBe('hidden')
  await page.context().close()
})
