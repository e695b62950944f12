/**
 * How an editor asks to be warned before edits of others reach the document it shows.
 *
 * A browser reports a click after the fact (`selectionchange`). If the document changes between the two, ProseMirror puts the old
 * selection back and the click is lost: measured 2 of 60 clicks at 50 remote edits a second, 0 of 60 when the view reads the
 * DOM just before (y-prosemirror issue 146). And while an input method composes a letter, the text under it must not move at all.
 * Guards are kept per document, so that handles need not know editors.
 */
import type * as Y from 'yjs'
import type { Disposable } from '../../shared/base/dispose.ts'

export interface RemoteGuard {
  /** True while the document must not move; `resumeRemote` ends the wait. */
  isBusy(): boolean
  /** Read what the person did, now. */
  beforeApply(): void
  /** Put the view where the person left it. `error`: what the drawing of the update threw, if it did. */
  afterApply(error: unknown): void
}

interface Guarded {
  guards: Set<RemoteGuard>
  resume: () => void
  forget: () => void
}
const byDoc = new WeakMap<Y.Doc, Guarded>()

const guardedOf = (doc: Y.Doc): Guarded => {
  let guarded = byDoc.get(doc)
  if (!guarded) byDoc.set(doc, (guarded = { guards: new Set(), resume: () => undefined, forget: () => undefined }))
  return guarded
}

export function guardRemote(doc: Y.Doc, guard: RemoteGuard): Disposable {
  const { guards } = guardedOf(doc)
  guards.add(guard)
  return {
    dispose() {
      guards.delete(guard)
      resumeRemote(doc)
    },
  }
}

export const guardsOf = (doc: Y.Doc): ReadonlySet<RemoteGuard> => guardedOf(doc).guards

/** Called by a guard that is no longer busy. */
export const resumeRemote = (doc: Y.Doc): void => guardedOf(doc).resume()

/** The owner of the document says what to do when a wait ends. */
export function onResume(doc: Y.Doc, resume: () => void): void {
  guardedOf(doc).resume = resume
}

/** What was deleted from this document was erased for good: nothing may put it back. */
export const tellErased = (doc: Y.Doc): void => guardedOf(doc).forget()

/** The undo history of the document says what to do then. */
export function onErased(doc: Y.Doc, forget: () => void): void {
  guardedOf(doc).forget = forget
}
