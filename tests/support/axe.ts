/**
 * axe on a page, at a third of the price: the same rules and the same judge. As it comes, every look compiles axe twice over (in the page, and in an empty
 * one that is opened to put the parts of frames together) and sends back everything that was right as well. No page of the product has frames.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

const ofPlaywright = createRequire(createRequire(import.meta.url).resolve('@axe-core/playwright'))
/** Compiled once a page. */
const axeSource = `if (!window.axe) { ${readFileSync(ofPlaywright.resolve('axe-core/axe.min.js'), 'utf8')} }`

/** Its `violations` count; of what else axe found it gives one example each. Errors: throws where there are frames, which it would not look into. */
export function axeOn(page: Page): AxeBuilder {
  if (page.frames().length > 1) throw new Error('there are frames in this page, and they are not looked into')
  return new AxeBuilder({ page, axeSource }).options({ resultTypes: ['violations'] }).setLegacyMode()
}
