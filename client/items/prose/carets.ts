/**
 * Carets and selections of others, drawn in a layer behind the text and outside the contenteditable: the document's own DOM is never touched
 * for them, so clicks are not lost (decorations lost 19 of 60 clicks). Places are read once a frame at most, only for blocks near the
 * window; nothing animates; a name is written only where no text can be under it, after the end of a line, or while the mouse is on its initials.
 */
import type { EditorView } from '@tiptap/pm/view'
import type { Disposable } from '../../../shared/base/dispose.ts'
import { initialsOf } from '../../../shared/model/people.ts'
import type { PresenceView } from '../../engine/api.ts'
import { absolutePlace } from './binding.ts'

export interface Carets extends Disposable {
  /** Who has a caret here. */
  show(present: readonly PresenceView[]): void
  /** Something moved: look again in the next frame. */
  refresh(): void
}

interface Drawn {
  caret: HTMLElement
  label: HTMLElement
  mark: HTMLElement
  selections: HTMLElement[]
}

const SELECTION_RECTS_MAX = 60
const MARK_PX = 24
const MARK_GAP_PX = 2

const element = (className: string, parent: Element): HTMLElement => {
  const made = document.createElement('div')
  made.className = className
  parent.append(made)
  return made
}

/**
 * In: the view; `layer`, a positioned element around the text that is not part of it; how somebody is named in the margin.
 */
export function createCarets(view: EditorView, layer: HTMLElement, nameOf: (view: PresenceView) => { label: string; title: string }): Carets {
  const drawnBySession = new Map<string, Drawn>()
  let present: readonly PresenceView[] = []
  let frame = 0

  const remove = (session: string): void => {
    const drawn = drawnBySession.get(session)
    if (!drawn) return
    for (const part of [drawn.caret, drawn.mark, ...drawn.selections]) part.remove()
    drawnBySession.delete(session)
  }

  const drawnOf = (one: PresenceView): Drawn => {
    const known = drawnBySession.get(one.session)
    if (known) return known
    const caret = element('prose-caret', layer)
    const label = element('prose-caret-name', caret)
    const mark = element('prose-mark', layer)
    const drawn = { caret, label, mark, selections: [] }
    const { label: name, title } = nameOf(one)
    const color = `var(--p-${Math.min(Math.max(Math.trunc(one.who.color) || 1, 1), 5)})`
    for (const part of [caret, mark]) part.style.setProperty('--pk', color)
    label.textContent = name
    mark.textContent = initialsOf(one.who)
    mark.title = title
    mark.addEventListener('mouseenter', () => caret.classList.add('named'))
    mark.addEventListener('mouseleave', () => caret.classList.remove('named'))
    drawnBySession.set(one.session, drawn)
    return drawn
  }

  /** A block far outside the window is not laid out (content-visibility); asking for a place in it would lay it out. */
  const isNear = (position: number): boolean => {
    const block = view.state.doc.resolve(position)
    const dom = view.nodeDOM(block.depth === 0 ? position : block.before(1))
    if (!(dom instanceof Element)) return block.depth === 0
    const { top, bottom } = dom.getBoundingClientRect()
    return bottom > -innerHeight && top < 2 * innerHeight
  }

  const isAtLineEnd = (position: number, top: number): boolean => {
    const place = view.state.doc.resolve(position)
    if (!place.parent.isTextblock || place.parentOffset === place.parent.content.size) return true
    return view.coordsAtPos(position + 1, -1).top > top + 4
  }

  const drawSelection = (drawn: Drawn, from: number, to: number, origin: DOMRect, color: string): void => {
    const rects: DOMRect[] = []
    if (from < to) {
      const range = document.createRange()
      const [start, end] = [view.domAtPos(from, 1), view.domAtPos(to, -1)]
      range.setStart(start.node, start.offset)
      range.setEnd(end.node, end.offset)
      for (const rect of range.getClientRects()) if (rect.width > 1 && rects.length < SELECTION_RECTS_MAX) rects.push(rect)
    }
    while (drawn.selections.length > rects.length) drawn.selections.pop()?.remove()
    while (drawn.selections.length < rects.length) drawn.selections.push(element('prose-range', layer))
    rects.forEach((rect, index) => {
      const { style } = drawn.selections[index] as HTMLElement
      style.setProperty('--pk', color)
      style.transform = `translate(${rect.left - origin.left}px, ${rect.top - origin.top}px)`
      style.width = `${rect.width}px`
      style.height = `${rect.height}px`
    })
  }

  const draw = (): void => {
    frame = 0
    if (view.isDestroyed) return
    const origin = layer.getBoundingClientRect()
    const marksByLine = new Map<number, number>()
    const seen = new Set<string>()
    for (const one of present) {
      const cursor = one.state.cursor
      const head = cursor ? absolutePlace(view.state, cursor.head) : null
      if (head === null || !isNear(head)) continue
      const anchor = cursor ? absolutePlace(view.state, cursor.anchor) : null
      seen.add(one.session)
      const drawn = drawnOf(one)
      const { left, top, bottom } = view.coordsAtPos(head)
      drawn.caret.style.transform = `translate(${left - origin.left}px, ${top - origin.top}px)`
      drawn.caret.style.height = `${bottom - top}px`
      drawn.caret.classList.toggle('at-line-end', isAtLineEnd(head, top))
      drawn.caret.classList.toggle('near-edge', origin.right - left < 120)
      const line = Math.round(top)
      const before = marksByLine.get(line) ?? 0
      marksByLine.set(line, before + 1)
      drawn.mark.style.transform = `translate(${before * (MARK_PX + MARK_GAP_PX)}px, ${(top + bottom) / 2 - origin.top - MARK_PX / 2}px)`
      const from = Math.min(head, anchor ?? head)
      const to = Math.max(head, anchor ?? head)
      drawSelection(drawn, isNear(from) && isNear(to) ? from : to, to, origin, drawn.caret.style.getPropertyValue('--pk'))
    }
    for (const session of [...drawnBySession.keys()]) if (!seen.has(session)) remove(session)
  }

  const refresh = (): void => {
    if (frame === 0 && (present.length > 0 || drawnBySession.size > 0)) frame = requestAnimationFrame(draw)
  }
  const resized = new ResizeObserver(refresh)
  resized.observe(layer)
  // Blocks are laid out while they come near; the window's scrolling, in whichever box, is the moment.
  document.addEventListener('scroll', refresh, { capture: true, passive: true })

  return {
    show(next) {
      present = next
      refresh()
    },
    refresh,
    dispose() {
      cancelAnimationFrame(frame)
      resized.disconnect()
      document.removeEventListener('scroll', refresh, { capture: true })
      for (const session of [...drawnBySession.keys()]) remove(session)
    },
  }
}
