/** S1 to S4: what the product is made of. The lists are read by tests/architecture/supply.ts; here packages are installed and the window is built, twice. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CLIENT_DIRECT_COUNT_MAX, INSTALL_SCRIPTS, isCompatible, leaningOf, licenceOf, locked, REASONS, RELAY_ALL_COUNT_MAX, RELAY_DIRECT_COUNT_MAX, runtimePlaces } from '../architecture/supply.ts'
import { ROOT, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'

const run = promisify(execFile)
const RELAY_DIRECT_TARGET = 12
const RELAY_ALL_TARGET = 60

/** Of every file below a folder: its path, what it is, and its bytes. `except`: names that say when, not what. */
function hashOf(folder: string, except: ReadonlySet<string> = new Set()): { hash: string; filesCount: number } {
  const hash = createHash('sha256')
  let filesCount = 0
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = join(folder, path)
    const stat = lstatSync(file)
    if (stat.isDirectory() || [...except].some((name) => path === name || path.endsWith(`/${name}`))) continue
    filesCount++
    hash.update(`${path}\0${stat.mode}\0`).update(stat.isSymbolicLink() ? readlinkSync(file) : readFileSync(file))
  }
  return { hash: hash.digest('hex'), filesCount }
}

async function installs(trial: Trial): Promise<void> {
  const scripts = [...locked].filter(([path, { hasInstallScript }]) => hasInstallScript === true && !INSTALL_SCRIPTS.has(path))
  for (const [path] of scripts) trial.violation(`${path} wants to run a script`)
  await withFolder(async (folder) => {
    const hashes: { hash: string; filesCount: number }[] = []
    for (const name of ['one', 'two']) {
      const place = join(folder, name)
      mkdirSync(place)
      for (const file of ['package.json', 'package-lock.json']) cpSync(join(ROOT, file), join(place, file))
      // The second one without a network, from what the first one fetched.
      await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--omit=dev', ...(name === 'two' ? ['--offline'] : [])], { cwd: place })
      hashes.push(hashOf(join(place, 'node_modules')))
      trial.progress(`installed ${name}`)
    }
    const isSame = new Set(hashes.map(({ hash }) => hash)).size === 1
    if (!isSame) trial.violation('two installations of one lock file differ')
    trial.figure(`${count(hashes[0]?.filesCount ?? 0, 'file')} ${isSame ? 'the same' : 'not all the same'} in two installations, the second without a network, ${scripts.length} scripts outside the list`)
  })
}

export const s1: Row = {
  id: 'S1', name: 'Installing', promise: 'one lock file gives one tree of packages, and nothing runs while installing',
  target: '`npm ci` twice (without what only builds): the same hash, 0 install scripts outside the list',
  run: installs,
}

export const s2: Row = {
  id: 'S2', name: 'Known weaknesses', promise: 'nothing that runs has a known serious weakness', target: '0 high or critical in what runs, by `npm audit`',
  async run(trial) {
    // It ends with an error both when it found something and when nobody answered.
    const { stdout } = await run('npm', ['audit', '--omit=dev', '--json'], { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 }).catch((problem: { stdout?: string }) => ({ stdout: problem.stdout ?? '' }))
    const answer = /^\s*\{/.test(stdout) ? (JSON.parse(stdout) as { statusCode?: number; metadata?: { vulnerabilities: { high: number; critical: number; total: number } } }) : {}
    const found = answer.metadata?.vulnerabilities
    if (!found) return trial.skip(`nobody was asked, the registry in use does not answer \`npm audit\`${answer.statusCode === undefined ? '' : ` (${answer.statusCode})`}: nothing is known about weaknesses`)
    if (found.high + found.critical > 0) trial.violation(`${found.high} high, ${found.critical} critical`)
    trial.figure(`${found.total} known, ${found.high + found.critical} of them high or critical`)
  },
}

export const s3: Row = {
  id: 'S3', name: 'Packages', promise: 'what the product leans on is counted, has a reason, and does not grow unseen', target: 'relay ≤ 12 named and ≤ 60 in all, window ≤ 40 named',
  run(trial) {
    const [relay, client] = [leaningOf('server'), leaningOf('client')]
    if (relay.direct.size > RELAY_DIRECT_COUNT_MAX || relay.all.size > RELAY_ALL_COUNT_MAX) trial.violation(`the relay grew to ${relay.direct.size} named and ${relay.all.size} in all, from ${RELAY_DIRECT_COUNT_MAX} and ${RELAY_ALL_COUNT_MAX}`)
    for (const name of [...relay.direct.keys(), ...client.direct.keys()]) if (REASONS[name] === undefined) trial.violation(`${name} has no reason`)
    trial.figure(`relay ${relay.direct.size} named and ${relay.all.size} in all, window ${client.direct.size} named, each with a reason in docs/dependencies.md`)
    if (relay.direct.size > RELAY_DIRECT_TARGET || relay.all.size > RELAY_ALL_TARGET) trial.missed(`relay ${relay.direct.size} and ${relay.all.size}`)
    if (client.direct.size > CLIENT_DIRECT_COUNT_MAX) trial.missed(`window ${client.direct.size}`)
    return Promise.resolve()
  },
}

async function builds(trial: Trial): Promise<void> {
  const places = runtimePlaces()
  const odd = places.filter((place) => !isCompatible(licenceOf(place)))
  for (const place of odd) trial.violation(`${place}: ${licenceOf(place)}`)
  const { stdout } = await run('npm', ['run', '-s', 'sbom'], { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 })
  const { components } = JSON.parse(stdout) as { components: { name: string; version: string }[] }
  const listed = new Set(components.map(({ name, version }) => `${name} ${version}`))
  const nameOf = (place: string): string => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)
  for (const place of places) if (!listed.has(`${nameOf(place)} ${locked.get(place)?.version}`)) trial.violation(`${place} is not in the list of components`)
  await withFolder(async (folder) => {
    const hashes: { hash: string; filesCount: number }[] = []
    for (const name of ['one', 'another-longer-name']) {
      const place = join(folder, name)
      mkdirSync(place)
      for (const part of ['client', 'shared', 'package.json', 'package-lock.json', 'vite.config.ts', 'svelte.config.js', 'tsconfig.json']) cpSync(join(ROOT, part), join(place, part), { recursive: true })
      symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'))
      await run(process.execPath, [join(ROOT, 'node_modules/vite/bin/vite.js'), 'build'], { cwd: place, maxBuffer: 64 * 1024 * 1024 })
      hashes.push(hashOf(join(place, 'dist')))
      trial.progress(`built ${name}`)
    }
    const isSame = new Set(hashes.map(({ hash }) => hash)).size === 1
    if (!isSame) trial.violation('two builds of the same sources differ')
    trial.figure(`two builds in two places ${isSame ? 'the same to the byte' : 'that differ'}, ${count(hashes[0]?.filesCount ?? 0, 'file')}, ${hashes[0]?.hash.slice(0, 12) ?? ''}`)
  })
  trial.figure(`${places.length} packages that run, ${odd.length} under a licence that does not go with EUPL-1.2, looked up among ${count(components.length, 'component')} in the CycloneDX list`)
}

export const s4: Row = {
  id: 'S4', name: 'List of components and builds', promise: 'whoever asks gets the whole list with licences, and two builds give the same window', target: '100 % of components, EUPL-compatible; 2 builds, the same hash',
  run: builds,
}
