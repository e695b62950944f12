/** Two windows on one municipality, with an agreement open in both. */
import { yXmlFragmentToProseMirrorRootNode } from '@tiptap/y-tiptap'
import * as Y from 'yjs'
import { newId, type ItemId } from '../../../shared/base/ids.ts'
import type { Clock } from '../../../shared/base/clock.ts'
import { seededDice } from '../../../shared/base/random.ts'
import type { SpaceView } from '../../../client/engine/api.ts'
import { browserClock } from '../../../client/platform/browser-clock.ts'
import { createItems } from '../../../client/items/create-items.ts'
import type { ItemHandle, Items } from '../../../client/items/items.ts'
import type { WorkbenchServices } from '../../../client/workbench/compose.svelte.ts'
import type { Prose } from '../../../client/items/prose/prose-editor.svelte.ts'
import { makeExample, type Example } from './example.ts'
import { createLoopback, person, type WindowEngine } from '../loopback.ts'

export interface World {
  engines: [WindowEngine, WindowEngine]
  handles: [ItemHandle, ItemHandle]
  items: [Items, Items]
  item: ItemId
  example: Example | null
  /** Of the workbench, once it works. */
  services: WorkbenchServices | null
  /** Yjs, as the page has it: a second copy would not know its own types. */
  Y: typeof Y
  /** Editors by window, once they are drawn. */
  proses: Prose[]
  /** The text of a top block in one window. */
  textOf: (window: number, block: number) => Y.XmlText
  /** The document built anew from the shared text, without anything remembered. */
  treeOf: (prose: Prose, handle: ItemHandle) => unknown
}

export const paragraph = (text: string): Y.XmlElement => {
  const element = new Y.XmlElement('paragraph')
  if (text !== '') element.insert(0, [new Y.XmlText(text)])
  return element
}

/** With it, edits of others are drawn as they come and not twenty times a second: the worst case for clicks and carets. */
const hurried: Clock = { now: () => performance.now() * 1_000_000, after: (delayMs, callback) => browserClock.after(delayMs / 100, callback) }

export async function createWorld({ isHurried, isFull }: { isHurried: boolean; isFull: boolean }): Promise<World> {
  const dice = seededDice(11)
  const space: SpaceView = { space: newId(dice), kind: 'municipality', name: 'Schiedam', role: 'leader' }
  const loopback = createLoopback(5, [space])
  const engines: [WindowEngine, WindowEngine] = [loopback.window(person('projectleider', 5)), loopback.window(person('wijkteam', 2))]
  const items = engines.map((engine) => createItems({ engine, clock: isHurried ? hurried : browserClock, row: (item) => engine.rowList().find((row) => row.item === item) ?? null, role: () => 'leader' }))
  const [first, second] = items
  if (!first || !second) throw new Error('Bug: two windows')
  const item = await first.create({
    space: space.space, type: 'agreement',
    edits: [{ op: 'set', path: 'title', value: 'Schulden en geldzorgen' }],
    prose: (doc) =>
      doc.getXmlFragment('prose').insert(0, Array.from({ length: 40 }, (_, at) => paragraph(`Alinea ${at + 1}: geldzorgen geven stress, en dat is voelbaar in de zwangerschap en in het gezin.`))),
  })
  const example = isFull ? await makeExample([first, second], engines, space.space, dice) : null
  const handles: World['handles'] = [await first.open(item), await second.open(item)]
  const textOf: World['textOf'] = (window, block) => (handles[window]?.prose.get(block) as Y.XmlElement).get(0) as Y.XmlText
  return { engines, items: [first, second], handles, item, example, services: null, Y, proses: [], textOf, treeOf: (prose, handle) => yXmlFragmentToProseMirrorRootNode(handle.prose, prose.editor.schema).toJSON() }
}
