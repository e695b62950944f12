// What the relay is told from outside, and what it refuses with the name of the setting.
import { expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'

const read = (env: Record<string, string>) => readConfig(env, [], process.versions.node)
const oidc = (issuer: string) => read({ OIDC_ISSUER: issuer, OIDC_CLIENT_ID: 'samenpad', OIDC_CLIENT_SECRET: 'geheim' })

test.each([
  ...['common', 'organizations', 'consumers', 'Common', '%63ommon', 'common%2F'].map((tenant) => `https://login.microsoftonline.com/${tenant}/v2.0`),
  'https://login.microsoftonline.com/common', 'https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration', 'https://LOGIN.microsoftonline.com/common/v2.0',
  'https://login.microsoftonline.us/organizations/v2.0', 'https://login.partner.microsoftonline.cn/common/v2.0', 'https://sts.windows.net/common/', 'https://login.microsoftonline.com/x/../common/v2.0',
])('an organisation of Entra ID is one tenant, not everybody’s: %s', (issuer) => {
  expect(oidc(issuer)).toMatchObject({ ok: false, failure: { kind: 'bad-setting', name: 'OIDC_ISSUER', wanted: expect.stringContaining('je eigen tenant') } })
})

test.each(['https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0', 'https://login.microsoftonline.com/gemeente.nl/v2.0', 'https://login.gemeente.nl/realms/common', 'http://localhost:8080/common'])('%s is taken', (issuer) => {
  expect(oidc(issuer)).toMatchObject({ ok: true, value: { oidc: { issuer } } })
})

test.each(['http://login.gemeente.nl', 'https://login.gemeente.nl?x=1', 'https://wie@login.gemeente.nl', 'login'])('%s is no address of an organisation', (issuer) => {
  expect(oidc(issuer)).toMatchObject({ ok: false, failure: { kind: 'bad-setting', name: 'OIDC_ISSUER', wanted: expect.stringContaining('https://') } })
})
