/**
 * Where the keyboard is: into a part, and from part to part with F6. Parts mark themselves with `data-part`, document groups with
 * `data-group`; `data-first-focus` inside a part names where it likes to begin.
 */
import type { FocusPart, WorkbenchLayout } from './layout.svelte.ts'

const ORDER: readonly FocusPart[] = ['top', 'rail', 'side', 'editor', 'panel', 'context', 'status']

const partElement = (layout: WorkbenchLayout, part: FocusPart): HTMLElement | null =>
  document.querySelector(part === 'editor' ? `[data-group="${layout.activeGroup}"]` : `[data-part="${part}"]`)

/** Out: false when the part is not there or nothing in it takes the focus. */
export function focusInto(layout: WorkbenchLayout, part: FocusPart): boolean {
  const element = partElement(layout, part)
  if (!element) return false
  const find = (selector: string): HTMLElement | undefined => [...element.querySelectorAll<HTMLElement>(selector)].find((one) => one.checkVisibility())
  const wanted =
    find('[data-first-focus]') ??
    (part === 'editor' ? find('[contenteditable="true"], [data-content]') : undefined) ??
    find('[role="tree"] [tabindex="0"], [role="tab"][tabindex="0"]') ??
    find('button:not([disabled]), a[href], input, [tabindex="0"]')
  wanted?.focus()
  return wanted !== undefined
}

export function walkParts(layout: WorkbenchLayout, step: 1 | -1): void {
  const here = document.activeElement
  const at = ORDER.findIndex((part) => partElement(layout, part)?.contains(here))
  // From nowhere (the page itself) forwards is the first part, backwards the last.
  const from = at < 0 && step < 0 ? 0 : at
  for (let turn = 1; turn <= ORDER.length; turn++) {
    const part = ORDER[(((from + step * turn) % ORDER.length) + ORDER.length) % ORDER.length]
    if (part && focusInto(layout, part)) return
  }
}
