// What a browser is told to keep, to the byte: the session, and nothing else, for this host and no script.
import { expect, test, vi } from 'vitest'
import { systemClock } from '../../server/system.ts'
import { PASSWORD, person, startUnderTest } from './relay-under-test.ts'

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

test('a session lasts from its last use, and so does its cookie', async () => {
  const at = vi.spyOn(systemClock, 'now')
  try {
    const start = Date.now()
    at.mockReturnValue(start)
    const relay = await startUnderTest()
    const { token } = relay.running.accounts.createInvitation({ space: relay.space(), role: 'member', by: null })
    const { cookie } = await relay.ask('POST', `/api/links/${token}`, { body: person('dagelijks@praktijk.nl') })
    for (const day of [20, 40, 60]) {
      at.mockReturnValue(start + day * 86_400_000)
      const me = await relay.ask('GET', '/api/me', { cookie })
      expect([day, me.status, me.cookie]).toEqual([day, 200, cookie])
      expect(Date.parse(/Expires=([^;]+)/.exec(me.headers.getSetCookie().join())?.[1] ?? '')).toBeGreaterThan(start + (day + 29) * 86_400_000)
    }
    // A script has no cookie, and gets none.
    expect((await relay.ask('GET', '/api/me', { bearer: relay.bearer(relay.space('Ede'), 'reader') })).headers.getSetCookie()).toEqual([])
  } finally {
    at.mockRestore()
  }
})

test('a proxy that asks for a password of its own, and passes it on, leaves people their session; a script that says a wrong token has none', async () => {
  const relay = await startUnderTest()
  const { cookie } = await relay.member(relay.space(), 'member')
  const as = async (authorization: string): Promise<number> => (await fetch(`${relay.origin}/api/me`, { headers: { authorization, cookie } })).status
  expect(await as(`Basic ${Buffer.from('test:test').toString('base64')}`)).toBe(200)
  for (const wrong of ['Bearer', 'Bearer ', 'Bearer x', 'bearer x y']) expect([wrong, await as(wrong)]).toEqual([wrong, 401])
})
