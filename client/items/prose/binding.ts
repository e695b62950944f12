/**
 * Ties an editor to the prose of an item: text both ways, one undo history per person, unknown parts kept. The editor is drawn from
 * the shared document and never the other way round: opening a document writes nothing.
 */
import { Extension, type Extensions } from '@tiptap/core'
import { Collaboration } from '@tiptap/extension-collaboration'
import { Plugin, PluginKey, type EditorState } from '@tiptap/pm/state'
import { absolutePositionToRelativePosition, relativePositionToAbsolutePosition, ySyncPluginKey, type ProsemirrorBinding } from '@tiptap/y-tiptap'
import * as Y from 'yjs'
import { ProseMapping } from './mapping.ts'
import { undoManagerOf } from './undo.ts'
import { keepUnknown } from './unknown.ts'

interface SyncState {
  binding: ProsemirrorBinding
  isChangeOrigin: boolean
}
const syncOf = (state: EditorState): SyncState => ySyncPluginKey.getState(state) as SyncState

/** True for a transaction that shows what is in the shared document already. */
export const isFromDocument = (transaction: { getMeta(key: unknown): unknown }): boolean =>
  (transaction.getMeta(ySyncPluginKey) as { isChangeOrigin?: boolean } | undefined)?.isChangeOrigin === true

/**
 * In: the fragment; `onUnknown` hears the names of parts that this build does not know, while they are drawn; `onFailed`, that the first drawing did not
 * succeed and the editor is empty (letters straight between blocks, which no editor writes).
 */
export function proseBinding(fragment: Y.XmlFragment, onUnknown: (name: string) => void, onFailed: () => void): Extensions {
  const mapping = new ProseMapping()
  const protect = Extension.create({
    name: 'keepUnknown',
    onBeforeCreate() {
      keepUnknown(this.editor.schema, onUnknown)
      mapping.schema = this.editor.schema
    },
    addProseMirrorPlugins: () => [
      new Plugin({
        key: new PluginKey('firstDrawing'),
        // The binding leaves the first drawing to whoever hands it a mapping.
        view(view) {
          try {
            syncOf(view.state).binding._forceRerender()
          } catch {
            // Whatever it was, the document is whole, and its words are shown without the editor.
            onFailed()
          }
          return {}
        },
      }),
    ],
  })
  return [Collaboration.configure({ fragment, ySyncOptions: { mapping }, yUndoOptions: { undoManager: undoManagerOf(fragment) } }), protect]
}

/** A place that stays between the same characters whatever others write; plain data for presence. */
export function relativePlace(state: EditorState, position: number): unknown {
  const { binding } = syncOf(state)
  return Y.relativePositionToJSON(absolutePositionToRelativePosition(position, binding.type, binding.mapping) as Y.RelativePosition)
}

/** Where that place is now; null when what it was in is gone, or the data is no place (it came from somebody else's window). */
export function absolutePlace(state: EditorState, place: unknown): number | null {
  if (typeof place !== 'object' || place === null) return null
  const { binding } = syncOf(state)
  try {
    const position = relativePositionToAbsolutePosition(binding.doc, binding.type, Y.createRelativePositionFromJSON(place), binding.mapping) as number | null
    return position !== null && position >= 0 && position <= state.doc.content.size ? position : null
  } catch {
    return null // a forged or foreign place: nobody's caret is shown there
  }
}
