// Everything a fresh clone needs before the first line of TypeScript runs: packages, the pinned Node 24, the built client.
// Plain JavaScript without dependencies, because it runs on the Node 20 a person happens to have, before anything is
// installed. Invariant: what is already right is left alone, and what fails says what to do next.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const NODE_MAJOR_MIN = 24 // type stripping without a flag and node:sqlite without a warning
const HOST_NODE_MAJOR_MIN = 20 // what npm and this file itself need

/** A set-up step that cannot go on. `message` is written for the person at the terminal and ends with a next step. */
export class SetupError extends Error {}

/** Runs a launcher; a SetupError is printed calmly, anything else is a bug and keeps its stack. */
export async function launch(main) {
  try {
    process.exitCode = await main()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(`\n${error.message}\n`)
    process.exitCode = 1
  }
}

/**
 * Installs the packages of package-lock.json when node_modules is missing, unfinished or of another lock file.
 *
 * Out:    true when it installed.
 * Errors: SetupError with a next step (no registry, no space, lock file out of step, Node too old).
 * Note:   npm writes node_modules/.package-lock.json as its last step, so that file is the stamp; a hand-made
 *         `npm install` of the same lock file counts as well.
 */
export async function ensureInstalled() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < HOST_NODE_MAJOR_MIN) {
    throw new SetupError(
      `Samenpad heeft Node ${HOST_NODE_MAJOR_MIN} of nieuwer nodig om te installeren; hier draait ${process.version}.\nInstalleer een nieuwere Node en probeer het opnieuw.`,
    )
  }
  if (isInstalled()) return false
  console.error('Samenpad haalt eenmalig zijn onderdelen op. Dat duurt ongeveer een minuut.')
  const result = await runNpm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--fetch-retry-maxtimeout=10000'])
  if (result.code !== 0) throw new SetupError(explainInstall(result.output))
  if (!isInstalled())
    throw new SetupError('De onderdelen zijn opgehaald, maar passen niet bij package-lock.json.\nVoer uit: npm install --ignore-scripts')
  return true
}

/** Whether node_modules holds what package-lock.json asks for on this platform. */
export function isInstalled() {
  const wanted = readPackages(join(root, 'package-lock.json'))
  const present = readPackages(join(root, 'node_modules', '.package-lock.json'))
  if (!wanted || !present) return false
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue // the project itself
    const found = present[path]
    if (!found) {
      if (entry.optional) continue // meant for another platform
      return false
    }
    if (found.version !== entry.version) return false
  }
  return runtimePackage() === undefined || !wanted[`node_modules/${runtimePackage()}`] || pinnedRuntime() !== undefined
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined // never finished
    throw error
  }
}

/**
 * The Node that runs the product: the one pinned through npm, else this process's own when it is new enough.
 *
 * Errors: SetupError where npm has no pinned Node (macOS) and the installed one is too old.
 */
export function runtimePath() {
  const pinned = pinnedRuntime()
  if (pinned) return pinned
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return process.execPath
  throw new SetupError(
    `Samenpad draait op Node ${NODE_MAJOR_MIN}; hier staat ${process.version}, en voor ${process.platform} ${process.arch} zit er geen Node ${NODE_MAJOR_MIN} in npm.\n` +
      `Installeer Node ${NODE_MAJOR_MIN} of nieuwer van nodejs.org of met je pakketbeheer, en probeer het opnieuw.`,
  )
}

function runtimePackage() {
  const platform = { linux: 'linux', win32: 'win' }[process.platform]
  return platform && ['x64', 'arm64'].includes(process.arch) ? `node-${platform}-${process.arch}` : undefined
}

function pinnedRuntime() {
  const name = runtimePackage()
  if (!name) return undefined
  const file = join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  return existsSync(file) ? file : undefined
}

/**
 * Builds client/ into dist/ when its sources changed since the last finished build.
 *
 * Out:    true when it built.
 * Errors: SetupError with the tail of the build's own words.
 */
