/** From a point of the agenda to its notes: the heading of that name, made when it is not there yet. */
import type { Editor } from '@tiptap/core'

const plain = (text: string): string => text.trim().toLocaleLowerCase('nl')

export function goToNotes(editor: Editor, title: string): void {
  let place: number | null = null
  editor.state.doc.forEach((node, offset) => {
    if (place === null && node.type.name === 'heading' && plain(node.textContent) === plain(title)) place = offset + node.nodeSize + 1
  })
  const end = editor.state.doc.content.size
  if (place === null && editor.isEditable && title.trim() !== '') {
    editor.chain().insertContentAt(end, [{ type: 'heading', attrs: { level: 2 }, content: [{ type: 'text', text: title.trim() }] }, { type: 'paragraph' }]).run()
    place = editor.state.doc.content.size - 1
  }
  if (place === null) return
  // The focus first and at once: whoever clicks here begins to type.
  editor.view.focus()
  editor.chain().setTextSelection(Math.min(place, editor.state.doc.content.size)).scrollIntoView().run()
}
