/** Builds the page of these tests once and serves it on a port of its own: the real components and styles, two windows without a relay. */
import { createServer } from 'node:http'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { build } from 'vite'

const entry = fileURLToPath(new URL('./main.ts', import.meta.url))
const root = fileURLToPath(new URL('../../../', import.meta.url))

const html = `<!doctype html><html lang="nl" data-theme="light"><head><meta charset="utf-8"><title>proef</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/style.css"></head>
<body><script type="module" src="/main.js"></script></body></html>`

const types: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2', '.svg': 'image/svg+xml' }

export interface TestPage extends AsyncDisposable {
  /** With `#scene` behind it. */
  readonly url: string
}

export async function serveTestPage(): Promise<TestPage> {
  const outDir = await mkdtemp(join(tmpdir(), 'samenpad-page-'))
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [svelte({ configFile: join(root, 'svelte.config.js') })],
    build: {
      outDir,
      emptyOutDir: false,
      minify: false,
      cssCodeSplit: false,
      modulePreload: false,
      rollupOptions: {
        input: entry,
        output: { entryFileNames: 'main.js', chunkFileNames: '[name]-[hash].js', assetFileNames: (asset) => (asset.names[0]?.endsWith('.css') ? 'style.css' : '[name][extname]') },
      },
    },
  })
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    if (extname(path) === '') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html)
      return
    }
    readFile(join(outDir, path.slice(1))).then(
      (bytes) => response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' }).end(bytes),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(outDir, { recursive: true, force: true })
    },
  }
}