export async function ensureBuilt() {
  const stamp = join(root, 'node_modules', '.cache', 'samenpad', 'built')
  const hash = hashSources(['client', 'shared', 'vite.config.ts', 'svelte.config.js', 'package-lock.json', 'package.json'])
  const built = existsSync(join(root, 'dist', 'index.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash
  if (built) return false
  console.error('Samenpad bouwt de werkplek. Dat duurt ongeveer een halve minuut.')
  rmSync(stamp, { force: true }) // an interrupted build must not look finished
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const result = await capture(runtimePath(), [vite, 'build', '--logLevel', 'warn'], {})
  if (result.code !== 0)
    throw new SetupError(
      `De werkplek kon niet worden gebouwd:\n\n${tail(result.output, 40)}\n\nIs dit een ongewijzigde versie? Voer dan uit: npm ci --ignore-scripts, en probeer het opnieuw.`,
    )
  mkdirSync(join(stamp, '..'), { recursive: true })
  writeFileSync(stamp, hash)
  return true
}

/** SHA-256 over names and contents, tests left out: they do not end up in the build. */
function hashSources(paths) {
  const hash = createHash('sha256')
  const add = (path) => {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0')
  }
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) walk(path)
      else if (!entry.name.endsWith('.test.ts')) add(path)
    }
  }
  for (const path of paths) {
    if (!existsSync(join(root, path))) continue
    if (path.includes('.')) add(path)
    else walk(path)
  }
  return hash.digest('hex')
}

/** Runs npm with the npm that started us, or the one on the path. */
function runNpm(args) {
  const npm = process.env.npm_execpath
  if (npm && /\.c?js$/.test(npm)) return capture(process.execPath, [npm, ...args], {})
  return capture(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, { shell: process.platform === 'win32' })
}

function capture(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options })
    let output = ''
    child.stdout.on('data', (bytes) => (output += bytes))
    child.stderr.on('data', (bytes) => (output += bytes))
    child.once('error', (error) => (error.code === 'ENOENT' ? resolve({ code: 1, output: `${command}: ENOENT` }) : reject(error)))
    child.once('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

function explainInstall(output) {
  const said = `Wat npm zei:\n${essence(output)}`
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET|ENETUNREACH|network|\bE(401|403|404|407|5\d\d)\b/.test(output)) {
    return `De pakketbron van npm is niet te bereiken of geeft niet alles.\nControleer de verbinding, of de instelling van je organisatie (npm config get registry, npm config get proxy), en probeer het opnieuw.\n\n${said}`
  }
  if (/ENOSPC/.test(output))
    return `De schijf is vol; Samenpad heeft ongeveer 1 GB nodig om te installeren.\nMaak ruimte en probeer het opnieuw.\n\n${said}`
  if (/EACCES|EPERM|EROFS/.test(output))
    return `In deze map mag niet worden geschreven: ${root}\nGeef jezelf schrijfrecht of zet de map ergens anders, en probeer het opnieuw.\n\n${said}`
  if (/npm: ENOENT/.test(output)) return 'npm is niet gevonden. Het hoort bij Node: installeer Node opnieuw van nodejs.org, en probeer het nog eens.'
  if (/EUSAGE|in sync/.test(output))
    return `package.json en package-lock.json passen niet bij elkaar.\nVoer uit: npm install --ignore-scripts\n\n${said}`
  return `Het installeren is niet gelukt.\nVoer uit: npm install --ignore-scripts, en probeer het opnieuw.\n\n${said}`
}

/** npm's own words without the stack of its source. */
function essence(output) {
  const lines = output.split('\n').filter((line) => /\w/.test(line.replace(/^npm error/, '')) && !/^npm error\s{2,}/.test(line))
  return lines.slice(0, 10).join('\n')
}

function tail(text, count) {
  return text.trim().split('\n').slice(-count).join('\n')
}
