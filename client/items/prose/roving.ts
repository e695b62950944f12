/** One tab stop for a row of controls (a toolbar) or a column of them, arrows inside. Svelte attachment; the controls may come and go. */
import type { Attachment } from 'svelte/attachments'

export const roving = (selector: string, [next, previous] = ['ArrowRight', 'ArrowLeft']): Attachment<HTMLElement> => (node) => {
  const controls = (): HTMLElement[] => [...node.querySelectorAll<HTMLElement>(selector)]
  const makeCurrent = (current: HTMLElement | undefined): void => {
    for (const control of controls()) control.tabIndex = control === current ? 0 : -1
  }
  const heal = (): void => {
    const list = controls()
    if (!list.some((control) => control.tabIndex === 0) || list.filter((control) => control.tabIndex === 0).length > 1) makeCurrent(list[0])
  }
  const onKey = (event: KeyboardEvent): void => {
    const list = controls()
    const at = list.indexOf(document.activeElement as HTMLElement)
    if (at === -1 || event.altKey || event.ctrlKey || event.metaKey) return
    const last = list.length - 1
    const to = { [next]: at === last ? 0 : at + 1, [previous]: at === 0 ? last : at - 1, Home: 0, End: last }[event.key]
    const wanted = to === undefined ? undefined : list[to]
    if (!wanted) return
    event.preventDefault()
    makeCurrent(wanted)
    wanted.focus()
  }
  const onFocus = (event: FocusEvent): void => {
    if (event.target instanceof HTMLElement && controls().includes(event.target)) makeCurrent(event.target)
  }
  const observer = new MutationObserver(heal)
  observer.observe(node, { childList: true, subtree: true })
  node.addEventListener('keydown', onKey)
  node.addEventListener('focusin', onFocus)
  heal()
  return () => {
    observer.disconnect()
    node.removeEventListener('keydown', onKey)
    node.removeEventListener('focusin', onFocus)
  }
}
