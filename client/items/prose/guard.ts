/**
 * What an editor does around edits of others: reads the person's last click before them, waits while a letter is being composed, and
 * puts the view back where it was, so that neither caret nor scroll position moves under somebody who is reading or typing.
 */
import type { Editor } from '@tiptap/core'
import type { Disposable } from '../../../shared/base/dispose.ts'
import type * as Y from 'yjs'
import { guardRemote, resumeRemote } from '../remote-guard.ts'

/** Part of every ProseMirror view, though not of its documented types. */
interface Flushable {
  domObserver?: { flush(): void }
}

const scrollerOf = (element: Element): Element => {
  for (let at: Element | null = element; at; at = at.parentElement) {
    const { overflowY } = getComputedStyle(at)
    if ((overflowY === 'auto' || overflowY === 'scroll') && at.scrollHeight > at.clientHeight) return at
  }
  return document.scrollingElement ?? document.documentElement
}

export interface EditGuard extends Disposable {
  /** True while edits of others are being drawn: the view does not scroll for them. */
  readonly isApplying: boolean
}

export function guardEditor(editor: Editor, doc: Y.Doc, hooks: { onApplied(): void; onFailed(error: unknown): void }): EditGuard {
  const { view } = editor
  let isApplying = false
  let caretTop: number | null = null

  /** Where the caret stands in the window, if this person is in the text and can see it. */
  const readCaretTop = (): number | null => {
    if (!view.hasFocus()) return null
    const { top } = view.coordsAtPos(view.state.selection.head)
    return top >= 0 && top <= innerHeight ? top : null
  }

  const guard = guardRemote(doc, {
    isBusy: () => view.composing,
    beforeApply() {
      ;(view as unknown as Flushable).domObserver?.flush()
      caretTop = readCaretTop()
      isApplying = true
    },
    afterApply(error) {
      isApplying = false
      if (error) return hooks.onFailed(error)
      const now = caretTop === null ? null : readCaretTop()
      if (caretTop !== null && now !== null && Math.abs(now - caretTop) >= 1) scrollerOf(view.dom).scrollTop += now - caretTop
      hooks.onApplied()
    },
  })
  const resume = (): void => queueMicrotask(() => resumeRemote(doc))
  view.dom.addEventListener('compositionend', resume)

  return {
    get isApplying() {
      return isApplying
    },
    dispose() {
      view.dom.removeEventListener('compositionend', resume)
      guard.dispose()
    },
  }
}
