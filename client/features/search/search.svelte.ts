/**
 * The state of searching: what was asked and what came back. Each question is put to the engine after a pause of ASK_MS; an answer to an older
 * question is dropped. Lives as long as the window, so that the results are still there when somebody comes back to them.
 */
import type { Clock } from '../../../shared/base/clock.ts'
import type { Disposable } from '../../../shared/base/dispose.ts'
import type { Engine, SearchHit } from '../../engine/api.ts'

const ASK_MS = 120
export const HITS_COUNT_MAX = 100

export interface Search extends Disposable {
  query: string
  readonly hits: readonly SearchHit[]
  readonly state: 'empty' | 'busy' | 'done' | 'failed'
  /** Puts the question again, for instance after something changed. */
  again(): void
  readonly focusAsked: number
  askFocus(): void
}

export function createSearch(engine: Engine, clock: Clock): Search {
  let query = $state('')
  let hits = $state.raw<readonly SearchHit[]>([])
  let state = $state<Search['state']>('empty')
  let focusAsked = $state(0)
  let asked = 0
  let timer: Disposable | null = null

  async function ask(): Promise<void> {
    const mine = ++asked
    try {
      const found = await engine.search(query, HITS_COUNT_MAX)
      if (mine !== asked) return
      hits = found
      state = 'done'
    } catch (error) {
      if (mine !== asked) return
      reportError(error)
      state = 'failed'
    }
  }
  function again(): void {
    timer?.dispose()
    timer = null
    if (query.trim() === '') {
      asked++
      hits = []
      state = 'empty'
      return
    }
    state = 'busy'
    timer = clock.after(ASK_MS, () => void ask())
  }
  return {
    get query() { return query },
    set query(next) {
      query = next
      again()
    },
    get hits() { return hits },
    get state() { return state },
    get focusAsked() { return focusAsked },
    again,
    askFocus() {
      focusAsked++
    },
    dispose: () => timer?.dispose(),
  }
}

const searches = new WeakMap<object, Search>()
export const keepSearch = (services: object, search: Search): void => void searches.set(services, search)
export const searchOf = (services: object): Search | undefined => searches.get(services)
