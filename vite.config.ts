// Builds the browser half (client/) into dist/: a shell that works offline, with the engine as a module worker.
// Two invariants: everything the first offline start needs is precached, the Automerge wasm and the fonts included,
// and nothing the relay answers itself (api, sync, yjs, health) is ever answered by the service worker.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, type Plugin } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'

const root = fileURLToPath(new URL('./client/', import.meta.url))
const outDir = fileURLToPath(new URL('./dist/', import.meta.url))
const version = (JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as { version: string }).version

// Paths of the relay, also known to server/http: they are never answered from the cache.
const relayPaths = /^\/(api|sync|yjs|healthz|readyz|version|metrics)(\/|\?|$)/

// --canvas and --paper of the light theme (client's tokens.css): the colours of the title bar and of the splash screen.
const themeColor = '#F2F0EE'
const backgroundColor = '#FFFFFF'

// The Automerge wasm is 3.7 MB and workbox leaves files above 2 MiB out by default; without it no facts open offline.
const precacheFileBytesMax = 6 * 1024 * 1024

export default defineConfig({
  root,
  appType: 'spa',
  define: { 'import.meta.env.VITE_SAMENPAD_BUILD': JSON.stringify(version) },
  plugins: [
    svelte({ configFile: fileURLToPath(new URL('./svelte.config.js', import.meta.url)) }),
    VitePWA({
      registerType: 'prompt',
      injectRegister: null, // client/main.ts registers, because an update must wait until nothing is unsent.
      manifest: {
        name: 'Samenpad',
        short_name: 'Samenpad',
        description: 'Samen schrijven aan zorgpadafspraken en verslagen, ook zonder netwerk',
        lang: 'nl',
        dir: 'ltr',
        id: '/',
        start_url: '/',
        scope: '/',
        display: 'standalone',
        theme_color: themeColor,
        background_color: backgroundColor,
        icons: [
          { src: '/icons/mark.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
          { src: '/icons/mark-192.png', sizes: '192x192', type: 'image/png', purpose: 'any' },
          { src: '/icons/mark-512.png', sizes: '512x512', type: 'image/png', purpose: 'any' },
          { src: '/icons/mark-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
      },
      workbox: {
        globPatterns: ['**/*.{js,css,html,svg,png,wasm,woff2,webmanifest}'],
        maximumFileSizeToCacheInBytes: precacheFileBytesMax,
        navigateFallback: 'index.html',
        navigateFallbackDenylist: [relayPaths],
        clientsClaim: true, // the first visit is ready for offline at once; an update still waits for the person.
        cleanupOutdatedCaches: true,
        inlineWorkboxRuntime: true, // importScripts takes a string, which the policy of trusted types refuses.
      },
    }),
    failOnPwaWarning(),
    precompress(),
  ],
  worker: { format: 'es', plugins: () => [svelte({ configFile: fileURLToPath(new URL('./svelte.config.js', import.meta.url)) })] },
  build: {
    outDir,
    emptyOutDir: true,
    assetsInlineLimit: 0, // inlined data: URLs would need holes in the content security policy.
    sourcemap: false,
  },
})

/**
 * The PWA plugin only warns when it cannot inject the manifest or leaves a file out of the cache, and the app
 * then fails on the first offline start. Turns every such warning into a failed build.
 */
function failOnPwaWarning(): Plugin {
  const warn = console.warn
  const seen: string[] = []
  return {
    name: 'samenpad:fail-on-pwa-warning',
    apply: 'build',
    enforce: 'pre',
    buildStart() {
      seen.length = 0
      console.warn = (...parts: unknown[]) => {
        const text = parts.map(String).join(' ')
        if (/PWA|workbox|precache|warnings/i.test(text)) seen.push(text.trim())
        warn(...parts)
      }
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      handler() {
        console.warn = warn
        if (seen.length > 0) throw new Error(`the offline shell is not complete:\n${seen.join('\n')}`)
      },
    },
  }
}

/** Writes .br and .gz beside every text and wasm file, so that the relay never compresses on the way out. */
function precompress(): Plugin {
  const smallest = 1024 // below this the headers weigh as much as the gain
  return {
    name: 'samenpad:precompress',
    apply: 'build',
    enforce: 'post',
    closeBundle: {
      order: 'post',
      sequential: true,
      handler() {
        for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile() || !/\.(js|css|html|svg|wasm|webmanifest|json)$/.test(entry.name)) continue
          const file = join(entry.parentPath, entry.name)
          const bytes = readFileSync(file)
          if (bytes.length < smallest) continue
          writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
          writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }))
        }
      },
    },
  }
}
