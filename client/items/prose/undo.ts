/**
 * One undo history per document and person, shared by all views of it in this window: it tracks what was typed here and nothing
 * else, so undo never touches what somebody else wrote. It lives as long as the document, not as long as one view.
 */
import { defaultDeleteFilter, defaultProtectedNodes, ySyncPluginKey } from '@tiptap/y-tiptap'
import * as Y from 'yjs'
import { must } from '../../../shared/base/assert.ts'
import { onErased } from '../remote-guard.ts'

/**
 * Whether somebody else wrote inside this element. A table or list that I made stays when I undo it, as long as others have words in it: only my own
 * words go. (Yjs would delete the element with everything in it.)
 */
function holdsWordsOfOthers(item: Y.Item, ownClientId: number): boolean {
  if (!(item.content instanceof Y.ContentType)) return false
  for (let child = item.content.type._start; child !== null; child = child.right) {
    if (child.deleted) continue
    if (child.id.client !== ownClientId || holdsWordsOfOthers(child, ownClientId)) return true
  }
  return false
}

const managers = new WeakMap<Y.XmlFragment, Y.UndoManager>()

export function undoManagerOf(fragment: Y.XmlFragment): Y.UndoManager {
  const known = managers.get(fragment)
  if (known) return known
  const doc = must(fragment.doc, 'the fragment of a document')
  const manager = new Y.UndoManager(fragment, {
    trackedOrigins: new Set([ySyncPluginKey]),
    deleteFilter: (item) => defaultDeleteFilter(item, defaultProtectedNodes) && !holdsWordsOfOthers(item, doc.clientID),
    // Changes of linked pairs opt out: taking back half of a pair would leave a decision without its reference.
    captureTransaction: (transaction) => transaction.meta.get('addToHistory') !== false,
  })
  // The binding destroys the manager with each view; ours outlives views and goes with the document, by its own listener.
  const destroy = manager.destroy.bind(manager)
  manager.destroy = () => undefined
  doc.once('destroy', destroy)
  onErased(doc, () => manager.clear())
  managers.set(fragment, manager)
  return manager
}
