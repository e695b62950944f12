/** What a login and a password have to be like. */
import { PASSWORD_CHARS_MIN } from '../../shared/model/limits.ts'

export const normalLogin = (login: string): string => login.trim().toLowerCase()
/** A work mail address; looked at just far enough to catch a name typed in the wrong field. */
export const isLogin = (login: string): boolean => /^[^\s@]{1,64}@[^\s@]+\.[^\s@]+$/.test(login)

/** Length decides, as NIST and NCSC advise; only what is guessed first is refused besides. */
export const isWeak = (password: string, login: string): boolean =>
  [...password].length < PASSWORD_CHARS_MIN || new Set(password).size < 4 || normalLogin(login).startsWith(password.toLowerCase())
