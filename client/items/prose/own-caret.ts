/**
 * Keys come faster than frames: after a stall, or when fingers roll over, the next key is handled before anything was laid out or told. Two
 * things must hold then, or letters end in another order than they were typed in.
 *
 * 1. The block with the caret is laid out. Blocks are `content-visibility: auto`, and a new one is skipped until its first frame; a letter that
 *    Chromium types into a skipped block does not move the caret ("/besluit" became "besluit/" in 12 of 30 tries, 0 of 30 with this).
 *    Neighbours are laid out too, so that a step to them and back meets laid-out text.
 * 2. The editor knows where the browser put the caret. After End, arrows or a click the browser tells by `selectionchange`, a frame later; Enter
 *    before that split the line at the old place.
 *
 * And the ends of the text are found by the editor: Chromium's own Ctrl+End stops before the first letter of a last block that is skipped.
 */
import { Extension, isMacOS, type Editor } from '@tiptap/core'
import { Plugin, PluginKey, Selection, TextSelection, type EditorState } from '@tiptap/pm/state'
import { Decoration, DecorationSet, type EditorView } from '@tiptap/pm/view'

/** Part of every ProseMirror view, though not of its documented types. */
interface Flushable {
  domObserver?: { flush(): void }
}

/** The editor reads what the person did in the DOM (text and caret), now. */
export const readDom = (view: EditorView): void => (view as unknown as Flushable).domObserver?.flush()

interface LaidOut {
  /** Indices of the top blocks with the ends of the selection. */
  ends: readonly [number, number]
  blocks: DecorationSet
}

const endsOf = ({ selection, doc }: EditorState): LaidOut['ends'] => [doc.resolve(selection.from).index(0), doc.resolve(selection.to).index(0)]

function laidOut({ doc }: EditorState, ends: LaidOut['ends']): LaidOut {
  const wanted = new Set(ends.flatMap((end) => [end - 1, end, end + 1]))
  const decorations: Decoration[] = []
  doc.forEach((node, offset, index) => {
    if (wanted.has(index)) decorations.push(Decoration.node(offset, offset + node.nodeSize, { class: 'at-caret' }))
  })
  return { ends, blocks: DecorationSet.create(doc, decorations) }
}

const key = new PluginKey<LaidOut>('ownCaret')

/** To the start or end of the whole text; with `isExtending` everything from the other end of the selection is selected. */
const goTo =
  (end: 'start' | 'end', { isExtending }: { isExtending: boolean }) =>
  ({ editor }: { editor: Editor }): boolean => {
    const { state, view } = editor
    const edge = end === 'start' ? Selection.atStart(state.doc) : Selection.atEnd(state.doc)
    view.dispatch(state.tr.setSelection(isExtending ? TextSelection.between(state.selection.$anchor, edge.$head) : edge).scrollIntoView())
    return true
  }

export const ownCaret = Extension.create({
  name: 'ownCaret',
  priority: 1000, // before anything that has a use for a key
  addKeyboardShortcuts: () => {
    const [start, end] = isMacOS() ? ['ArrowUp', 'ArrowDown'] : ['Home', 'End']
    return {
      [`Mod-${start}`]: goTo('start', { isExtending: false }),
      [`Mod-${end}`]: goTo('end', { isExtending: false }),
      [`Shift-Mod-${start}`]: goTo('start', { isExtending: true }),
      [`Shift-Mod-${end}`]: goTo('end', { isExtending: true }),
    }
  },
  addProseMirrorPlugins: () => [
    new Plugin<LaidOut>({
      key,
      state: {
        init: (_config, state) => laidOut(state, endsOf(state)),
        apply(transaction, before, _old, state) {
          const ends = endsOf(state)
          return transaction.docChanged || ends[0] !== before.ends[0] || ends[1] !== before.ends[1] ? laidOut(state, ends) : before
        },
      },
      props: {
        decorations: (state) => key.getState(state)?.blocks,
        handleDOMEvents: {
          keydown(view, event) {
            // While a letter is being composed the input method owns the text.
            if (!view.composing && event.keyCode !== 229) readDom(view)
            return false
          },
        },
      },
    }),
  ],
})
