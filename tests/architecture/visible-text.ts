// Everything a person sees or hears comes from the catalogue, client/platform/text, in Dutch and in English. This check reads
// the markup of every component and finds letters that did not: text between tags, the attributes that are read out or shown,
// and the outcomes of expressions in the text.
import { parse, type AST } from 'svelte/compiler'
import { isTest, type Source } from './sources.ts'

/** Attributes and component properties whose value a person reads or hears. */
const shown =
  /^(aria-(label|description|roledescription|valuetext|placeholder|braillelabel)|title|placeholder|alt|label|summary|heading|text|message|caption|description|hint|prompt)$/

/** The same in every language: the name of the product, and what is printed on keys. */
const sameEverywhere = /^(Samenpad|Ctrl|Alt|Shift|Esc|Enter|Tab|Delete|Home|End|F\d{1,2}|[A-Z])$/

export function visibleTextFaults(sources: readonly Source[]): string[] {
  return sources.filter(({ path }) => path.endsWith('.svelte') && !isTest(path)).flatMap(faultsOf)
}

type Node = { type: string; start: number } & Record<string, unknown>

function faultsOf(source: Source): string[] {
  const faults: string[] = []
  const add = (text: string, start: number, where: string): void => {
    const words = text.trim()
    if (!/\p{L}/u.test(words) || words.split(/[\s+]+/).every((word) => sameEverywhere.test(word) || !/\p{L}/u.test(word))) return
    const line = source.text.slice(0, start).split('\n').length
    faults.push(`${source.path}:${line} shows "${words}" ${where}: put it in client/platform/text, in nl and en, and ask the catalogue for it.`)
  }
  const addOutcomes = (expression: Node, where: string): void => {
    for (const { text, start } of literalOutcomes(expression)) add(text, start, where)
  }

  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit)
    if (!isNode(value)) return
    if (value.type === 'Attribute') return visitAttribute(value)
    if (value.type.endsWith('Directive')) return // style:, class:, on: and their like show nothing
    if (value.type === 'Text') return add(String(value['data']), value.start, 'between tags')
    if (value.type === 'ExpressionTag') addOutcomes(value['expression'] as Node, 'in an expression')
    for (const [key, child] of Object.entries(value)) if (key !== 'expression' && key !== 'metadata') visit(child)
  }
  const visitAttribute = (attribute: Node): void => {
    const name = String(attribute['name'])
    if (!shown.test(name)) return
    for (const part of [attribute['value']].flat()) {
      if (!isNode(part)) continue
      if (part.type === 'Text') add(String(part['data']), part.start, `as ${name}`)
      else if (part.type === 'ExpressionTag') addOutcomes(part['expression'] as Node, `as ${name}`)
    }
  }

  const ast: AST.Root = parse(source.text, { modern: true, filename: source.path })
  visit(ast.fragment)
  return faults
}

/** The literal texts that an expression can come out as: `open ? 'Dicht' : 'Open'` has two. Arguments of calls are not. */
function literalOutcomes(expression: Node): { text: string; start: number }[] {
  switch (expression.type) {
    case 'Literal':
      return typeof expression['value'] === 'string' ? [{ text: expression['value'], start: expression.start }] : []
    case 'TemplateLiteral':
      return (expression['quasis'] as (Node & { value: { cooked: string } })[]).map((part) => ({ text: part.value.cooked, start: part.start }))
    case 'ConditionalExpression':
      return [expression['consequent'], expression['alternate']].flatMap((branch) => literalOutcomes(branch as Node))
    case 'LogicalExpression':
    case 'BinaryExpression':
      return isComparison(expression) ? [] : [expression['left'], expression['right']].flatMap((side) => literalOutcomes(side as Node))
    default:
      return []
  }
}

const isComparison = (expression: Node): boolean => expression.type === 'BinaryExpression' && expression['operator'] !== '+'

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value
