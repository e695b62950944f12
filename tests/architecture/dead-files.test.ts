import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { deadFiles, deadFilesHint } from './dead-files.ts'
import { readSources, root, tree } from './sources.ts'

const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> }

test('every file is reached from something that is started or from a test', () => {
  expect(deadFiles(readSources(), scripts), deadFilesHint).toEqual([])
})

describe('the check', () => {
  const alive = {
    'client/index.html':
      '<html><head><link href="/look.css" rel="stylesheet"></head><body><script type="module" src="/main.ts"></script></body></html>',
    'client/look.css': "@import './tokens.css';",
    'client/tokens.css': '',
    'client/main.ts': "import App from './App.svelte'; new Worker(new URL('./engine/engine.worker.ts', import.meta.url), { type: 'module' })",
    'client/App.svelte': '<script lang="ts">\n  const load = () => import(\'./features/a/A.svelte\')\n</script>',
    'client/features/a/A.svelte': '<p></p>',
    'client/engine/engine.worker.ts': '',
    'server/main.ts': "export * from './http/routes.ts'",
    'server/http/routes.ts': '',
    'server/start.mjs': "import './setup.mjs'",
    'server/setup.mjs': '',
    'tests/contract/log.test.ts': "import '../support/memory.ts'",
    'tests/support/memory.ts': '',
    'tests/relay/kill.test.ts': "const child = new URL('child.ts', import.meta.url)",
    'tests/relay/child.ts': '',
  }

  test('follows pages, styles, components, workers, scripts and tests', () => {
    expect(deadFiles(tree(alive), { start: 'node server/start.mjs' })).toEqual([])
  })

  test.each(Object.keys(alive).filter((path) => !/index\.html|main\.ts|\.test\.ts/.test(path)))('finds %s once nothing leads to it', (path) => {
    const name = path.split('/').at(-1)!
    const orphaned = Object.fromEntries(Object.entries(alive).map(([one, text]) => [one, one === path ? text : text.replaceAll(name, 'other.ts')]))
    expect(deadFiles(tree(orphaned), {})).toContain(path)
  })

  test('does not let a file live by its own unit test', () => {
    expect(deadFiles(tree({ 'shared/base/x.ts': '', 'shared/base/x.test.ts': "import './x.ts'" }), {})).toEqual(['shared/base/x.ts'])
  })
})
