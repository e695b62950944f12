/** Whether a text has a block of some kind at its top level, as a rune. Looked at only when blocks come or go, not at every letter. */
import * as Y from 'yjs'
import type { ItemHandle } from '../../items/items.ts'

const holds = (prose: Y.XmlFragment, name: string): boolean => prose.toArray().some((block) => block instanceof Y.XmlElement && block.nodeName === name)

export function hasBlock(handle: () => ItemHandle | null, name: string): { readonly isThere: boolean } {
  let isThere = $state(true)
  $effect(() => {
    const prose = handle()?.prose
    if (!prose) return
    const look = (): void => {
      isThere = holds(prose, name)
    }
    look()
    prose.observe(look)
    return () => prose.unobserve(look)
  })
  return {
    get isThere() {
      return isThere
    },
  }
}
