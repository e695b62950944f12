/** Ids of decisions and actions that the notes refer to, as a rune; read again when the notes were quiet for a moment. */
import * as Y from 'yjs'
import type { Clock } from '../../../shared/base/clock.ts'
import type { Disposable } from '../../../shared/base/dispose.ts'
import type { ItemHandle } from '../../items/items.ts'
import { NODE_OF } from './records.ts'

const LOOK_MS = 300
const NAMES: ReadonlySet<string> = new Set(Object.values(NODE_OF))

function idsIn(fragment: Y.XmlFragment, into: Set<string>): Set<string> {
  for (const child of fragment.toArray()) {
    if (!(child instanceof Y.XmlElement)) continue
    if (NAMES.has(child.nodeName)) into.add(String(child.getAttribute('id') ?? ''))
    else idsIn(child, into)
  }
  return into
}

export function referencedIds(handle: () => ItemHandle | null, clock: () => Clock): { readonly ids: ReadonlySet<string> } {
  let ids = $state.raw<ReadonlySet<string>>(new Set())
  $effect(() => {
    const prose = handle()?.prose
    if (!prose) return
    let timer: Disposable | null = null
    const look = (): void => {
      timer = null
      const next = idsIn(prose, new Set())
      if (next.size !== ids.size || [...next].some((id) => !ids.has(id))) ids = next
    }
    const soon = (): void => {
      timer ??= clock().after(LOOK_MS, look)
    }
    look()
    prose.observeDeep(soon)
    return () => {
      timer?.dispose()
      prose.unobserveDeep(soon)
    }
  })
  return {
    get ids() {
      return ids
    },
  }
}
