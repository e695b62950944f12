/**
 * Draws an atom of the document by a Svelte component: mount, keep its props up to date, unmount. The document holds no more of it than its
 * attributes; what the component shows comes from the facts. Inputs inside keep their own events (`stopEvent`), and changes of the
 * drawing are never read back as text (`ignoreMutation`), or typing in an input would draw the block anew.
 */
import type { NodeViewRenderer } from '@tiptap/core'
import { mount, unmount, type Component } from 'svelte'

/** What every block component gets; `context` is what the page gave the editor. */
export interface BlockProps<C = unknown> {
  attrs: Record<string, unknown>
  context: C
  isSelected: boolean
  isEditable: boolean
  /** Takes the caret out of the block, behind it. */
  leave: () => void
}

// any: blocks of different pages have different contexts; the page that names them passes the right one.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- reason: as above
export type BlockComponent = Component<BlockProps<any>>

const OWN_EVENTS = 'button, input, select, textarea, a[href], [data-own-events]'

export function blockView(component: BlockComponent, context: unknown, isInline: boolean): NodeViewRenderer {
  return ({ node, editor, getPos }) => {
    const dom = document.createElement(isInline ? 'span' : 'div')
    dom.className = isInline ? 'reference-view' : 'block-view'
    const props = $state<BlockProps>({
      attrs: node.attrs,
      context,
      isSelected: false,
      isEditable: editor.isEditable,
      leave() {
        const position = getPos()
        if (position !== undefined) editor.chain().focus(position + 1).run()
      },
    })
    let hasFocus = false
    dom.addEventListener('focusin', () => (hasFocus = true))
    dom.addEventListener('focusout', () => (hasFocus = !dom.isConnected))
    const mounted = mount(component, { target: dom, props })
    const followEditable = (): void => {
      if (props.isEditable !== editor.isEditable) props.isEditable = editor.isEditable
    }
    editor.on('update', followEditable)
    const type = node.type
    return {
      dom,
      update(next) {
        if (next.type !== type) return false
        if (next.attrs !== props.attrs) props.attrs = next.attrs
        return true
      },
      selectNode() {
        props.isSelected = true
        dom.classList.add('selected')
      },
      deselectNode() {
        props.isSelected = false
        dom.classList.remove('selected')
      },
      stopEvent: (event) => event.target instanceof Element && event.target !== dom && event.target.closest(OWN_EVENTS) !== null,
      ignoreMutation: () => true,
      destroy() {
        editor.off('update', followEditable)
        // Somebody else removed the block under the hands of this person: the focus stays in the text, never nowhere.
        if (hasFocus || dom.contains(document.activeElement)) queueMicrotask(() => !editor.isDestroyed && editor.view.focus())
        void unmount(mounted)
      },
    }
  }
}
