// The table of who may use whom, and the check that holds everybody to it. The path of a file says what it may touch: an
// import goes down the table, never up and never across. If the table is wrong, change it together with a decision record.
import { importsOf, packageOf, type Import } from './imports.ts'
import { isTest, type Source } from './sources.ts'

interface Layer {
  /** Folder; the longest one that fits a file is its layer. */
  readonly path: string
  /** Folders or files that it may import from, itself aside. */
  readonly uses: readonly string[]
  /** What the folder is, for the message. */
  readonly is: string
}

const aboveStore = ['shared', 'server/store', 'server/auth'] as const
const aboveEngine = ['shared', 'client/platform', 'client/engine/api.ts', 'client/items'] as const

export const layers: readonly Layer[] = [
  { path: 'shared/base', uses: [], is: 'runs anywhere and knows no domain' },
  { path: 'shared/model', uses: ['shared/base'], is: 'the nouns and their rules' },
  { path: 'shared/derive', uses: ['shared/base', 'shared/model'], is: 'pure functions over facts, prose and acts' },
  { path: 'shared/protocol', uses: ['shared/base', 'shared/model'], is: 'the wire' },

  { path: 'server/store', uses: ['shared'], is: 'keeps bytes' },
  { path: 'server/auth', uses: ['shared', 'server/store'], is: 'knows who may what' },
  { path: 'server/relay', uses: aboveStore, is: 'orders and fans out without reading' },
  { path: 'server/derive', uses: [...aboveStore, 'server/relay'], is: 'reads the log, in workers' },
  { path: 'server/http', uses: [...aboveStore, 'server/relay', 'server/derive'], is: 'owns the doors' },
  { path: 'server/demo', uses: [...aboveStore, 'server/derive'], is: 'the example programme' },
  { path: 'server/cli', uses: [...aboveStore, 'server/derive', 'server/explain.ts'], is: 'commands on the data folder, beside the relay or without it' },
  { path: 'server', uses: ['shared', 'server'], is: 'ties the knot' },

  { path: 'client/platform', uses: ['shared'], is: 'text, registries, keys, settings, theme' },
  { path: 'client/engine', uses: ['shared'], is: 'the local-first half, in a worker' },
  { path: 'client/items', uses: ['shared', 'client/platform', 'client/engine/api.ts'], is: 'what a window sees of an item' },
  { path: 'client/workbench/ui', uses: ['shared/base', 'client/platform'], is: 'controls that know no domain' },
  { path: 'client/workbench', uses: [...aboveEngine, 'client/workbench/ui'], is: 'the window' },
  { path: 'client/features', uses: [...aboveEngine, 'client/workbench'], is: 'one folder a feature, one door each' },
  { path: 'client', uses: ['shared', 'client'], is: 'ties the knot' },

  { path: 'tests', uses: ['shared', 'server', 'client'], is: 'sees everything, and nothing sees it' },
]

interface PackageRule {
  readonly pattern: RegExp
  /** Folders where it may be imported. */
  readonly only: readonly string[]
  readonly instead: string
}

const packageRules: readonly PackageRule[] = [
  { pattern: /^node:sqlite$/, only: ['server/store'], instead: 'ask the store through server/store/log.ts' },
  { pattern: /^node:/, only: ['server'], instead: 'shared and client run in a browser: take what you need as an argument' },
  { pattern: /^(fastify|@fastify\/)/, only: ['server/http', 'server/main.ts'], instead: 'only the doors know HTTP: hand them a function' },
  { pattern: /^(ws|pino|cookie)$/, only: ['server'], instead: 'that runs on the relay only' },
  { pattern: /^dexie$/, only: ['client/engine'], instead: 'only the engine has the local store: ask it through client/engine/api.ts' },
  { pattern: /^@automerge\/automerge$/, only: [], instead: "import '@automerge/automerge/slim': the bare name brings a second wasm along" },
  {
    pattern: /^@automerge\//,
    only: ['client/engine', 'server/derive'],
    instead: 'facts cross as plain data (FactEdit[], FactsState): ask the engine',
  },
  {
    pattern: /^(svelte|bits-ui|@lucide\/svelte|virtua|paneforge)(\/|$)/,
    only: ['client/platform', 'client/items', 'client/workbench', 'client/features', 'client/main.ts', 'client/App.svelte'],
    instead: 'only the window draws',
  },
  { pattern: /^prosemirror-/, only: [], instead: 'go through @tiptap/pm/*, or two copies of ProseMirror meet in one page' },
  { pattern: /^(y-websocket)$/, only: [], instead: 'the stock client is for tests' },
]

