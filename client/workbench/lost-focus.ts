/**
 * Whoever works by keyboard never falls out of the window: when what has the focus goes away (a button whose step was taken, a row that somebody
 * else removed), the focus goes to what stood nearest to it. Whoever last used a pointer is left alone.
 */
import { createBag, type Disposable } from '../../shared/base/dispose.ts'

const FOCUSABLE = 'button:not([disabled]), a[href], input:not([disabled]), select:not([disabled]), textarea:not([disabled]), [contenteditable="true"], [tabindex="0"]'

/** In: the element of the window, without dialogs and menus, which stand beside it and give the focus back themselves. */
export function keepFocus(root: HTMLElement): Disposable {
  const bag = createBag()
  /** What had the focus last inside the window, and everything around it, nearest first. */
  let path: HTMLElement[] = []
  let isByKey = false
  let frame = 0

  const isLost = (): boolean => isByKey && (document.activeElement === null || document.activeElement === document.body) && path[0]?.isConnected === false
  function bringBack(): void {
    if (!isLost()) return
    for (const around of path) {
      if (!around.isConnected) continue
      const near = [...around.querySelectorAll<HTMLElement>(FOCUSABLE)].find((one) => one.checkVisibility() && one.closest('[inert]') === null)
      near?.focus({ preventScroll: true })
      if (near) return
    }
  }
  const onFocus = (event: FocusEvent): void => {
    path = []
    for (let at = event.target instanceof HTMLElement ? event.target : null; at && root.contains(at); at = at.parentElement) path.push(at)
  }
  const onKey = (): void => void (isByKey = true)
  const onPointer = (): void => void (isByKey = false)
  root.addEventListener('focusin', onFocus)
  document.addEventListener('keydown', onKey, true)
  document.addEventListener('pointerdown', onPointer, true)
  bag.add(() => {
    root.removeEventListener('focusin', onFocus)
    document.removeEventListener('keydown', onKey, true)
    document.removeEventListener('pointerdown', onPointer, true)
    cancelAnimationFrame(frame)
  })
  // A dialog that closes, or a list that is drawn anew, puts the focus somewhere itself: only what nobody took care of is ours.
  const observer = new MutationObserver(() => {
    if (frame !== 0 || !isLost()) return
    frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => {
        frame = 0
        bringBack()
      })
    })
  })
  observer.observe(document.body, { childList: true, subtree: true })
  bag.add(() => observer.disconnect())
  return bag
}
