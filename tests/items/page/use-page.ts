/** The page of these tests in a browser: built, served and closed again around the tests of one file. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { launchChromium } from '../../support/browser.ts'
import { serveTestPage, type TestPage } from './build.ts'

export interface Scene extends AsyncDisposable {
  page: Page
  /** What the page threw. */
  errors: string[]
}

/** Out: opens the page in a profile of its own, with this query behind its address. */
export function useTestPage(): (query: string, viewport: { width: number; height: number }) => Promise<Scene> {
  let site: TestPage
  let browser: Browser
  beforeAll(async () => {
    site = await serveTestPage()
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
  })
  return async (query, viewport) => {
    const context = await browser.newContext({ viewport, locale: 'nl-NL' })
    const page = await context.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(`${site.url}${query}`)
    return { page, errors, [Symbol.asyncDispose]: () => context.close() }
  }
}
