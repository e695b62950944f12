/** What lies over the text: the bar of the editor at its bottom, and on a phone the bars of the window, of which the page says how high they are (`scroll-padding`). */

/** Left free between the caret and what lies over the text. */
const GAP_PX = 10

export interface CaretRoom {
  readonly top: number
  readonly right: number
  readonly bottom: number
  readonly left: number
}

/** In: the element the text is drawn in. Out: pixels at each side in which nobody sees the caret; asked for at every look, since bars come and go. */
export function caretRoom(element: HTMLElement): CaretRoom {
  const padding = (side: 'scrollPaddingTop' | 'scrollPaddingBottom'): number => Number.parseFloat(getComputedStyle(document.documentElement)[side]) || 0
  const bar = (): number => {
    const found = element.closest('.prose-region')?.querySelector<HTMLElement>('.prose-bar')
    return found && getComputedStyle(found).position === 'sticky' ? found.offsetHeight : 0
  }
  return {
    left: 0,
    right: 0,
    get top() {
      return padding('scrollPaddingTop') + GAP_PX
    },
    get bottom() {
      return Math.max(padding('scrollPaddingBottom'), bar()) + GAP_PX
    },
  }
}
