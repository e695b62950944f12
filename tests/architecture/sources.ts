// The files that the architecture tests look at, as plain text with their path from the root of the repository. Every check
// is a function over such a list, so that each test also shows it a small tree that is wrong.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Source {
  /** From the root, with forward slashes. */
  readonly path: string
  readonly text: string
}

export const root = fileURLToPath(new URL('../../', import.meta.url))
const folders = ['shared', 'server', 'client', 'tests']
const endings = /\.(ts|mjs|svelte|css|html)$/

/** All code of the repository, sorted by path. */
export function readSources(): Source[] {
  const sources: Source[] = []
  for (const folder of folders.filter((name) => existsSync(root + name))) {
    for (const entry of readdirSync(root + folder, { recursive: true, encoding: 'utf8' })) {
      const path = `${folder}/${entry.replaceAll('\\', '/')}`
      // The servers that the bench compares with are installed inside tests/.
      if (path.includes('/node_modules/')) continue
      if (endings.test(path)) sources.push({ path, text: readFileSync(root + path, 'utf8') })
    }
  }
  return sources.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** A small tree for showing a check what it must refuse. */
export function tree(files: Record<string, string>): Source[] {
  return Object.entries(files).map(([path, text]) => ({ path, text }))
}

export const isTest = (path: string): boolean => path.startsWith('tests/') || path.endsWith('.test.ts')
