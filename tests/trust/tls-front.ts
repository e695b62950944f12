/**
 * HTTPS before a bad network: a front with a certificate that the browser was told to believe, and a hotel that answers in its place with one of its own. No
 * certificate authority is needed: the browser believes the key of the first by its hash (`flags`), and nothing else.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { portalAnswer } from './chaos-proxy.ts'

export interface TlsFront {
  readonly port: number
  /** https://localhost:port */
  readonly address: string
  /** For the browser that is to believe it. */
  readonly flags: readonly string[]
  /** Handshakes that somebody broke off since the hotel stands between: who does not believe its certificate. */
  readonly refusedCount: number
  /** Somebody else answers from now on, with a certificate of their own and a page for whoever believes it; lines that are open end. */
  intercept(): void
  heal(): void
  dispose(): Promise<void>
}

const HOST = 'localhost'
const [INTEGER, BIT_STRING, OCTET_STRING, OID, UTF8, UTC_TIME, SEQUENCE, SET, VERSION, EXTENSIONS, DNS_NAME] = [2, 3, 4, 6, 12, 23, 0x30, 0x31, 0xa0, 0xa3, 0x82]
const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]
const COMMON_NAME = [0x55, 4, 3]
const SUBJECT_ALT_NAME = [0x55, 0x1d, 17]

function der(tag: number, ...parts: (Uint8Array | readonly number[])[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Uint8Array.from(part)))
  const length = content.length < 0x80 ? [content.length] : content.length < 0x100 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

/** A certificate that signs itself (RFC 5280), with its key; `hash` is what Chromium names a public key by. */
function selfSigned(): { key: string; cert: string; hash: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const info = publicKey.export({ type: 'spki', format: 'der' })
  const algorithm = der(SEQUENCE, der(OID, ECDSA_WITH_SHA256))
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, der(OID, COMMON_NAME), der(UTF8, Buffer.from(HOST)))))
  const names = der(SEQUENCE, der(OID, SUBJECT_ALT_NAME), der(OCTET_STRING, der(SEQUENCE, der(DNS_NAME, Buffer.from(HOST)))))
  const body = der(SEQUENCE,
    der(VERSION, der(INTEGER, [2])), der(INTEGER, [1, ...randomBytes(8)]), algorithm, name,
    der(SEQUENCE, der(UTC_TIME, Buffer.from('200101000000Z')), der(UTC_TIME, Buffer.from('491231235959Z'))), name, info, der(EXTENSIONS, der(SEQUENCE, names)))
  const whole = der(SEQUENCE, body, algorithm, der(BIT_STRING, [0], sign('sha256', body, privateKey)))
  const cert = `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert, hash: createHash('sha256').update(info).digest('base64') }
}

/** In: the port behind it. The relay there knows itself as http, so the page's origin is told as that. */
export async function createTlsFront(targetPort: number): Promise<TlsFront> {
  const [ours, theirs] = [selfSigned(), selfSigned()]
  const open = new Set<TLSSocket>()
  let isIntercepted = false
  let refusedCount = 0
  const server = createServer({ key: ours.key, cert: ours.cert }, (client) => {
    open.add(client)
    client.on('error', () => client.destroy())
    client.on('close', () => open.delete(client))
    if (isIntercepted) return void client.once('data', () => client.end(portalAnswer(200)))
    const behind = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    behind.on('error', () => behind.destroy())
    behind.on('close', () => client.destroy())
    client.on('close', () => behind.destroy())
    const { port } = server.address() as AddressInfo
    client.on('data', (chunk: Buffer) => behind.write(Buffer.from(chunk.toString('latin1').replaceAll(`https://${HOST}:${port}`, `http://${HOST}:${port}`), 'latin1')))
    behind.pipe(client)
  })
  server.on('tlsClientError', () => void (isIntercepted && refusedCount++))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const become = (intercepted: boolean): void => {
    isIntercepted = intercepted
    const { key, cert } = intercepted ? theirs : ours
    server.setSecureContext({ key, cert })
    for (const socket of open) socket.destroy()
  }
  return {
    port,
    address: `https://${HOST}:${port}`,
    flags: [`--ignore-certificate-errors-spki-list=${ours.hash}`],
    get refusedCount() {
      return refusedCount
    },
    intercept: () => become(true),
    heal: () => become(false),
    async dispose() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
