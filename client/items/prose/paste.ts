/**
 * Cleans what comes in by pasting. Word marks its lists as paragraphs with a "·" and says in a style what they are
 * (`mso-list:l0 level1`): those become real lists. Comments, office elements and empty office paragraphs go. The editor's own parser
 * keeps only what the schema knows, so nothing here has to be a filter against scripts.
 */

interface WordItem {
  element: Element
  level: number
  isOrdered: boolean
}

const ORDERED_MARKER = /^[([]?([0-9]{1,3}|[a-z]{1,2}|[ivx]{1,5})[.)\]]/i

const levelOf = (element: Element): number | null => {
  const match = /mso-list:\s*l\d+\s+level(\d+)/i.exec(element.getAttribute('style') ?? '')
  return match ? Math.min(Number(match[1]), 9) : null
}

/** Takes the drawn marker out of a paragraph and says what it was. */
function takeMarker(element: Element): string {
  let marker = ''
  for (const span of element.querySelectorAll('span')) {
    if (!/mso-list:\s*ignore/i.test(span.getAttribute('style') ?? '')) continue
    marker ||= (span.textContent ?? '').trim()
    span.remove()
  }
  return marker
}

function listOf(document: Document, items: readonly WordItem[]): Element {
  const [first] = items
  const list = document.createElement(first?.isOrdered ? 'ol' : 'ul')
  const level = first?.level ?? 1
  for (let at = 0; at < items.length; ) {
    const item = items[at]
    if (!item) break
    const entry = document.createElement('li')
    entry.append(...item.element.childNodes)
    list.append(entry)
    const below: WordItem[] = []
    for (at++; at < items.length; at++) {
      const next = items[at]
      if (!next || next.level <= level) break
      below.push(next)
    }
    if (below.length > 0) entry.append(listOf(document, below))
  }
  return list
}

/** In: HTML of the clipboard. Out: HTML with real lists. The document it is read into runs no scripts and loads nothing. */
export function cleanPastedHtml(html: string): string {
  if (!/mso-|urn:schemas-microsoft-com|<o:p/i.test(html)) return html
  const document = new DOMParser().parseFromString(html, 'text/html')
  for (const useless of document.querySelectorAll('style, meta, link, xml, title, script')) useless.remove()
  const comments = document.createNodeIterator(document, NodeFilter.SHOW_COMMENT)
  for (let comment = comments.nextNode(); comment; comment = comments.nextNode()) comment.parentNode?.removeChild(comment)
  for (const office of [...document.querySelectorAll('*')].filter((element) => element.tagName.includes(':'))) office.replaceWith(...office.childNodes)

  const paragraphs = [...document.querySelectorAll('p, h1, h2, h3, h4, h5, h6')]
  for (let at = 0; at < paragraphs.length; ) {
    const run: WordItem[] = []
    let last: Element | null = null
    for (; at < paragraphs.length; at++) {
      const element = paragraphs[at]
      const level = element ? levelOf(element) : null
      if (!element || level === null || (last && last.nextElementSibling !== element)) break
      run.push({ element, level, isOrdered: ORDERED_MARKER.test(takeMarker(element)) })
      last = element
    }
    const [first] = run
    if (!first) {
      at++
      continue
    }
    // A run may begin deeper than it goes on: the shallowest level is the outer one.
    const top = Math.min(...run.map((item) => item.level))
    const anchor = document.createComment('')
    first.element.before(anchor)
    const lists: Element[] = []
    for (let from = 0; from < run.length; ) {
      let to = from + 1
      while (to < run.length && (run[to]?.level !== top || run[to]?.isOrdered === run[from]?.isOrdered)) to++
      lists.push(listOf(document, run.slice(from, to)))
      from = to
    }
    for (const { element } of run) element.remove()
    anchor.replaceWith(...lists)
  }
  for (const paragraph of document.querySelectorAll('p')) if (paragraph.textContent?.replaceAll('\u00a0', ' ').trim() === '' && !paragraph.closest('td, th, li')) paragraph.remove()
  return document.body.innerHTML
}
