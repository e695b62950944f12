/** Whether the palette is open, and with which text in its field. `>` gives commands, `@` headings, `#` steps, anything else documents. */
export interface QuickOpen {
  readonly isOpen: boolean
  query: string
  show(query: string): void
  hide(): void
}

export function createQuickOpen(): QuickOpen {
  let isOpen = $state(false)
  let query = $state('')
  return {
    get isOpen() { return isOpen },
    get query() { return query },
    set query(next) { query = next },
    show(next) {
      query = next
      isOpen = true
    },
    hide() {
      isOpen = false
    },
  }
}

/** The palette's component gets only `services`; the door leaves its state here. */
const opened = new WeakMap<object, QuickOpen>()
export const keepQuickOpen = (services: object, quickOpen: QuickOpen): void => void opened.set(services, quickOpen)
export const quickOpenOf = (services: object): QuickOpen | undefined => opened.get(services)
