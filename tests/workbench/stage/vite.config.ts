// Builds the stage: the same plugins as the product, without the service worker. The folder is given by tests/workbench/stage.ts.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('./', import.meta.url)),
  base: '/',
  plugins: [svelte({ configFile: fileURLToPath(new URL('../../../svelte.config.js', import.meta.url)) })],
  build: { emptyOutDir: true, assetsInlineLimit: 0, minify: false },
  logLevel: 'warn',
});
