/**
 * Where a request comes from. Without a configured address of our own nobody stands before us, and what a header says of that is a stranger's word. With one, a
 * proxy does, and adds at the end of `X-Forwarded-For` whom it speaks for. What stands before that was said by that caller: it is read only where the caller is a
 * proxy that the operator named (decision 0031). One rule for requests and for websockets.
 */
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

const near = listOf(['127.0.0.0/8', '169.254.0.0/16', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1', 'fe80::/10', 'fc00::/7'])

/** An address, or a network as `10.0.0.0/8`. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const kind = isIP(address)
  return kind !== 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (kind === 6 ? 128 : 32)))
}

/** In: texts of which `isNetwork` holds. */
function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const [family, all] = isIP(address) === 6 ? (['ipv6', 128] as const) : (['ipv4', 32] as const)
    list.addSubnet(address, bits === undefined ? all : Number(bits), family)
  }
  return list
}

/** IPv4 written as IPv6 counts as what it is. */
function isIn(list: BlockList, address: string): boolean {
  const kind = isIP(address)
  return kind !== 0 && list.check(address, kind === 6 ? 'ipv6' : 'ipv4')
}

/** Some proxies (Azure Application Gateway) write the port behind the address: another one for each connection, which would be another name for each guess. */
const withoutPort = (said: string): string => /^\[([^\]]+)\](?::\d+)?$/.exec(said)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(said)?.[1] ?? said

/** Whether the one at `address` may say for whom it speaks. In: how many spoke for others before it, seen from here. */
export type SpeaksForOthers = (address: string, hop: number) => boolean

/** In: the proxies as addresses and networks; empty: one, of this machine or of a private network. */
export function createSpeaksForOthers({ isBehindProxy, proxies }: { isBehindProxy: boolean; proxies: readonly string[] }): SpeaksForOthers {
  if (!isBehindProxy) return () => false
  if (proxies.length === 0) return (address, hop) => hop === 0 && isIn(near, address)
  const named = listOf(proxies)
  return (address) => isIn(named, address)
}

export type AddressOf = (request: IncomingMessage) => string

export function createAddressOf(speaksForOthers: SpeaksForOthers): AddressOf {
  return ({ socket, headers }) => {
    let address = socket.remoteAddress ?? ''
    const said = String(headers['x-forwarded-for'] ?? '').split(',').map((one) => withoutPort(one.trim())).filter((one) => one !== '')
    for (let hop = 0; said.length > 0 && speaksForOthers(address, hop); hop++) address = said.pop() ?? ''
    return address
  }
}
