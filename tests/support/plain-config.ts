/** The settings of a relay of which nobody said anything, with what a test wants otherwise. */
import { readConfig, type Config } from '../../server/config.ts'

export function plainConfig(wanted: Partial<Config>): Config {
  const read = readConfig({}, [], process.versions.node)
  if (!read.ok) throw new Error(`Bug: nothing set is refused as ${read.failure.kind}`)
  return { ...read.value, port: 0, logLevel: 'silent', ...wanted }
}