/** What shared code may lean on: pure, and the same in a browser, a worker and Node. */
const sharedPackages = /^(lib0|yjs|valibot|@orama\/stemmers)(\/|$)/

/** Every import that goes up, across, or to a package that has another home; with how to put it right. */
export function layerFaults(sources: readonly Source[]): string[] {
  const faults: string[] = []
  for (const source of sources) {
    if (source.path.endsWith('.mjs')) continue // launchers: they run before anything is installed
    for (const one of importsOf(source)) {
      const fault = one.target === undefined ? packageFault(source.path, one) : folderFault(source.path, one.target)
      if (fault) faults.push(`${source.path}:${one.line} imports ${one.specifier}: ${fault}`)
    }
  }
  return faults
}

function folderFault(from: string, target: string): string | undefined {
  if (isTest(from)) return undefined // a test knows everything
  if (isTest(target)) return 'product code may not lean on a test. Move what you need beside its user.'
  const layer = layerOf(from)
  if (!layer)
    return `${from} is in a folder that the layer table does not know. Put the file in an existing layer, or add the layer to tests/architecture/layers.ts with a decision record.`
  const feature = featureOf(from)
  if (feature !== undefined && featureOf(target) !== undefined && featureOf(target) !== feature) {
    return 'a feature never imports another feature. Meet in a command or an item, or move what both need down to client/workbench, client/items or shared.'
  }
  if (layer.path === 'client' && featureOf(target) !== undefined && !target.endsWith('.contribution.ts')) {
    return `a feature has one door. Import features/${featureOf(target)}/${featureOf(target)}.contribution.ts and let it register the rest.`
  }
  if (layerOf(target) === layer || layer.uses.some((path) => isIn(target, path))) return undefined
  const allowed = layer.uses.length > 0 ? layer.uses.join(', ') : 'nothing else'
  return `${layer.path} (${layer.is}) may use ${allowed}. Move the code down, or take the thing in as an argument from client/main.ts or server/main.ts.`
}

function packageFault(from: string, { specifier }: Import): string | undefined {
  if (isTest(from)) return undefined
  if (from.startsWith('shared/') && !sharedPackages.test(specifier)) {
    return 'shared runs anywhere and leans only on pure packages. Take the thing in as an argument; a new pure package goes into sharedPackages in tests/architecture/layers.ts.'
  }
  const rule = packageRules.find(({ pattern }) => pattern.test(specifier))
  if (!rule || rule.only.some((path) => isIn(from, path))) return undefined
  return `${packageOf(specifier)} belongs in ${rule.only.length > 0 ? rule.only.join(', ') : 'no product code by that name'}: ${rule.instead}.`
}

/** `path` is a folder above `file`, or the file itself. */
const isIn = (file: string, path: string): boolean => file === path || file.startsWith(`${path}/`)

function layerOf(file: string): Layer | undefined {
  const fitting = layers.filter(({ path }) => isIn(file, path))
  const longest = fitting.sort((a, b) => b.path.length - a.path.length)[0]
  // `server` and `client` themselves are the composition roots: files directly in them, no folders of their own.
  const isRootLayer = longest?.path === 'server' || longest?.path === 'client'
  return isRootLayer && file.slice(longest.path.length + 1).includes('/') ? undefined : longest
}

const featureOf = (file: string): string | undefined => /^client\/features\/([^/]+)\//.exec(file)?.[1]
