// `npm run -s samenpad -- <command>`: the command line under Node 24. Prints nothing of its own on stdout, which belongs
// to the command (`--json` must be one document), and installs nothing: a script should not wait for a download.
import { runProduct } from './run-product.mjs'
import { isInstalled, launch, SetupError } from './setup.mjs'

await launch(async () => {
  if (!isInstalled()) throw new SetupError('De onderdelen van Samenpad zijn nog niet geïnstalleerd.\nVoer eerst één keer uit: npm start')
  return runProduct('server/cli.ts', process.argv.slice(2))
})
