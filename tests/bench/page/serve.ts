/** Builds what measurements need inside a browser: the page of the bare editor, minified as the product is and served on a port of its own; scripts. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { build, preview } from 'vite'

const here = fileURLToPath(new URL('.', import.meta.url))
const project = fileURLToPath(new URL('../../../', import.meta.url))
const shared = { root: here, configFile: false, logLevel: 'error', publicDir: false } as const

export interface BarePage extends AsyncDisposable {
  readonly url: string
}

export async function serveBarePage(): Promise<BarePage> {
  const outDir = await mkdtemp(join(tmpdir(), 'samenpad-bare-'))
  await build({
    ...shared,
    plugins: [svelte({ configFile: join(project, 'svelte.config.js') })],
    build: { outDir, emptyOutDir: false, assetsInlineLimit: 0, rollupOptions: { input: join(here, 'bare.html') } },
  })
  const server = await preview({ ...shared, build: { outDir }, preview: { port: 0, host: 'localhost' } })
  const port = (server.httpServer.address() as { port: number }).port
  return {
    url: `http://localhost:${port}/bare.html`,
    async [Symbol.asyncDispose]() {
      await server.close()
      await rm(outDir, { recursive: true, force: true })
    },
  }
}

/** A script of this folder with everything it imports, as one text that a page can run. */
export async function bundleOf(file: string): Promise<string> {
  const built = await build({
    ...shared,
    build: { write: false, minify: false, lib: { entry: join(here, file), formats: ['iife'], name: 'bench' } },
  })
  const [output] = Array.isArray(built) ? built : [built]
  if (!output || !('output' in output)) throw new Error('Bug: the build gave nothing')
  return output.output[0].code
}
