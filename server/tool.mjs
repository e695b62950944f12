// `npm run trust`, `bench`, `sim` …: a tool of the project under Node 24, also as the first command in a fresh clone. Nothing of its own on stdout.
import { STEADY_THREADS } from './node-flags.mjs'
import { runProduct } from './run-product.mjs'
import { ensureInstalled, launch } from './setup.mjs'

const [file, ...args] = process.argv.slice(2)
await launch(async () => {
  await ensureInstalled()
  return runProduct(file, args, [STEADY_THREADS])
})
