/** `npm run dependencies`. */
import { writeFileSync } from 'node:fs'
import { dependenciesPage } from './supply.ts'

writeFileSync(new URL('../../docs/dependencies.md', import.meta.url), dependenciesPage())
