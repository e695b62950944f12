// What a browser is told to keep, to the byte: the session, and nothing else, for this host and no script.
import { expect, test } from 'vitest'
import { PASSWORD, startUnderTest } from './relay-under-test.ts'

test('a session is a cookie that no script reads and no other site sends; signing out takes away the very same one', async () => {
  for (const [publicUrl, prefix, secure] of [[null, '', ''], ['https://samenpad.gemeente.nl', '__Host-', ' Secure;']] as const) {
    const relay = await startUnderTest({ publicUrl })
    const origin = publicUrl ?? relay.origin
    const { token } = relay.running.accounts.createSetupLink()
    const cookieOf = ({ headers }: { headers: Headers }): string | undefined => headers.getSetCookie().join(' | ').replace(/samenpad-[0-9a-f]{8}=/, 'NAME=').replace(/=[\w-]{43};/, '=TOKEN;').replace(/Expires=\w{3}, \d\d \w{3} 20\d\d \d\d:\d\d:\d\d GMT/, 'Expires=LATER')
    const signedIn = await relay.ask('POST', `/api/links/${token}`, { origin, body: { login: 'beheer@gemeente.nl', name: 'beheer', job: 'beheer', organisation: 'gemeente', password: PASSWORD } })
    expect(cookieOf(signedIn)).toBe(`${prefix}NAME=TOKEN; Path=/; Expires=LATER; HttpOnly;${secure} SameSite=Strict`)
    expect(cookieOf(await relay.ask('DELETE', '/api/session', { origin, cookie: signedIn.cookie }))).toBe(`${prefix}NAME=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly;${secure} SameSite=Strict`)
    expect((await relay.ask('GET', '/api/me', { cookie: signedIn.cookie })).status).toBe(401)
  }
})
