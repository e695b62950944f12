/** The page of this folder, built once, behind one address with the gateway of a relay: browsers let a page reach sockets of its own address only. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const HTML = '<!doctype html><html lang="nl"><head><meta charset="utf-8"><title>andere editor</title></head><body><script type="module" src="/main.js"></script></body></html>'

export interface Site extends AsyncDisposable {
  readonly address: string
}

export async function serveStockPage(relayPort: number): Promise<Site> {
  const outDir = await mkdtemp(join(tmpdir(), 'samenpad-stock-'))
  await build({
    root: fileURLToPath(new URL('./', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: { outDir, emptyOutDir: false, minify: false, modulePreload: false, rollupOptions: { input: fileURLToPath(new URL('./main.ts', import.meta.url)), output: { entryFileNames: 'main.js' } } },
  })
  const script = await readFile(join(outDir, 'main.js'))
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const isScript = request.url === '/main.js'
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' }).end(isScript ? script : HTML)
  })
  server.on('upgrade', (request, socket: Socket, head: Buffer) => {
    const relay = connect(relayPort, '127.0.0.1')
    for (const one of [socket, relay]) {
      sockets.add(one)
      one.on('error', () => undefined) // cut by either side: the other one hears of it by its end
      one.on('close', () => {
        sockets.delete(one)
        socket.destroy()
        relay.destroy()
      })
    }
    const headers: string[] = []
    for (let at = 0; at < request.rawHeaders.length; at += 2) headers.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`)
    relay.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`)
    relay.write(head)
    socket.pipe(relay)
    relay.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(outDir, { recursive: true, force: true })
    },
  }
}
