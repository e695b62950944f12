/**
 * A person at a browser, in the words of the screen: signs in with a link, opens documents, types, reads the sentence about where the work is.
 * Everything goes by roles and accessible names in Dutch, as a screen reader would find it. Waits are on states, never on time.
 */
import { mkdirSync } from 'node:fs'
import type { BrowserContext, Locator, Page } from 'playwright-core'
import { must } from '../../shared/base/assert.ts'
import type { Product } from './product.ts'

export type SyncState = 'pending' | 'local' | 'relay' | 'offline' | 'refused' | 'rechecking'

/** Where pictures go; `SAMENPAD_PICTURES=docs/images npm test` makes those of the README anew. */
const PICTURES = process.env.SAMENPAD_PICTURES ?? 'test-output/pictures'

/** How long a wait may last before it says that it hangs; two cores do a whole browser and a relay here. */
const HANG_MS = 45_000

export interface Person {
  readonly page: Page
  /** Errors that the pages of this person reported; a test that ends well has none. */
  readonly errors: string[]
  signIn(url: string): Promise<void>
  /** Opens a document from the explorer by its name. */
  open(name: string | RegExp): Promise<void>
  /** The text of the open document, ready for typing at its end. */
  text(): Locator
  /** What the open document says, a line a block. From the document itself: `innerText` leaves out what was not laid out yet. */
  words(): Promise<string>
  /** Types a new paragraph at the end of the running text. */
  write(text: string): Promise<void>
  command(title: string): Promise<void>
  /** The sentence about where the work is. */
  sync(): Locator
  syncIs(...states: SyncState[]): Promise<void>
  picture(name: string): Promise<void>
}

export async function personIn(context: BrowserContext, existing?: Page): Promise<Person> {
  const page = existing ?? (await context.newPage())
  page.setDefaultTimeout(HANG_MS)
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.stack === undefined || error.stack === '' ? String(error) : error.stack))

  const sync = (): Locator => page.locator('[role="status"][data-sync]')
  const text = (): Locator => page.locator('.ProseMirror').first()
  return {
    page,
    errors,
    text,
    sync,
    async signIn(url) {
      await page.goto(url)
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByRole('status').first().waitFor() // not the tree: on a phone it is behind a button
    },
    async open(name) {
      await page.getByRole('treeitem', { name }).first().click()
      await text().waitFor()
    },
    words: () => text().evaluate((box) => [...box.children].map((block) => block.textContent.replaceAll('\u00a0', ' ')).join('\n')),
    async write(words) {
      // In a paragraph: the middle of a text may be the table of steps, which is no text.
      await text().locator('p').first().click()
      await page.keyboard.press('Control+End')
      await page.keyboard.press('Enter')
      await page.keyboard.type(words, { delay: 5 })
    },
    async command(title) {
      await page.keyboard.press('F1')
      const field = page.getByRole('dialog').getByRole('combobox')
      await field.waitFor()
      // Typed behind the sign that the palette puts there for commands.
      await field.pressSequentially(title)
      await page.getByRole('dialog').getByRole('option', { name: title }).first().click()
    },
    async syncIs(...states) {
      await page.locator(states.map((state) => `[role="status"][data-sync="${state}"]`).join(', ')).waitFor()
    },
    async picture(name) {
      mkdirSync(PICTURES, { recursive: true })
      await page.screenshot({ path: `${PICTURES}/${name}.png` })
    },
  }
}

/** The sign-in link of a role of the example programme. */
export function demoLink(product: Product, role: string): string {
  const found = product.links().find(({ words, url }) => `${words} ${url}`.includes(`${role} (`) )
  return must(found, `a link for ${role}`).url
}

/** A wait for something that only the page knows, with a message when it never comes. */
export async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + HANG_MS
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
