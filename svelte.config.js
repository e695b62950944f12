// Svelte 5 with runes everywhere; TypeScript inside components is stripped by Svelte itself.
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'

export default {
  preprocess: vitePreprocess({ script: true }),
  compilerOptions: {
    // Legacy reactivity would compile next to runes without a word; here it is an error. Packages choose for themselves.
    runes: ({ filename }) => (filename.includes('node_modules') ? undefined : true),
  },
}
