/**
 * The state of searching: what was asked and what came back. Each question is put to the engine after a pause of ASK_MS; an answer to an older
 * question is dropped. An answer for which the engine has not looked everywhere is shown as one so far, and the same question is put again until
 * it has: nothing found is said only then. Lives as long as the window, so that the results are still there when somebody comes back to them.
 */
import type { Clock } from '../../../shared/base/clock.ts'
import type { Disposable } from '../../../shared/base/dispose.ts'
import type { SpaceId } from '../../../shared/base/ids.ts'
import type { Engine, SearchHit } from '../../engine/api.ts'

const ASK_MS = 120
/** The engine itself waits some tenths of a second for the rest of an answer. */
const MORE_MS = 100
export const HITS_COUNT_MAX = 100

export interface Search extends Disposable {
  query: string
  /** Only in the space in sight. */
  onlyHere: boolean
  readonly hits: readonly SearchHit[]
  /** `partial`: the hits so far; more may come by themselves. */
  readonly state: 'empty' | 'busy' | 'partial' | 'done' | 'failed'
  /** Puts the question again, for instance after something changed. */
  again(): void
  /** Another space is in sight: what was found in the one before is no answer any more. */
  spaceChanged(): void
  readonly focusAsked: number
  askFocus(): void
}

/** In: the space in sight, whose documents are looked at first. */
export function createSearch(engine: Pick<Engine, 'search'>, clock: Clock, here: () => SpaceId | undefined): Search {
  let query = $state('')
  let hits = $state.raw<readonly SearchHit[]>([])
  let state = $state<Search['state']>('empty')
  let focusAsked = $state(0)
  // What is looked for is mostly in the space in sight.
  let onlyHere = $state(true)
  let askedHere: SpaceId | undefined
  let asked = 0
  let timer: Disposable | null = null

  async function ask(): Promise<void> {
    const mine = ++asked
    askedHere = here()
    try {
      const { hits: found, isComplete } = await engine.search(query, HITS_COUNT_MAX, askedHere === undefined ? {} : { here: askedHere, onlyHere })
      if (mine !== asked) return
      hits = found
      state = isComplete ? 'done' : 'partial'
      if (!isComplete) timer = clock.after(MORE_MS, () => void ask())
    } catch (error) {
      if (mine !== asked) return
      reportError(error)
      state = 'failed'
    }
  }
  function again(): void {
    timer?.dispose()
    timer = null
    // What is still to come answers the question before.
    asked++
    if (query.trim() === '') {
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
    get onlyHere() { return onlyHere },
    set onlyHere(next) {
      if (next === onlyHere) return
      onlyHere = next
      again()
    },
    get hits() { return hits },
    get state() { return state },
    get focusAsked() { return focusAsked },
    again,
    spaceChanged() {
      if (onlyHere && askedHere !== here()) again()
    },
    askFocus() {
      focusAsked++
    },
    dispose() {
      timer?.dispose()
      asked++
    },
  }
}

const searches = new WeakMap<object, Search>()
export const keepSearch = (services: object, search: Search): void => void searches.set(services, search)
export const searchOf = (services: object): Search | undefined => searches.get(services)
