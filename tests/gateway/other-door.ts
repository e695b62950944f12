/** Writers that do not come through the gateway: a laptop's prose through `relay.push`, and facts as the engine makes them. */
import * as Y from 'yjs'
import { readFile } from 'node:fs/promises'
import { createFactsDocument, factsReady, initFacts } from '../../client/engine/facts.ts'
import { must } from '../../shared/base/assert.ts'
import { newId, type ItemId, type UserId } from '../../shared/base/ids.ts'
import type { FactsState } from '../../shared/model/facts.ts'
import type { ReadableEntry } from '../../server/derive/materialise.ts'
import type { GatewayWorld } from './world.ts'

export function relayWriter(world: GatewayWorld, user: UserId, item: ItemId) {
  const doc = new Y.Doc()
  const writer = newId(world.dice)
  let seq = 0
  return {
    doc,
    async catchUp(): Promise<void> {
      const entries = await world.log.readItem(world.space, item, 'prose', seq + 1, Number.MAX_SAFE_INTEGER, 100_000)
      for (const entry of entries) {
        Y.applyUpdate(doc, entry.payload, 'remote')
        seq = entry.seq
      }
    },
    async write(change: (doc: Y.Doc) => void): Promise<void> {
      const updates: Uint8Array[] = []
      const collect = (update: Uint8Array): void => void updates.push(update)
      doc.on('update', collect)
      doc.transact(() => change(doc))
      doc.off('update', collect)
      const payload = must(updates[0], 'the change changed something')
      const result = await world.relay().push(user, { space: world.space, entry: newId(world.dice), item, part: 'prose', format: 'yjs1', schema: 1, clientTime: 0, writer, payload })
      if (result.kind === 'refused') throw new Error(`${result.code} ${result.reason}`)
    },
  }
}

/** Two engines that set the same fact apart, as entries in the order of a log, and what an engine shows of them. */
export async function createEngineFacts(world: GatewayWorld): Promise<{ entries: ReadableEntry[]; engineView: FactsState }> {
  initFacts(() => readFile(new URL('../../node_modules/@automerge/automerge/dist/automerge.wasm', import.meta.url)))
  await factsReady()
  const [a, b, reader] = [createFactsDocument(newId(world.dice)), createFactsDocument(newId(world.dice)), createFactsDocument(newId(world.dice))]
  const item = world.newItem()
  const row = newId(world.dice)
  const [first, second] = ['1'.repeat(32), '2'.repeat(32)]
  const begin = must(a.change([['type', 'agreement'], ['title', 'Schulden'], ['sample', true], [`steps/${row}/order`, 'V'], [`steps/${row}/term`, 4], ['nietToegestaan/pad', 'x']], 1_000_000, first), 'begins')
  if (!b.apply(begin, first).ok) throw new Error('unreadable')
  const payloads: [Uint8Array, UserId][] = [
    [begin, first],
    [must(a.change([[`steps/${row}/term`, 3], ['owner', 'Gemeente']], 2_000_000, first), 'changes'), first],
    [must(b.change([[`steps/${row}/term`, 5], ['owner', 'Gemeente'], ['reviewBy', null]], 3_000_000, second), 'changes'), second],
  ]
  for (const [payload, author] of payloads) if (!reader.apply(payload, author).ok) throw new Error('unreadable')
  const entries = payloads.map(([payload, author], index): ReadableEntry => ({ seq: index + 1, item, space: world.space, part: 'facts', payload, author, serverTime: index }))
  return { entries, engineView: reader.view() }
}
