/** What went wrong, what is safe and what you can do now. */
import type { errors as dutch } from '../nl/errors.ts'
import type { Texts } from '../texts.ts'

export const errors: Texts<typeof dutch> = {
  commandFailed: (title) => `‘${title}’ did not work. Your work is as it was. Try again.`,
  offline: 'There is no connection with the relay now. Try again when you have internet.',
  http: {
    'bad-request': 'The relay does not understand this. Check what you filled in.',
    'signed-out': 'You are signed out. Sign in again.',
    forbidden: 'Your role does not allow this. Ask the project leader or administrator.',
    'not-found': 'This does not exist, or no longer.',
    gone: 'This was taken away.',
    conflict: 'This exists already.',
    'too-large': 'This is too large to send.',
    rate: 'That was too fast in a row. Wait a moment and try again.',
    storage: 'The relay cannot save anything now. Try again later.',
    internal: 'Something went wrong at the relay. Try again. If it stays, tell the administrator.',
    'wrong-credentials': 'This address and password do not belong together.',
    'link-used': 'This link was used already.',
    'link-expired': 'This link has expired.',
    'weak-password': 'Choose a password of at least 10 characters.',
  },
}
