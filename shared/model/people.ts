/** How a person is known to others: from the login only, never from a frame. No private names are needed: a function and an organisation. */
import type { UserId } from '../base/ids.ts'

export interface Person {
  user: UserId
  /** As entered at the invitation; in examples a role name such as "verloskundige". */
  name: string
  /** Function, for instance "verloskundige". */
  job: string
  organisation: string
  /** 1–5: one of the presence colours of the theme. */
  color: number
}

/** Two capitals for an avatar, from name or function. */
export function initialsOf(person: Pick<Person, 'name' | 'job'>): string {
  const words = (person.name || person.job).split(/[\s-]+/).filter((word) => /\p{L}/u.test(word))
  const letters = words.length > 1 ? [words[0], words[words.length - 1]].map((word) => word?.charAt(0)).join('') : (words[0] ?? '?').slice(0, 2)
  return letters.toLocaleUpperCase('nl')
}
