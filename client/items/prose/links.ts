/**
 * Which addresses a link may carry, and how links inside the product look: `/item/<32 hex>`, the same address that the window shows.
 * Everything else than these schemes is refused at three doors: while typing, while pasting and while drawing what others wrote.
 */
import { isId, type ItemId } from '../../../shared/base/ids.ts'

const SCHEMES = new Set(['http:', 'https:', 'mailto:', 'tel:'])
const ITEM = /^\/item\/([0-9a-f]{32})$/

export const hrefOfItem = (item: ItemId): string => `/item/${item}`

/** The item a link leads to, null for any other address. */
export const itemOfHref = (href: string): ItemId | null => {
  const id = ITEM.exec(href)?.[1]
  return isId(id) ? id : null
}

/** Control characters and spaces inside a scheme (`java\nscript:`) are what browsers skip and filters miss: parse, don't match. */
export function isSafeHref(href: string): boolean {
  if (itemOfHref(href)) return true
  const parsed = URL.parse(href)
  return parsed !== null && SCHEMES.has(parsed.protocol)
}

/** What a person typed as an address: `voorbeeld.nl` means https, `naam@voorbeeld.nl` means mail. '' when it cannot be one. */
export function hrefOfText(typed: string): string {
  const text = typed.trim()
  if (isSafeHref(text)) return text
  if (/^[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+$/.test(text)) return `mailto:${text}`
  if (/^[\w-]+(\.[\w-]+)+([/?#]\S*)?$/.test(text)) return `https://${text}`
  return ''
}
