// Who names whom: every import of a file, in TypeScript, in the scripts of a Svelte file, in CSS and in HTML. Type imports
// count, because a layer that knows another's types knows the layer. `new URL('./x.ts', import.meta.url)` counts as well:
// that is how workers are started.
import ts from 'typescript'
import type { Source } from './sources.ts'

export interface Import {
  readonly specifier: string
  readonly line: number
  /** Path from the root for a file of ours, without `?url` and the like; undefined for a package. */
  readonly target: string | undefined
}

export function importsOf(source: Source): Import[] {
  if (source.path.endsWith('.html')) return matches(source, /(?:src|href)="([^"]+\.(?:ts|css))"/g, source.path.slice(0, source.path.lastIndexOf('/') + 1))
  if (source.path.endsWith('.css')) return matches(source, /@import\s+(?:url\()?['"]([^'"]+)['"]/g)
  if (source.path.endsWith('.svelte')) return scriptsOf(source).flatMap((script) => fromTypeScript(source.path, script.text, script.line))
  return fromTypeScript(source.path, source.text, 0)
}

/** The name under which npm knows the package of a specifier: `@tiptap/pm/state` is of `@tiptap/pm`. */
export function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/')
  return first.startsWith('@') ? `${first}/${second}` : first
}

/** The scripts of a Svelte file with the number of lines before each. */
export function scriptsOf(source: Source): { text: string; line: number }[] {
  return [...source.text.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>/g)].map((match) => ({
    text: match[1] ?? '',
    line: source.text.slice(0, match.index + match[0].indexOf('>')).split('\n').length - 1,
  }))
}

function fromTypeScript(path: string, text: string, linesBefore: number): Import[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: Import[] = []
  const add = (node: ts.Node, isUrl = false): void => {
    if (!ts.isStringLiteralLike(node)) return
    found.push({
      specifier: node.text,
      line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1 + linesBefore,
      target: targetOf(path, isUrl && !node.text.startsWith('.') ? `./${node.text}` : node.text),
    })
  }
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) add(node.moduleSpecifier)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0]) add(node.arguments[0])
    else if (isUrlBesideThisFile(node)) add(node.arguments![0]!, true)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function isUrlBesideThisFile(node: ts.Node): node is ts.NewExpression {
  if (!ts.isNewExpression(node) || node.expression.getText() !== 'URL' || node.arguments?.length !== 2) return false
  const [first, second] = node.arguments
  return second?.getText() === 'import.meta.url' && ts.isStringLiteralLike(first!) && /\.(ts|mjs)$/.test(first.text)
}

function matches(source: Source, pattern: RegExp, absoluteIn?: string): Import[] {
  return [...source.text.matchAll(pattern)].map((match) => {
    const specifier = match[1] ?? ''
    const isAbsolute = absoluteIn !== undefined && specifier.startsWith('/')
    return {
      specifier,
      line: source.text.slice(0, match.index).split('\n').length,
      target: isAbsolute ? absoluteIn + specifier.slice(1) : targetOf(source.path, specifier),
    }
  })
}

function targetOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  const parts = from.split('/').slice(0, -1)
  for (const part of (specifier.split('?')[0] ?? '').split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}
