/** The sentence for a failed question to the relay. */
import type { HttpFailure } from './http.ts'
import { t } from './text/text.svelte.ts'

export const failureText = (failure: HttpFailure): string => (failure.kind === 'offline' ? t.errors.offline : (t.errors.http[failure.code] ?? t.errors.http.internal))
