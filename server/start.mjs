// `npm start`: from a fresh clone to one printed address. Sets up what is missing, then runs the relay under Node 24.
import { runProduct } from './run-product.mjs'
import { ensureBuilt, ensureInstalled, launch } from './setup.mjs'

await launch(async () => {
  await ensureInstalled()
  await ensureBuilt()
  return runProduct('server/main.ts', process.argv.slice(2))
})
