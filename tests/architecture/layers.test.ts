import { describe, expect, test } from 'vitest'
import { layerFaults } from './layers.ts'
import { readSources, tree } from './sources.ts'

test('every import goes down the layer table', () => {
  expect(layerFaults(readSources())).toEqual([])
})

describe('the check refuses', () => {
  const refused: [why: string, files: Record<string, string>][] = [
    ['an import up, from base to model', { 'shared/base/x.ts': "import '../model/y.ts'" }],
    ['a type import up', { 'shared/model/x.ts': "import type { A } from '../derive/a.ts'" }],
    ['an inline type import up', { 'server/store/x.ts': "let a: import('../relay/api.ts').Relay" }],
    ['an import across, from derive to protocol', { 'shared/derive/x.ts': "export * from '../protocol/codec.ts'" }],
    ['the client importing the server', { 'client/items/x.ts': "await import('../../server/http/routes.ts')" }],
    ['the server importing the client', { 'server/http/x.ts': "import '../../client/platform/text/nl/common.ts'" }],
    ['shared importing either', { 'shared/base/x.ts': "import '../../server/store/log.ts'" }],
    ['a feature importing another feature', { 'client/features/progress/x.ts': "import '../search/search.svelte.ts'" }],
    [
      'a component importing another feature',
      { 'client/features/progress/X.svelte': '<script lang="ts">\nimport \'../search/Search.svelte\'\n</script>\n<p></p>' },
    ],
    ['the composition root going past the door of a feature', { 'client/main.ts': "import './features/search/search.svelte.ts'" }],
    ['the window reaching into the engine', { 'client/workbench/x.ts': "import '../engine/outbox.ts'" }],
    ['a control that knows the domain', { 'client/workbench/ui/x.ts': "import '../../../shared/model/acts.ts'" }],
    ['a worker started across layers', { 'server/store/x.ts': "new Worker(new URL('../derive/reader.ts', import.meta.url))" }],
    ['a folder that the table does not know', { 'server/misc/x.ts': "import '../store/log.ts'" }],
    ['product code leaning on a test', { 'server/store/x.ts': "import '../../tests/support/clock.ts'" }],
    ['Node in shared', { 'shared/base/x.ts': "import { createHash } from 'node:crypto'" }],
    ['Node in the client', { 'client/engine/x.ts': "import 'node:fs'" }],
    ['SQLite outside the store', { 'server/relay/x.ts': "import { DatabaseSync } from 'node:sqlite'" }],
    ['the bare Automerge', { 'client/engine/x.ts': "import * as A from '@automerge/automerge'" }],
    ['Automerge on the main thread', { 'client/items/x.ts': "import * as A from '@automerge/automerge/slim'" }],
    ['Svelte in the engine', { 'client/engine/x.ts': "import { tick } from 'svelte'" }],
    ['a second ProseMirror', { 'client/items/x.ts': "import 'prosemirror-model'" }],
  ]
  test.each(refused)('%s', (_why, files) => {
    const faults = layerFaults(tree(files))
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(/^\S+:\d+ imports .+: .+\.$/)
  })

  test('nothing that goes down, and nothing of a test', () => {
    expect(
      layerFaults(
        tree({
          'client/features/search/search.contribution.ts':
            "import '../../workbench/services.ts'; import './search.svelte.ts'; import { tick } from 'svelte'",
          'client/main.ts': "import './features/search/search.contribution.ts'; import './engine/host.ts'",
          'server/relay/relay.test.ts': "import '../http/routes.ts'; import '../../tests/support/clock.ts'",
          'server/main.ts': "import './http/routes.ts'; import { once } from 'node:events'",
          'shared/protocol/codec.ts': "import * as decoding from 'lib0/decoding'; import '../model/limits.ts'",
        }),
      ),
    ).toEqual([])
  })
})
