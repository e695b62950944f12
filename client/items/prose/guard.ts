/**
 * What an editor does around edits of others: reads the person's last click before them, waits while a letter is being composed, and
 * puts the view back where it was, so that neither caret nor scroll position moves under somebody who is reading or typing.
 */
import type { Editor } from '@tiptap/core'
import type { Disposable } from '../../../shared/base/dispose.ts'
import type * as Y from 'yjs'
import type { Node } from '@tiptap/pm/model'
import type { Transaction } from '@tiptap/pm/state'
import { guardRemote, resumeRemote } from '../remote-guard.ts'
import { isFromDocument } from './binding.ts'
import { readDom } from './own-caret.ts'

const scrollerOf = (element: Element): Element => {
  for (let at: Element | null = element; at; at = at.parentElement) {
    const { overflowY } = getComputedStyle(at)
    if ((overflowY === 'auto' || overflowY === 'scroll') && at.scrollHeight > at.clientHeight) return at
  }
  return document.scrollingElement ?? document.documentElement
}

/** Whether every block stands where it stood; words in it may differ. One that comes, goes or moves is laid out with an estimate first. */
const hasSameBlocks = (before: Node, after: Node): boolean => {
  if (before.childCount !== after.childCount) return false
  const changed = new Map<Node, Node>()
  before.forEach((block, _, at) => {
    if (block !== after.child(at)) changed.set(block, after.child(at))
  })
  return [...changed].every(([block, next]) => block.sameMarkup(next) && !changed.has(next))
}

const OWN_SCROLLS = ['wheel', 'touchmove', 'pointerdown'] as const

export interface EditGuard extends Disposable {
  /** True while edits of others are being drawn: the view does not scroll for them. */
  readonly isApplying: boolean
}

export function guardEditor(editor: Editor, doc: Y.Doc, hooks: { onApplied(): void; onFailed(error: unknown): void }): EditGuard {
  const { view } = editor
  let isApplying = false
  /** Where the caret belongs in the window, and where it came to stand last: a scroll position is rounded, and the rests add up. */
  let caretTop: number | null = null
  let standsAt: number | null = null
  let wanted: number | null = null
  let before: Node = view.state.doc

  /** Where the caret stands in the window, if this person is in the text and can see it. */
  const readCaretTop = (): number | null => {
    if (!view.hasFocus()) return null
    const { top } = view.coordsAtPos(view.state.selection.head)
    return top >= 0 && top <= innerHeight ? top : null
  }

  const keepCaretAt = (top: number): void => {
    const caret = (): number => view.coordsAtPos(view.state.selection.head).top
    const moved = caret() - top
    if (Math.abs(moved) >= 1) scrollerOf(view.dom).scrollTop += moved
    wanted = top
    standsAt = caret()
  }

  // A new block is laid out with an estimated height first (content-visibility) and with its own in the same frame: the observer hears of
  // that before anything is painted.
  let settleFrame = 0
  const settle = (): void => {
    cancelAnimationFrame(settleFrame)
    settleFrame = requestAnimationFrame(() => {
      // One block more and one less: the whole kept its height and the observer heard nothing.
      settleFrame = requestAnimationFrame(() => {
        hold()
        settleFrame = 0
      })
    })
  }
  const hold = (): void => {
    if (settleFrame !== 0 && wanted !== null && view.hasFocus()) keepCaretAt(wanted)
  }
  const resized = new ResizeObserver(hold)
  resized.observe(view.dom)
  const ownMove = ({ transaction }: { transaction: Transaction }): void => {
    if (!isFromDocument(transaction) && (transaction.docChanged || transaction.selectionSet)) wanted = null
  }
  editor.on('transaction', ownMove)
  // Whoever scrolls goes where they want.
  const ownScroll = (): void => {
    wanted = null
  }
  for (const type of OWN_SCROLLS) document.addEventListener(type, ownScroll, { capture: true, passive: true })

  const guard = guardRemote(doc, {
    isBusy: () => view.composing,
    beforeApply() {
      readDom(view)
      before = view.state.doc
      caretTop = readCaretTop()
      // Still where it was left, or the last drawing has not come to rest: what was owed is still owed.
      if (caretTop !== null && standsAt !== null && wanted !== null && (settleFrame !== 0 || Math.abs(caretTop - standsAt) < 0.1)) caretTop = wanted
      isApplying = true
    },
    afterApply(error) {
      isApplying = false
      if (error) return hooks.onFailed(error)
      if (caretTop !== null) {
        keepCaretAt(caretTop)
        if (!hasSameBlocks(before, view.state.doc)) settle()
      }
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
      editor.off('transaction', ownMove)
      for (const type of OWN_SCROLLS) document.removeEventListener(type, ownScroll, { capture: true })
      resized.disconnect()
      cancelAnimationFrame(settleFrame)
      guard.dispose()
    },
  }
}
