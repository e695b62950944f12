/**
 * Yjs lets anybody put letters, values, lists and maps straight between blocks, or in a block beside its text; no editor does. The binding cannot draw them
 * and throws, and everybody's document would stay empty. So it is not shown them, and whoever draws hears of it and writes nothing: the binding counts
 * children, and would write in the wrong place.
 */
import * as Y from 'yjs'

const listeners = new WeakMap<Y.Doc, Set<() => void>>()

const isDrawn = (child: unknown): boolean => child instanceof Y.XmlElement || child instanceof Y.XmlText || child instanceof Y.XmlHook

const { toArray } = Y.XmlFragment.prototype
Y.XmlFragment.prototype.toArray = function (this: Y.XmlFragment) {
  const children = toArray.call(this)
  if (children.every(isDrawn)) return children
  for (const tell of (this.doc && listeners.get(this.doc)) ?? []) tell()
  return children.filter(isDrawn)
}

/** `tell` is called while something of it is left out of a drawing. Out: ends that. */
export function hearBareContent(doc: Y.Doc, tell: () => void): () => void {
  const heard = listeners.get(doc) ?? new Set()
  listeners.set(doc, heard.add(tell))
  return () => void heard.delete(tell)
}
