/** Which document the dialog asks about; made once per window. */
import { must } from '../../../shared/base/assert.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'
import type { Services } from '../../workbench/services.ts'

export interface ErasureState {
  /** The row as it was when the dialog opened: it goes away under it when all went well. */
  asking: ItemRow | null
}

const states = new WeakMap<Services, ErasureState>()

export function openErasure(services: Services): ErasureState {
  let asking = $state.raw<ItemRow | null>(null)
  const state: ErasureState = {
    get asking() { return asking },
    set asking(row) { asking = row },
  }
  states.set(services, state)
  return state
}

export const erasureOf = (services: Services): ErasureState => must(states.get(services), 'the feature was contributed')

/** How much of a title has to be typed over: enough to be sure, not a whole sentence. */
const TYPED_CHARS_MAX = 40

export const toType = (title: string, untitled: string): string => (title.trim() === '' ? untitled : [...title.trim()].slice(0, TYPED_CHARS_MAX).join('').trim())

/** Spaces and capitals do not matter: it is about the document, not about spelling. */
export const isTyped = (typed: string, wanted: string): boolean => {
  const plain = (text: string): string => text.trim().replaceAll(/\s+/g, ' ').toLocaleLowerCase('nl')
  return plain(typed) === plain(wanted)
}
