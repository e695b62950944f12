/** The servers of others, in a folder of their own: installed at the first run from its lock file, never part of the product's install. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const SERVERS_FOLDER = join(import.meta.dirname, 'servers')

/** Versions as the lock file has them, for the head of a report. */
export function versionsOf(names: readonly string[]): string {
  const { packages } = JSON.parse(readFileSync(join(SERVERS_FOLDER, 'package-lock.json'), 'utf8')) as { packages: Record<string, { version?: string }> }
  return names.map((name) => `${name} ${packages[`node_modules/${name}`]?.version ?? 'missing'}`).join(', ')
}

/** Errors: throws with a next step when the packages cannot be had. */
export function ensurePeers(): void {
  const lock = createHash('sha256').update(readFileSync(join(SERVERS_FOLDER, 'package-lock.json'))).digest('hex')
  const stamp = join(SERVERS_FOLDER, 'node_modules', '.samenpad-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  console.log('Installing the servers to compare with (once) …')
  const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: SERVERS_FOLDER, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' })
  if (result.status !== 0)
    throw new Error(`The servers to compare with could not be installed (npm ci in ${SERVERS_FOLDER}). They come from the npm registry: try again with a connection to it. Everything else of the bench runs without them.`)
  writeFileSync(stamp, lock)
}
