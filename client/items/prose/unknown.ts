/**
 * Keeps what this build does not know. The Yjs binding *deletes* every element that its schema cannot build, and syncs the
 * deletion: an older app would empty the documents of a newer one. So the schema answers for everything: an unknown or unfitting
 * element becomes an opaque `unknownBlock`, an unknown mark an `unknownMark`, and whoever asked is told, so that the editor turns
 * read-only. As long as nothing is written, nothing can be lost.
 */
import { Fragment, type Attrs, type Mark, type Node, type NodeType, type Schema } from '@tiptap/pm/model'

export const UNKNOWN_BLOCK = 'unknownBlock'
export const UNKNOWN_MARK = 'unknownMark'

/** Spans beyond this make the table map eat all memory; nobody merges a hundred cells. */
const CELL_SPAN_MAX = 100

/** Places of a table, cells or not: the table map holds a number for each. 10,000 rows of 20 cells are a fifth of it; one row of 40,000 cells above 5,000 empty ones 200 times as much. */
const TABLE_PLACES_COUNT_MAX = 1_000_000
/** Where a cell reaches over rows, the table map goes through all rows before each row. */
const TABLE_LOOKS_COUNT_MAX = 200_000_000

/** Whether working with a table would take the window's memory, or its time. In: rows, with harmless attributes. */
function isBoundless(rows: Fragment): boolean {
  let [width, cellsCount, reachesDown] = [0, 0, false]
  rows.forEach((row) => {
    let rowWidth = 0
    row.forEach(({ attrs }) => {
      rowWidth += Number(attrs.colspan ?? 1)
      reachesDown ||= Number(attrs.rowspan ?? 1) > 1
    })
    width = Math.max(width, rowWidth)
    cellsCount += row.childCount
  })
  return width * rows.childCount > TABLE_PLACES_COUNT_MAX || (reachesDown && rows.childCount * cellsCount > TABLE_LOOKS_COUNT_MAX)
}

const spanOf = (value: unknown): number => (typeof value === 'number' && Number.isInteger(value) && value >= 1 ? Math.min(value, CELL_SPAN_MAX) : 1)

function harmlessAttrs(name: string, attrs: Attrs | null | undefined): Attrs | null {
  if (!attrs || (name !== 'tableCell' && name !== 'tableHeader')) return attrs ?? null
  return { ...attrs, colspan: spanOf(attrs.colspan), rowspan: spanOf(attrs.rowspan), colwidth: null }
}

type Children = Fragment | Node | readonly Node[] | null | undefined

const textOf = (content: Children): string => {
  const parts: string[] = []
  Fragment.from(content ?? null).forEach((node) => parts.push(node.textContent || String(node.attrs.text ?? '')))
  return parts.join('\n')
}

/**
 * Makes a schema answer for what it does not know.
 * In: the schema of one editor (changed in place); `onUnknown` is called with the name, during drawing.
 */
export function keepUnknown(schema: Schema, onUnknown: (name: string) => void): void {
  const opaque = (name: string, content: Children): Node => {
    onUnknown(name)
    return schema.nodes[UNKNOWN_BLOCK]?.create({ name, text: textOf(content) }) as Node
  }
  const strictNode = schema.node.bind(schema)
  schema.node = (type: string | NodeType, attrs?: Attrs | null, content?: Children, marks?: readonly Mark[]): Node => {
    const name = typeof type === 'string' ? type : type.name
    const known = schema.nodes[name]
    if (!known) return opaque(name, content)
    const declared = known.spec.attrs ?? {}
    // An attribute of a newer build would be dropped by the first edit near it.
    if (attrs && Object.entries(attrs).some(([key, value]) => value !== null && key !== 'ychange' && !(key in declared))) onUnknown(`${name}.attribute`)
    const given = harmlessAttrs(name, attrs)
    if (name === 'table' && isBoundless(Fragment.from(content ?? null))) return opaque(`${name}.size`, content)
    try {
      return strictNode(known, given, content ?? undefined, marks)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      // Two people taking away the last two cells of a row leave a row without cells: what is missing is filled in.
      return known.createAndFill(given, Fragment.from(content ?? null), marks) ?? opaque(name, content)
    }
  }
  const strictMark = schema.mark.bind(schema)
  schema.mark = (type, attrs) => {
    const name = typeof type === 'string' ? type : type.name
    if (schema.marks[name]) return strictMark(type, attrs)
    onUnknown(name)
    return schema.marks[UNKNOWN_MARK]?.create({ name }) as Mark
  }
  const strictText = schema.text.bind(schema)
  // Embeds in a text arrive here as objects.
  schema.text = (text, marks) => (typeof text === 'string' && text !== '' ? strictText(text, marks) : (onUnknown('embed'), strictText('\ufffc', marks)))
}
