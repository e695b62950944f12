import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { accessPage } from './access-page.ts'

test('docs/access.md says what the doors ask; `npm run access` brings it up to date', async () => {
  expect(readFileSync(new URL('../../docs/access.md', import.meta.url), 'utf8')).toBe(await accessPage())
})
