/** Brings docs/access.md up to date: `npm run access`. */
import { writeFileSync } from 'node:fs'
import { accessPage } from './access-page.ts'

writeFileSync(new URL('../../docs/access.md', import.meta.url), await accessPage())
console.log('docs/access.md is up to date')
