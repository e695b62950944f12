/** The example programme for a file of walks: one relay, one Chromium, and for every role that comes in a browser profile of its own. */
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { launchChromium } from './browser.ts'
import { demoLink, personIn, type Person } from './person.ts'
import { startProduct, type Product } from './product.ts'

export interface Example {
  readonly product: Product
  readonly browser: Browser
  /** Somebody of this role, signed in; what is of their spaces may still be coming in. */
  enter(role: string, size?: { width?: number; height?: number }): Promise<Person>
}

/**
 * Called at the top of a file: it starts before the tests of that file and is ended after them. `isNewEachTime`: before every test and every second try
 * of one, for a walk that leaves the programme in a state in which it cannot begin again.
 */
export function useExample({ isNewEachTime = false } = {}): Example {
  let product: Product | undefined
  let browser: Browser | undefined
  const [before, after] = isNewEachTime ? [beforeEach, afterEach] : [beforeAll, afterAll]
  before(async () => {
    ;[product, browser] = await Promise.all([startProduct({ demo: true }), launchChromium()])
  })
  after(async () => {
    await browser?.close()
    await product?.dispose()
  })
  const example: Example = {
    get product() { return must(product, 'the example runs inside tests only') },
    get browser() { return must(browser, 'the browser runs inside tests only') },
    async enter(role, { width = 1440, height = 900 } = {}) {
      const person = await personIn(await example.browser.newContext({ viewport: { width, height }, locale: 'nl-NL' }))
      await person.signIn(demoLink(example.product, role))
      return person
    },
  }
  return example
}
