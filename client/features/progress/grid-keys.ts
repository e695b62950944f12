/**
 * Arrow keys in a table of buttons: one tab stop, arrows inside, Home and End within a row (the ARIA grid pattern). Works on the buttons
 * marked `data-cell`, so that empty places are passed over.
 */
export function gridKeys(table: HTMLTableElement): () => void {
  const cells = (): HTMLElement[][] =>
    [...table.rows].map((row) => [...row.querySelectorAll<HTMLElement>('[data-cell]')]).filter((row) => row.length > 0)

  const settle = (focused: HTMLElement | null): void => {
    const all = cells().flat()
    const stop = focused ?? all.find((cell) => cell.tabIndex === 0) ?? all[0]
    for (const cell of all) cell.tabIndex = cell === stop ? 0 : -1
  }
  const onKey = (event: KeyboardEvent): void => {
    const rows = cells()
    const y = rows.findIndex((row) => row.includes(event.target as HTMLElement))
    const row = rows[y]
    if (!row) return
    const x = row.indexOf(event.target as HTMLElement)
    const at = (toY: number, toX: number): HTMLElement | undefined => {
      const target = rows[Math.max(0, Math.min(rows.length - 1, toY))]
      return target?.[Math.max(0, Math.min(target.length - 1, toX))]
    }
    const moves: Record<string, () => HTMLElement | undefined> = {
      ArrowRight: () => at(y, x + 1), ArrowLeft: () => at(y, x - 1), ArrowDown: () => at(y + 1, x), ArrowUp: () => at(y - 1, x), Home: () => row[0], End: () => row[row.length - 1],
    }
    const next = moves[event.key]?.()
    if (!next) return
    event.preventDefault()
    settle(next)
    next.focus()
  }
  const onFocus = (event: FocusEvent): void => {
    if (event.target instanceof HTMLElement && event.target.dataset.cell !== undefined) settle(event.target)
  }
  table.addEventListener('keydown', onKey)
  table.addEventListener('focusin', onFocus)
  const observer = new MutationObserver(() => settle(null))
  observer.observe(table, { childList: true, subtree: true })
  settle(null)
  return () => {
    observer.disconnect()
    table.removeEventListener('keydown', onKey)
    table.removeEventListener('focusin', onFocus)
  }
}
