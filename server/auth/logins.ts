/** What a login, a password and a name have to be like. */
import { PASSWORD_CHARS_MIN } from '../../shared/model/limits.ts'

/**
 * What nobody sees and everybody is misled by, in a name or a login: control and direction characters, which disturb lists, exports and terminals; characters without
 * a width or a shape, under which two people look the same, or one like nobody; and halves of a character. Joiners stay: names are written with them.
 */
export const UNSEEN = /[\p{Cc}\p{Cs}\u2028\u2029\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb]/gu

/** NFC: the same é from a Mac and from Windows is the same address. */
export const normalLogin = (login: string): string => login.trim().normalize('NFC').toLowerCase()
/** A work mail address; looked at just far enough to catch a name typed in the wrong field. */
export const isLogin = (login: string): boolean => /^[^\s@]{1,64}@[^\s@]+\.[^\s@]+$/.test(login)

/** Length decides, as NIST and NCSC advise; only what is guessed first is refused besides. */
export const isWeak = (password: string, login: string): boolean =>
  [...password].length < PASSWORD_CHARS_MIN || new Set(password).size < 4 || normalLogin(login).startsWith(password.toLowerCase())
