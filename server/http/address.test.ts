// Where a request comes from, with and without a proxy: nobody chooses their own address.
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { createAddressOf, createSpeaksForOthers, isNetwork } from './address.ts'

const asked = (remoteAddress: string, forwarded?: string): IncomingMessage => ({ socket: { remoteAddress }, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage
const found = (proxies: string[] | null, remote: string, forwarded?: string): string =>
  createAddressOf(createSpeaksForOthers({ isBehindProxy: proxies !== null, proxies: proxies ?? [] }))(asked(remote, forwarded))

test('without a proxy a header says nothing', () => {
  expect(found(null, '127.0.0.1', '203.0.113.9')).toBe('127.0.0.1')
})

test.each([
  ['what the proxy on this machine says', '127.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['what somebody outside said to the proxy', '127.0.0.1', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
  ['what somebody inside said to the proxy', '127.0.0.1', '198.51.100.1, 10.1.2.3', '10.1.2.3'],
  ['an address of the inside that somebody inside made up', '10.0.0.2', '10.9.9.9, 10.1.2.3', '10.1.2.3'],
  ['somebody who reaches us past the proxy', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['nothing said', '::1', undefined, '::1'],
  ['an office inside', '127.0.0.1', '10.1.2.3', '10.1.2.3'],
  ['words for an address', '127.0.0.1', '198.51.100.1, unknown', 'unknown'],
  ['with the port of its connection', '127.0.0.1', '203.0.113.9:51234', '203.0.113.9'],
  ['IPv6 with the port of its connection', '127.0.0.1', '[2001:db8::7]:51234', '2001:db8::7'],
  ['IPv6 without a port', '127.0.0.1', '2001:db8::7:51', '2001:db8::7:51'],
  ['IPv4 in IPv6', '::ffff:127.0.0.1', '2001:db8::7', '2001:db8::7'],
])('behind a proxy that nobody named: %s', (_what, remote, forwarded, address) => {
  expect(found([], remote, forwarded)).toBe(address)
})

test.each([
  ['through both', '10.0.0.2', '203.0.113.9, 192.0.2.4', '203.0.113.9'],
  ['through the inner one only', '10.0.0.2', '203.0.113.9, 10.1.2.3', '10.1.2.3'],
  ['through both, with ports', '10.0.0.2', '203.0.113.9:51234, 192.0.2.4:443', '203.0.113.9'],
  ['past them', '10.1.2.3', '203.0.113.9', '10.1.2.3'],
  ['one of the network, in IPv6', '::ffff:10.0.0.2', '203.0.113.9, ::ffff:192.0.2.9', '203.0.113.9'],
])('behind proxies with a name: %s', (_what, remote, forwarded, address) => {
  expect(found(['10.0.0.2', '192.0.2.0/24'], remote, forwarded)).toBe(address)
})

test('an address, or a network, and nothing else', () => {
  expect(['10.0.0.2', '10.0.0.0/8', '::1', '2001:db8::/32', '0.0.0.0/0'].map(isNetwork)).toEqual(Array.from({ length: 5 }, () => true))
  expect(['', 'proxy', '10.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '2001:db8::/129', '10.0.0.0/-1', '10.0.0.2, 10.0.0.3'].map(isNetwork)).toEqual(Array.from({ length: 9 }, () => false))
})
