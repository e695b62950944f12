/** Shapes that several routes share. What comes in is bounded here; what goes out is described, and checked by the tests. */
import * as v from 'valibot'
import { isId } from '../../shared/base/ids.ts'
import { ROLES } from '../../shared/model/grants.ts'
import { NAME_CHARS_MAX, PASSWORD_CHARS_MAX } from '../../shared/model/limits.ts'
import { UNSEEN } from '../auth/logins.ts'

export const id = v.pipe(v.string(), v.check((text) => isId(text), '32 lower-case hexadecimal digits'))
export const role = v.picklist(ROLES)
export const spaceKind = v.picklist(['municipality', 'region', 'programme', 'group'])
/** A name as people write it, and see it. */
export const name = v.pipe(v.string(), v.trim(), v.normalize('NFC'), v.maxLength(NAME_CHARS_MAX), v.check((text) => text.search(UNSEEN) < 0, 'no characters that nobody sees'))
export const filledName = v.pipe(name, v.regex(/[\p{L}\p{N}]/u, 'a letter or a digit'))
export const password = v.pipe(v.string(), v.maxLength(PASSWORD_CHARS_MAX))
export const time = v.pipe(v.number(), v.integer())

export const person = v.object({ user: id, name: v.string(), job: v.string(), organisation: v.string(), color: v.pipe(v.number(), v.integer()) })
export const space = v.object({ space: id, kind: spaceKind, name: v.string() })
export const spaceParams = v.object({ space: id })
