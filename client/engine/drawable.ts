/**
 * An open text as windows can draw it. A program can put letters, values or lists where only blocks can stand; that is found here, in what each entry adds
 * (decision 0029). In what windows get it says "deleted", in the place that it has: whatever stands on it still finds it, every laptop shows the same, and the entry stays as it was written, in the store and in the log.
 */
import * as Y from 'yjs'
import { PROSE_FRAGMENT } from '../../shared/derive/prose-json.ts'
import { findBare, type Block, type BlockList } from '../../shared/protocol/bare-prose.ts'
import { eraseProse, joinRanges, type ErasedRanges } from '../../shared/protocol/erase-prose.ts'

export interface Drawable {
  /** All of the text. */
  readonly update: Uint8Array
  /**
   * In: what is added to the text, by whomever, in an order in which it can be.
   * Out: the same as windows can draw it: nearly always the very same bytes.
   * Limits: linear in what is added.
   */
  next(added: Uint8Array): Uint8Array
}

/** In: the text so far; it is not kept. */
export function createDrawable(doc: Y.Doc): Drawable {
  const known = new Map<number, Block[]>()
  const add = (block: Block): void => {
    const blocks = known.get(block.client)
    if (!blocks) return void known.set(block.client, [block])
    const last = blocks.at(-1)
    blocks.push(block)
    // A clientID is continued where it ends, but for what was set apart and came back.
    if (last && last.from > block.from) blocks.sort((a, b) => a.from - b.from)
  }
  const find = (client: number, clock: number): Block | null => {
    const blocks = known.get(client)
    if (!blocks) return null
    let [low, high] = [0, blocks.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((blocks[middle] as Block).from <= clock) low = middle + 1
      else high = middle
    }
    const block = blocks[low - 1]
    return block && clock < block.to ? block : null
  }

  const { blocks, bare } = blocksOf(doc)
  for (const block of blocks.sort((a, b) => a.from - b.from)) add(block)
  return {
    update: eraseProse(Y.encodeStateAsUpdate(doc), bare),
    next(added) {
      const found = findBare(added, find)
      // What comes twice, as a snapshot does, is known already.
      for (const block of found.blocks) if (!find(block.client, block.from)) add(block)
      return eraseProse(added, found.bare)
    },
  }
}

/** All that stands, or stood, in the root of a text or in an element of it, and what of that no window can draw. */
export function blocksOf(doc: Y.Doc): { blocks: Block[]; bare: ErasedRanges } {
  const blocks: Block[] = []
  const bare: ErasedRanges[] = []
  const lists: [BlockList, Y.Item | null][] = [['root', doc.getXmlFragment(PROSE_FRAGMENT)._start]]
  for (let next = lists.pop(); next; next = lists.pop()) {
    const [list, first] = next
    for (let item = first; item; item = item.right) {
      const type = item.content instanceof Y.ContentType ? item.content.type : null
      const block: Block = { client: item.id.client, from: item.id.clock, to: item.id.clock + item.length, list, isElement: type instanceof Y.XmlElement }
      blocks.push(block)
      if (type instanceof Y.XmlElement) lists.push(['element', type._start])
      if (!item.deleted && !isDrawn(type, list)) bare.push(new Map([[block.client, [[block.from, block.to] as const]]]))
    }
  }
  return { blocks, bare: joinRanges(...bare) }
}

/** As the binding does it (@tiptap/y-tiptap and `client/items/prose/mapping.ts`): a Y.Text in an element is read like a Y.XmlText, a hook at the top is answered for. */
function isDrawn(type: unknown, list: BlockList): boolean {
  if (type instanceof Y.XmlElement || type instanceof Y.XmlText) return true
  return list === 'element' ? type instanceof Y.Text : type instanceof Y.XmlHook
}
