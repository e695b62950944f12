/** How spaces are found and drawn. */
import { MUNICIPALITIES } from '../../shared/model/municipalities.ts'

const ALIAS = new Map(MUNICIPALITIES.filter(({ alias }) => alias !== '').map(({ name, alias }) => [name, alias]))

/** A name with its other spelling, for searching: "Den Haag 's-Gravenhage". */
export const searchableName = (name: string): string => (ALIAS.has(name) ? `${name} ${ALIAS.get(name)}` : name)

/** The first letter of the name, without the article of 's-Gravenhage. */
export const spaceInitial = (name: string): string => (name.replace(/^['’‘]s-/i, '').match(/\p{L}|\p{N}/u)?.[0] ?? '·').toLocaleUpperCase('nl')
