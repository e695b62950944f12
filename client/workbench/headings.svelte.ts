/**
 * The headings of the document in sight, for "in dit document" and for `@` in quick open. Read from what is drawn, so that they are there for
 * every editor, sections of facts included; looked at again LOOK_MS after something in it changed, and at once when another document is in sight.
 */
import { must } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import type { Disposable } from '../../shared/base/dispose.ts'

const LOOK_MS = 400
const HEADINGS_COUNT_MAX = 300

export interface Heading {
  /** Place among the headings, from 0. */
  at: number
  level: number
  text: string
}

const CONTENT = '.group.active [data-content]'
const SELECTOR = `${CONTENT} :is(h2, h3, h4):not(.empty-block *)`

const elements = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(SELECTOR)].slice(0, HEADINGS_COUNT_MAX)

/** Of a heading that holds buttons or a figure beside its words, only the words. */
const isBeside = (node: Node): boolean => node instanceof HTMLElement && node.matches('button, .count, .total')
const textOf = (element: HTMLElement): string => [...element.childNodes].filter((node) => !isBeside(node)).map((node) => node.textContent ?? '').join('').replace(/\s+/g, ' ').trim()

export const readHeadings = (): Heading[] =>
  elements()
    .map((element, at) => ({ at, level: Number(element.tagName.slice(1)), text: textOf(element) }))
    .filter(({ text }) => text !== '')

/** Brings a heading in sight and the keyboard to it. */
export function goToHeading(at: number): void {
  const element = elements()[at]
  if (!element) return
  element.scrollIntoView({ block: 'start' })
  const editable = element.closest<HTMLElement>('[contenteditable="true"]')
  if (!editable) {
    element.tabIndex = -1
    element.focus({ preventScroll: true })
    return
  }
  editable.focus({ preventScroll: true })
  getSelection()?.collapse(element, 0)
}

/** Limits: looks at the `main` that the page has at that moment, so the page must be drawn. */
export function watchHeadings(clock: Clock): { readonly headings: readonly Heading[] } & Disposable {
  let headings = $state.raw<readonly Heading[]>(readHeadings())
  let content = document.querySelector(CONTENT)
  let timer: Disposable | null = null
  const look = (): void => {
    timer?.dispose()
    timer = null
    content = document.querySelector(CONTENT)
    const next = readHeadings()
    const isSame = next.length === headings.length && next.every((one, at) => one.text === headings[at]?.text && one.level === headings[at]?.level)
    if (!isSame) headings = next
  }
  const observer = new MutationObserver(() => {
    if (document.querySelector(CONTENT) === content) timer ??= clock.after(LOOK_MS, look)
    else look()
  })
  observer.observe(must(document.querySelector('main'), 'the page is drawn'), { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['class'] })
  return {
    get headings() { return headings },
    dispose() {
      observer.disconnect()
      timer?.dispose()
    },
  }
}
