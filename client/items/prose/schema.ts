/**
 * What prose may consist of. Node and mark names are what travels in the shared document, so they are as frozen as a protocol:
 * `doc paragraph text heading(level) bulletList orderedList listItem taskList taskItem(checked) blockquote codeBlock horizontalRule hardBreak
 * table tableRow tableHeader tableCell · pathwaySteps pathwayFlow · decisionRef(id) actionRef(id)`; marks `bold italic strike underline code link(href)`.
 *
 * Blocks of the domain are atoms: what they show stands in the facts. The same schema serves every item type, so that text can be pasted from one to another.
 */
import { Mark, mergeAttributes, Node, type Extensions, type NodeViewRenderer } from '@tiptap/core'
import { t } from '../../platform/text/text.svelte.ts'
import { TaskItem, TaskList } from '@tiptap/extension-list'
import { Table, TableCell, TableHeader, TableRow } from '@tiptap/extension-table'
import { StarterKit } from '@tiptap/starter-kit'
import { Link } from './link-mark.ts'
import { UNKNOWN_BLOCK, UNKNOWN_MARK } from './unknown.ts'

/** Blocks of the domain that stand on their own, and references inside a line. */
export const BLOCK_NODES = ['pathwaySteps', 'pathwayFlow'] as const
export const REFERENCE_NODES = ['decisionRef', 'actionRef'] as const
export type DomainNode = (typeof BLOCK_NODES)[number] | (typeof REFERENCE_NODES)[number]

/** How the atoms of the domain are drawn; without one a block stands there empty. */
export type ViewOf = (name: DomainNode) => NodeViewRenderer | null

const Document = Node.create({ name: 'doc', topNode: true, content: 'block+' })

const blockNode = (name: (typeof BLOCK_NODES)[number], viewOf: ViewOf): Node =>
  Node.create({
    addNodeView: () => viewOf(name),
    name,
    group: 'block',
    atom: true,
    selectable: true,
    parseHTML: () => [{ tag: `div[data-block="${name}"]` }],
    renderHTML: ({ HTMLAttributes }) => ['div', mergeAttributes(HTMLAttributes, { 'data-block': name })],
  })

const referenceNode = (name: (typeof REFERENCE_NODES)[number], viewOf: ViewOf): Node =>
  Node.create({
    addNodeView: () => viewOf(name),
    name,
    group: 'inline',
    inline: true,
    atom: true,
    selectable: true,
    addAttributes: () => ({
      id: {
        default: '',
        parseHTML: (element: HTMLElement) => element.getAttribute('data-id') ?? '',
        renderHTML: (attributes: Record<string, unknown>) => ({ 'data-id': attributes.id }),
      },
    }),
    parseHTML: () => [{ tag: `span[data-ref="${name}"]` }],
    renderHTML: ({ HTMLAttributes }) => ['span', mergeAttributes(HTMLAttributes, { 'data-ref': name })],
  })

/** Stands for what this build does not know; shown, never written. */
const UnknownBlock = Node.create({
  name: UNKNOWN_BLOCK,
  group: 'block',
  atom: true,
  selectable: false,
  draggable: false,
  addAttributes: () => ({ name: { default: '', rendered: false }, text: { default: '', rendered: false } }),
  renderHTML: ({ node }) => ['div', { class: 'unknown-block' }, String(node.attrs.text)],
})

const UnknownMark = Mark.create({
  name: UNKNOWN_MARK,
  excludes: '',
  addAttributes: () => ({ name: { default: '', rendered: false } }),
  renderHTML: () => ['span', 0],
})

/** Everything but the binding to a document and the views of blocks. */
export function proseSchema(viewOf: ViewOf): Extensions {
  return [
    Document,
    StarterKit.configure({
      document: false,
      undoRedo: false, // Yjs keeps the history: two would fight over Ctrl+Z
      trailingNode: false, // each peer would add its own last paragraph
      link: false,
      heading: { levels: [2, 3, 4] }, // the title of the page is the first heading
      dropcursor: { color: 'var(--accent)', width: 2 },
    }),
    Link,
    TaskList,
    TaskItem.configure({ nested: true, a11y: { checkboxLabel: (node) => t.items.prose.tick(node.textContent) } }),
    Table.configure({ resizable: false }),
    TableRow,
    TableHeader,
    TableCell,
    ...BLOCK_NODES.map((name) => blockNode(name, viewOf)),
    ...REFERENCE_NODES.map((name) => referenceNode(name, viewOf)),
    UnknownBlock,
    UnknownMark,
  ]
}
