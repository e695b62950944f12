// Shared code is told the time and handed its dice, and so are the engine and the relay: that is what lets the simulator run
// the very same code under a seeded scheduler. This check finds whoever reaches for a global instead.
import ts from 'typescript'
import { scriptsOf } from './imports.ts'
import { isTest, type Source } from './sources.ts'

const dom = [
  'window',
  'document',
  'navigator',
  'localStorage',
  'sessionStorage',
  'indexedDB',
  'caches',
  'location',
  'history',
  'alert',
  'requestAnimationFrame',
]
const io = ['fetch', 'WebSocket', 'Worker', 'SharedWorker', 'MessageChannel', 'BroadcastChannel', 'self', 'globalThis', 'console', 'postMessage']
const node = ['process', 'Buffer', 'require', 'global', '__dirname', '__filename', 'setImmediate']
const clockAndDice = [
  'Date',
  'Math.random',
  'performance',
  'crypto',
  'Temporal',
  'setTimeout',
  'setInterval',
  'queueMicrotask',
  'requestIdleCallback',
]

interface PurityRule {
  readonly folder: string
  readonly globals: readonly string[]
  /** Files that are the edge: they hold the real thing and hand it in. */
  readonly edges: RegExp
  readonly instead: string
}

const noEdge = /^$/

export const purityRules: readonly PurityRule[] = [
  {
    folder: 'shared/',
    globals: [...dom, ...io, ...node, ...clockAndDice],
    edges: noEdge,
    instead: 'shared has no DOM, no Node, no clock and no dice: take it as an argument (shared/base/clock.ts, shared/base/random.ts)',
  },
  {
    folder: 'client/engine/',
    globals: [...dom.filter((name) => name !== 'indexedDB'), ...clockAndDice],
    edges: /^client\/engine\/(engine\.worker|[\w-]+-(host|port|edge))\.ts$/,
    instead: 'the engine runs in the simulator too: take clock, dice and socket from its deps, and let engine.worker.ts hand in the real ones',
  },
  {
    folder: 'server/relay/',
    globals: [...dom, ...clockAndDice],
    edges: /^server\/relay\/[\w-]+-(thread|edge)\.ts$/,
    instead: 'the relay runs in the simulator too: take clock and dice from its deps, and let server/main.ts hand in the real ones',
  },
]

/** Uses of a forbidden global: one line each, with what to do instead. */
export function purityFaults(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const rule = purityRules.find(({ folder }) => source.path.startsWith(folder))
    if (!rule || isTest(source.path) || rule.edges.test(source.path) || !/\.(ts|svelte)$/.test(source.path)) return []
    const scripts = source.path.endsWith('.svelte') ? scriptsOf(source) : [{ text: source.text, line: 0 }]
    return scripts.flatMap(({ text, line }) => faultsOf(source.path, text, line, rule))
  })
}

function faultsOf(path: string, text: string, linesBefore: number, rule: PurityRule): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const declared = declaredNames(file)
  const faults: string[] = []
  const check = (node: ts.Identifier): void => {
    const name = globalNameOf(node)
    if (declared.has(node.text) || !rule.globals.includes(name)) return
    if (name === 'Date' && isAboutAGivenMoment(node)) return
    const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1 + linesBefore
    faults.push(`${path}:${line} uses ${name}: ${rule.instead}.`)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return // a type runs nowhere
    if (ts.isIdentifier(node) && isReference(node)) check(node)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return faults
}

/** `Math.random` and `globalThis.crypto` by their full name, everything else by its own. */
function globalNameOf(node: ts.Identifier): string {
  const access = node.parent
  if (ts.isPropertyAccessExpression(access) && access.expression === node && node.text === 'Math') return `Math.${access.name.text}`
  return node.text
}

/** `new Date(ms)`, `Date.UTC(…)`, `Date.parse(…)` and `instanceof Date` read no clock. */
function isAboutAGivenMoment(node: ts.Identifier): boolean {
  const parent = node.parent
  if (ts.isNewExpression(parent)) return (parent.arguments?.length ?? 0) > 0
  if (ts.isPropertyAccessExpression(parent)) return parent.name.text !== 'now'
  return ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword
}

function isReference(node: ts.Identifier): boolean {
  const parent = node.parent
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent) || ts.isEnumMember(parent))
    return parent.name !== node
  if (ts.isBindingElement(parent)) return parent.initializer === node
  return !ts.isImportSpecifier(parent) && !ts.isExportSpecifier(parent) && !ts.isLabeledStatement(parent)
}

/** Every name that the file declares anywhere; coarse, and enough: nobody here calls a local thing `document` by accident. */
function declaredNames(file: ts.SourceFile): Set<string> {
  const names = new Set<string>()
  const visit = (node: ts.Node): void => {
    const isDeclaration =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isClassDeclaration(node)
    if (
      (isDeclaration || ts.isImportSpecifier(node) || ts.isImportClause(node) || ts.isNamespaceImport(node)) &&
      node.name &&
      ts.isIdentifier(node.name)
    )
      names.add(node.name.text)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return names
}
