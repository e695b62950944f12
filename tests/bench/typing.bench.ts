/**
 * Typing in a long document while ten others type in it, in the product, against the same editor alone on a page of its own; both in one
 * browser, turn by turn, so that a busy machine weighs on both. The bare editor has two turns: one while the others rest, and one while they go on, in the
 * document that it does not have: what ten laptops and a relay on the same two cores do to an editor that hears nothing of them.
 */
import type { Browser, Page } from 'playwright-core'
import { newId } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { launchChromium } from '../support/browser.ts'
import type { Measure } from './figures.ts'
import { quantile } from './machine.ts'
import { othersIn } from './others.ts'
import { serveBarePage } from './page/serve.ts'
import { installProbe, pressKeys, signedIn, takeKeys } from './probe.ts'
import { withRelay } from './world.ts'
import { longText, proseOf, pushDrafts, stepsOf, type Block } from './writing.ts'

const OTHERS_COUNT = 10
const ROUNDS = 6
const LETTERS = 'de afspraak geldt voor elke praktijk '
const PAUSE_MS = 70
const OPENINGS = 3
const VIEWPORT = { width: 1440, height: 900 }

interface Document {
  title: string
  words: number
  blocks: Block[]
  update: Uint8Array
  item: string
}

const sorted = (list: number[]): number[] => list.toSorted((a, b) => a - b)

async function caretInMiddle(page: Page): Promise<void> {
  const paragraphs = page.locator('.prose-text > p')
  await paragraphs.nth(Math.floor((await paragraphs.count()) / 2)).click()
  await page.keyboard.press('End')
}

/** Opens it from the tree on a freshly loaded page. Out: ms from the press to the frame with its text. */
async function openFresh(page: Page, address: string, { title, blocks }: Document): Promise<number> {
  await page.goto(address)
  const entry = page.getByRole('treeitem', { name: title })
  await entry.waitFor()
  // What the page fetches beside the first view has come by then.
  await page.waitForTimeout(1_500)
  await entry.click()
  return page.evaluate((count) => window.probe.until('.prose-text > *', count), blocks.length)
}

async function bareWith(browser: Browser, url: string, blocks: Block[], rows: string[][]): Promise<Page> {
  const page = await (await browser.newContext({ locale: 'nl-NL', viewport: VIEWPORT })).newPage()
  await installProbe(page)
  await page.goto(url)
  await page.locator('html[data-ready]').waitFor()
  await page.evaluate(({ blocks, rows }) => window.show(blocks as never, rows), { blocks, rows })
  return page
}

export async function benchTyping(measure: Measure): Promise<void> {
  const dice = seededDice(50)
  await using bare = await serveBarePage()
  const browser = await launchChromium()
  try {
    await withRelay(async (world) => {
      const space = await world.admin.createSpace('Schiedam')
      const steps = stepsOf(50, dice)
      const documents = [24_000, 50_000].map((words): Document => {
        const blocks = longText(words, dice)
        return { title: `Afspraak van ${words} woorden`, words, blocks, update: proseOf(blocks, dice), item: newId(dice) }
      })
      await pushDrafts(
        world,
        documents.map(({ item, title, update }) => ({ space, item, type: 'agreement', facts: { title }, lists: { steps }, prose: update })),
        dice,
        2,
      )
      const context = await browser.newContext({ locale: 'nl-NL', viewport: VIEWPORT })
      await installProbe(context)
      await signedIn(context, world.product.address, world.admin.cookie)
      const page = await context.newPage()
      page.setDefaultTimeout(60_000)
      await page.goto(world.product.address)

      for (const document of documents) {
        const isLong = document.words > 24_000
        const row = `Typing in ${isLong ? '50,000 words' : '50 pages (24,000 words, 50 steps, tables)'} while ${OTHERS_COUNT} others type: laptops of their own over the relay, 5 keys/s each`
        const openings: number[] = []
        for (let at = 0; at < (isLong ? OPENINGS : 1); at++) openings.push(await openFresh(page, world.product.address, document))
        const alone = await bareWith(browser, bare.url, document.blocks, steps.map((step) => Object.values(step).map(String)))
        const others = await othersIn(world, { space, item: document.item, update: document.update }, OTHERS_COUNT, dice)
        try {
          for (const one of [page, alone]) {
            await one.bringToFront()
            await caretInMiddle(one)
            await pressKeys(one, 'even warm worden ', PAUSE_MS)
            await takeKeys(one)
          }
          const times = { product: [] as number[], bare: [] as number[], productWork: [] as number[], bareWork: [] as number[], bareAmong: [] as number[] }
          for (let round = 0; round < ROUNDS; round++) {
            others.begin()
            await page.bringToFront()
            await pressKeys(page, LETTERS, PAUSE_MS)
            const product = await takeKeys(page)
            await alone.bringToFront()
            await pressKeys(alone, LETTERS, PAUSE_MS)
            times.bareAmong.push(...(await takeKeys(alone)).keys)
            await others.pause()
            await pressKeys(alone, LETTERS, PAUSE_MS)
            const bareKeys = await takeKeys(alone)
            times.product.push(...product.keys)
            times.productWork.push(...product.handled)
            times.bare.push(...bareKeys.keys)
            times.bareWork.push(...bareKeys.handled)
          }
          const ratioMax = isLong ? 2 : 1.2
          for (const [name, q] of [['p50', 0.5], ['p95', 0.95]] as const) {
            const [ours, theirs] = [quantile(sorted(times.product), q), quantile(sorted(times.bare), q)]
            measure({ row, name: `keystroke to next frame, ${name}`, value: ours, unit: 'ms' })
            measure({ row, name: `the same editor alone, ${name}`, value: theirs, unit: 'ms' })
            measure({ row, name: `the same editor alone, machine as busy, ${name}`, value: quantile(sorted(times.bareAmong), q), unit: 'ms' })
            measure({ row, name: `ratio, ${name}`, value: ours / theirs, unit: 'x', budget: `at most ${ratioMax}`, isMet: ours / theirs <= ratioMax })
            measure({ row, name: `of it until the key was handled, ${name}`, value: quantile(sorted(times.productWork), q), unit: 'ms' })
            measure({ row, name: `the same editor alone until the key was handled, ${name}`, value: quantile(sorted(times.bareWork), q), unit: 'ms' })
          }
          measure({ row, name: 'keys of others meanwhile', value: others.keyCount, unit: '' })
          if (isLong) {
            const open = quantile(sorted(openings), 0.5)
            measure({ row, name: `open from the tree to its text, median of ${openings.length}`, value: open, unit: 'ms', budget: 'at most 1 s', isMet: open <= 1000 })
          }
        } finally {
          await others.dispose()
          await alone.context().close()
        }
      }
    })
  } finally {
    await browser.close()
  }
}
