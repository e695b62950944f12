// Where a request comes from, with and without a proxy: nobody chooses their own address.
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { createAddressOf, isNear } from './address.ts'

const asked = (remoteAddress: string, forwarded?: string): IncomingMessage => ({ socket: { remoteAddress }, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage

test('without a proxy a header says nothing', () => {
  expect(createAddressOf({ isBehindProxy: false })(asked('127.0.0.1', '203.0.113.9'))).toBe('127.0.0.1')
})

test.each([
  ['what the proxy on this machine says', '127.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['through two proxies of this network', '10.0.0.2', '203.0.113.9, 192.168.1.4', '203.0.113.9'],
  ['the nearest that is not ours, whatever it says itself', '127.0.0.1', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
  ['somebody who reaches us past the proxy', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['nothing said', '::1', undefined, '::1'],
  ['an office inside', '127.0.0.1', '10.1.2.3', '10.1.2.3'],
  ['words for an address end the walk', '127.0.0.1', '198.51.100.1, unknown', 'unknown'],
  ['IPv4 in IPv6', '::ffff:127.0.0.1', '2001:db8::7', '2001:db8::7'],
])('behind a proxy: %s', (_what, remote, forwarded, address) => {
  expect(createAddressOf({ isBehindProxy: true })(asked(remote, forwarded))).toBe(address)
})

test('near is this machine and private networks, and nothing else', () => {
  expect(['127.0.0.1', '::1', '10.9.9.9', '172.16.0.1', '192.168.0.1', '169.254.1.1', 'fd00::1', 'fe80::1', '::ffff:10.0.0.1'].map(isNear)).toEqual(Array.from({ length: 9 }, () => true))
  expect(['8.8.8.8', '172.32.0.1', '2001:db8::1', '::ffff:8.8.8.8', 'localhost', '', '10.0.0.1, 8.8.8.8'].map(isNear)).toEqual(Array.from({ length: 7 }, () => false))
})
