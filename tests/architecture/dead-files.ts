// A file that nothing leads to is read, translated and mended for nothing. Walks from what is started (the relay, the command
// line, the page, the scripts of package.json) and from the tests in tests/. A test beside its file does not keep it alive:
// code that only its own unit test uses is dead as well.
import { importsOf } from './imports.ts'
import type { Source } from './sources.ts'

const started = ['server/main.ts', 'server/cli.ts', 'client/index.html']

export const deadFilesHint =
  'Nothing leads to these files. Remove them, import them where they are used, or, when only tests need them, move them to tests/support.'

/** Paths of the files that no entry reaches. `scripts`: the scripts of package.json. */
export function deadFiles(sources: readonly Source[], scripts: Record<string, string>): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const waiting = sources.map(({ path }) => path).filter((path) => isEntry(path, Object.values(scripts)))
  const reached = new Set<string>()
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const source = byPath.get(path)
    if (!source || reached.has(path)) continue
    reached.add(path)
    for (const { target } of importsOf(source)) if (target !== undefined) waiting.push(target)
  }
  return sources.map(({ path }) => path).filter((path) => !reached.has(path) && !path.endsWith('.d.ts') && !path.endsWith('.test.ts'))
}

function isEntry(path: string, scripts: readonly string[]): boolean {
  if (started.includes(path)) return true
  if (path.startsWith('tests/') && /(\.(test|bench)\.ts|\.html|\/vite\.config\.ts)$/.test(path)) return true // pages that browser tests build
  if (path === 'tests/support/count-reporter.ts') return true // named on vitest's command line by tests/run.mjs
  return scripts.some((script) => script.split(/\s+/).includes(path))
}
