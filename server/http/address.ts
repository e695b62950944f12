/**
 * Where a request comes from. Without a configured address of our own nobody stands before us, and what a header says of that is a stranger's word. With one, a
 * proxy does: each address that is of this machine or this network may say whom it speaks for, from the nearest to the farthest, and the first that may not is the
 * caller. One rule for requests and for websockets.
 */
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

const near = new BlockList()
for (const [network, prefix] of [['127.0.0.0', 8], ['169.254.0.0', 16], ['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16]] as const) near.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [['::1', 128], ['fe80::', 10], ['fc00::', 7]] as const) near.addSubnet(network, prefix, 'ipv6')

/** Loopback, link-local and private networks; IPv4 written as IPv6 counts as what it is. */
export function isNear(address: string): boolean {
  const kind = isIP(address)
  return kind !== 0 && near.check(address, kind === 6 ? 'ipv6' : 'ipv4')
}

export type AddressOf = (request: IncomingMessage) => string

export function createAddressOf({ isBehindProxy }: { isBehindProxy: boolean }): AddressOf {
  return ({ socket, headers }) => {
    let address = socket.remoteAddress ?? ''
    if (!isBehindProxy) return address
    const said = String(headers['x-forwarded-for'] ?? '').split(',').map((one) => one.trim()).filter((one) => one !== '')
    for (let next = said.pop(); next !== undefined && isNear(address); next = said.pop()) address = next
    return address
  }
}
