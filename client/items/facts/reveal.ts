/** Puts the focus on a fact, by its path: from the list of problems, a search hit, a link. Waits a few frames for what is being drawn. */
const FRAMES_COUNT_MAX = 40

function find(root: ParentNode, path: string): HTMLElement | null {
  if (path === 'prose') return root.querySelector<HTMLElement>('.prose-text')
  const [list, id] = path.split('/')
  const exact = root.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`)
  if (exact || !id) return exact
  return root.querySelector<HTMLElement>(`[data-path^="${CSS.escape(`${list}/${id}/`)}"]`) ?? root.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"] :is(button, a, [tabindex])`)
}

/** In: what the page is drawn in; a path of a fact, or `prose`. Out: stops looking. */
export function reveal(root: ParentNode, path: string): () => void {
  let frame = 0
  let left = FRAMES_COUNT_MAX
  const look = (): void => {
    const element = find(root, path)
    const details = element?.closest('details')
    if (details) details.open = true
    element?.focus()
    if (element && document.activeElement === element) element.scrollIntoView({ block: 'center' })
    else if (left-- > 0) frame = requestAnimationFrame(look)
  }
  frame = requestAnimationFrame(look)
  return () => cancelAnimationFrame(frame)
}
