/** What a new account needs before it is worth asking the relay. The relay checks again. */
import type { NewAccount } from '../../platform/http.ts'

export const PASSWORD_CHARS_MIN = 10

/** Out: the fields that are missing or cannot be right. */
export function wrongIn(account: NewAccount): ReadonlySet<keyof NewAccount> {
  const wrong = new Set<keyof NewAccount>()
  for (const field of ['name', 'job', 'organisation'] as const) if (account[field].trim() === '') wrong.add(field)
  // One @ with something on both sides; whether the address exists is not for us to say.
  if (!/^[^\s@]+@[^\s@]+$/.test(account.login.trim())) wrong.add('login')
  if (account.password.length < PASSWORD_CHARS_MIN) wrong.add('password')
  return wrong
}
