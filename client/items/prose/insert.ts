/** Puts references of the domain and links at the caret, and leads the keyboard into blocks and behind the last one. */
import type { Editor } from '@tiptap/core'
import { NodeSelection, TextSelection } from '@tiptap/pm/state'
import type { EditorView } from '@tiptap/pm/view'
import type { Id } from '../../../shared/base/ids.ts'
import type { REFERENCE_NODES } from './schema.ts'

/**
 * A reference comes at the caret inside a line, on a line of its own after the end of a text, beside others where there are only references.
 * The focus goes there first: a view without it does not scroll to its caret.
 */
export function insertReference(editor: Editor, type: (typeof REFERENCE_NODES)[number], id: Id): void {
  editor.view.focus()
  const { state, view } = editor
  const { tr, schema } = state
  const node = schema.nodes[type]?.create({ id })
  const paragraph = schema.nodes.paragraph
  if (!node || !paragraph) return
  tr.setMeta('addToHistory', false) // one half of a pair is not taken back alone
  tr.deleteSelection()
  const { $from } = tr.selection
  const { parent } = $from
  const isAfterText = parent.isTextblock && parent.textContent !== '' && $from.parentOffset === parent.content.size
  if (isAfterText && $from.depth === 1) {
    const after = $from.after()
    tr.insert(after, paragraph.create(null, node))
    tr.setSelection(TextSelection.create(tr.doc, after + 2))
  } else {
    tr.replaceSelectionWith(node, false)
  }
  view.dispatch(tr.scrollIntoView())
}

/** Sets the link at the caret or selection; '' removes it. */
export function setLink(editor: Editor, href: string): void {
  const isInLink = editor.isActive('link')
  const chain = editor.chain().focus()
  if (isInLink) chain.extendMarkRange('link')
  if (href === '') chain.unsetMark('link').run()
  else if (editor.state.selection.empty && !isInLink) chain.insertContent({ type: 'text', text: href, marks: [{ type: 'link', attrs: { href } }] }).run()
  else chain.setMark('link', { href }).run()
}

/** Enter on a chosen block or reference goes to the first control inside it. Out: false when there is none. */
export function enterAtom(view: EditorView): boolean {
  const { selection } = view.state
  if (!(selection instanceof NodeSelection) || !selection.node.isAtom) return false
  const dom = view.nodeDOM(selection.from)
  const control = dom instanceof HTMLElement ? dom.querySelector<HTMLElement>('button:not([role="checkbox"]), a[href], select, input') : null
  control?.focus()
  return control !== null
}

/** A text that ends in a block of the domain has no line to go on in; it gets one. */
export function writeAtEnd(editor: Editor): void {
  editor.view.focus()
  const { view, state } = editor
  const { tr, doc, schema } = state
  const paragraph = schema.nodes.paragraph
  if (paragraph && !doc.lastChild?.isTextblock) tr.insert(doc.content.size, paragraph.create())
  tr.setSelection(TextSelection.atEnd(tr.doc))
  view.dispatch(tr.scrollIntoView())
}
