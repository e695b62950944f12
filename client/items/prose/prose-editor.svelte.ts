/**
 * The controller behind a prose editor: one Tiptap editor on the prose of one handle, and what its surroundings (toolbar, slash menu, carets,
 * notices) need to know of it, as runes. Markup is in the components. The editor never decides what is true: it draws the document.
 */
import { Editor, Extension } from '@tiptap/core'
import { Plugin, PluginKey } from '@tiptap/pm/state'
import { Decoration, DecorationSet } from '@tiptap/pm/view'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import type { Clock } from '../../../shared/base/clock.ts'
import type { Id } from '../../../shared/base/ids.ts'
import { PRESENCE_COALESCE_MS } from '../../../shared/model/limits.ts'
import type { ItemHandle } from '../items.ts'
import { isFromDocument, proseBinding, relativePlace } from './binding.ts'
import { blockView, type BlockComponent } from './block-view.svelte.ts'
import { caretRoom } from './caret-room.ts'
import { createCarets, type Carets } from './carets.ts'
import { guardEditor, type EditGuard } from './guard.ts'
import { enterAtom, insertReference, setLink, writeAtEnd } from './insert.ts'
import { isSafeHref, itemOfHref } from './links.ts'
import { ownCaret } from './own-caret.ts'
import { cleanPastedHtml } from './paste.ts'
import { proseSchema, REFERENCE_NODES, type DomainNode } from './schema.ts'
import { slashMenu, type SlashItem, type SlashMenuState } from './slash.ts'
import { undoManagerOf } from './undo.ts'

export interface ProseOptions {
  handle: ItemHandle
  clock: Clock
  placeholder: string
  /** Components for the atoms of the domain, and what they get. */
  blocks: Partial<Record<DomainNode, BlockComponent>>
  context: unknown
  slashItems: () => readonly SlashItem[]
  onOpenItem: (item: Id) => void
  /** Leaves the text by keyboard. */
  onLeave: () => void
  onToolbar: () => void
  nameOf: Parameters<typeof createCarets>[2]
}

/** What the caret stands in; the toolbar shows it. */
export interface ProseMarks {
  bold: boolean
  italic: boolean
  heading: boolean
  bulletList: boolean
  orderedList: boolean
  taskList: boolean
  quote: boolean
  link: string | null
  table: boolean
  canUndo: boolean
  canRedo: boolean
}

const NO_MARKS: ProseMarks = {
  bold: false, italic: false, heading: false, bulletList: false, orderedList: false, taskList: false, quote: false, link: null, table: false, canUndo: false, canRedo: false,
}

const isSame = (a: ProseMarks, b: ProseMarks): boolean => (Object.keys(a) as (keyof ProseMarks)[]).every((key) => a[key] === b[key])

export interface Prose extends Disposable {
  readonly editor: Editor
  readonly marks: ProseMarks
  readonly slash: SlashMenuState | null
  readonly slashIndex: number
  pointSlash(index: number): void
  /** Names of parts that this build does not know; with any of them the text is read-only. */
  readonly unknown: readonly string[]
  /** The text could not be drawn; the document is whole. */
  readonly isBroken: boolean
  /** Counts edits of others as they are drawn. */
  readonly remoteEdits: number
  setEditable(isWritable: boolean): void
  /** Name of the text for assistive technology: it has the title in it, and titles change. */
  setLabel(label: string): void
  showPresent(): void
  /** Puts a reference at the caret, in a line of its own after text; call inside `handle.editLinked`. */
  insertReference(type: (typeof REFERENCE_NODES)[number], id: Id): void
  setLink(href: string): void
  /** Puts the caret behind everything, in a paragraph that takes text. */
  writeAtEnd(): void
}

/** Shows the placeholder as long as the whole text is empty. */
const placeholder = (text: string): Extension =>
  Extension.create({
    name: 'emptyText',
    addProseMirrorPlugins: () => [
      new Plugin({
        key: new PluginKey('emptyText'),
        props: {
          decorations({ doc }) {
            const first = doc.firstChild
            if (doc.childCount !== 1 || !first || first.type.name !== 'paragraph' || first.content.size > 0) return null
            return DecorationSet.create(doc, [Decoration.node(0, first.nodeSize, { class: 'is-empty', 'data-placeholder': text })])
          },
        },
      }),
    ],
  })

/**
 * In:     the element to draw in, the layer for carets of others beside it, options.
 * Errors: none thrown for content: what cannot be drawn makes `isBroken`.
 */
export function createProse(element: HTMLElement, layer: HTMLElement, options: ProseOptions): Prose {
  const { handle, clock } = options
  const bag = createBag()
  let marks = $state.raw<ProseMarks>(NO_MARKS)
  let slash = $state.raw<SlashMenuState | null>(null)
  let slashIndex = $state(0)
  let unknown = $state.raw<readonly string[]>([])
  let isBroken = $state(false)
  let remoteEdits = $state(0)
  let isAllowed = handle.isWritable
  let guard: EditGuard | null = null
  let carets: Carets | null = null
  const undoManager = undoManagerOf(handle.prose)

  const applyEditable = (): void => {
    const isEditable = isAllowed && unknown.length === 0 && !isBroken
    if (editor.isEditable !== isEditable) editor.setEditable(isEditable) // blocks hear of it by the event `update`
    const { dom } = editor.view
    // A box that takes no text is no text field.
    dom.setAttribute('role', isEditable ? 'textbox' : 'group')
    if (isEditable) dom.setAttribute('aria-multiline', 'true')
    else dom.removeAttribute('aria-multiline')
  }
  const noteUnknown = (name: string): void => {
    if (unknown.includes(name)) return
    // Called while the binding draws: the state may be read by components only afterwards.
    queueMicrotask(() => {
      if (!unknown.includes(name)) unknown = [...unknown, name]
      if (!editor.isDestroyed) applyEditable()
    })
  }

  const noteBroken = (): void => {
    // Called while the editor is being made.
    queueMicrotask(() => {
      isBroken = true
      if (!editor.isDestroyed) applyEditable()
    })
  }

  const openLink = (event: MouseEvent): boolean => {
    const anchor = event.target instanceof Element ? event.target.closest('a[href]') : null
    const href = anchor?.getAttribute('href') ?? ''
    if (!anchor || !isSafeHref(href)) return false
    const item = itemOfHref(href)
    // While writing, a plain click puts the caret; with the modifier, or while reading, it follows the link.
    const follows = event.metaKey || event.ctrlKey || !editor.isEditable
    if (!follows) {
      event.preventDefault()
      return false
    }
    event.preventDefault()
    if (item) options.onOpenItem(item)
    else window.open(href, '_blank', 'noopener,noreferrer')
    return true
  }

  const room = caretRoom(element)
  const editor = new Editor({
    element,
    editable: false,
    injectCSS: false,
    enableContentCheck: false,
    extensions: [
      ...proseSchema((name) => {
        const component = options.blocks[name]
        return component ? blockView(component, options.context, (REFERENCE_NODES as readonly string[]).includes(name)) : null
      }),
      ...proseBinding(handle.prose, noteUnknown, noteBroken),
      ownCaret,
      placeholder(options.placeholder),
      slashMenu(options.slashItems, {
        show(next) {
          if (slash === null || slash.query !== next.query) slashIndex = 0
          slash = next.items.length > 0 ? next : null
        },
        hide() {
          slash = null
        },
        key(event) {
          if (slash === null) return false
          const count = slash.items.length
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            slashIndex = (slashIndex + (event.key === 'ArrowDown' ? 1 : count - 1)) % count
            return true
          }
          const item = slash.items[slashIndex]
          if ((event.key === 'Enter' || event.key === 'Tab') && item) {
            slash.choose(item)
            return true
          }
          return false
        },
      }),
      Extension.create({
        name: 'leaving',
        priority: 10, // after everything that has a use for the key of its own
        addKeyboardShortcuts: () => ({
          Escape: () => (options.onLeave(), true),
          'Alt-F10': () => (options.onToolbar(), true),
        }),
      }),
    ],
    editorProps: {
      attributes: { class: 'prose-text', spellcheck: 'true' },
      transformPastedHTML: cleanPastedHtml,
      handleScrollToSelection: () => guard?.isApplying ?? false,
      scrollThreshold: room,
      scrollMargin: room,
      handleKeyDown: (view, event) => event.key === 'Enter' && !event.isComposing && enterAtom(view),
      handleDOMEvents: {
        paste: () => (undoManager.stopCapturing(), false),
        // A step back is at most a paragraph or a place, however fast somebody types.
        mousedown: () => (undoManager.stopCapturing(), false),
        keydown: (_view, event) => {
          if (event.key === 'Enter') undoManager.stopCapturing()
          return false
        },
        drop: () => (undoManager.stopCapturing(), false),
        click: (_view, event) => openLink(event),
      },
    },
  })

  bag.add(() => editor.destroy())
  guard = bag.add(
    guardEditor(editor, handle.doc, {
      onApplied() {
        remoteEdits++
        carets?.refresh()
      },
      onFailed: noteBroken,
    }),
  )
  carets = bag.add(createCarets(editor.view, layer, options.nameOf))
  applyEditable()

  // Marks for the toolbar: once a frame, not once a key.
  let marksFrame = 0
  const readMarks = (): void => {
    marksFrame = 0
    if (editor.isDestroyed) return
    const href: unknown = editor.getAttributes('link').href
    const next: ProseMarks = {
      bold: editor.isActive('bold'),
      italic: editor.isActive('italic'),
      heading: editor.isActive('heading'),
      bulletList: editor.isActive('bulletList'),
      orderedList: editor.isActive('orderedList'),
      taskList: editor.isActive('taskList'),
      quote: editor.isActive('blockquote'),
      link: typeof href === 'string' ? href : null,
      table: editor.isActive('table'),
      canUndo: undoManager.canUndo(),
      canRedo: undoManager.canRedo(),
    }
    if (!isSame(marks, next)) marks = next
  }

  // The own caret for others: read at most ten times a second, and only then.
  let cursorTimer: Disposable | null = null
  const sendCursor = (): void => {
    cursorTimer = null
    if (editor.isDestroyed) return
    const { state, view } = editor
    if (!view.hasFocus()) return
    handle.showCursor({ anchor: relativePlace(state, state.selection.anchor), head: relativePlace(state, state.selection.head) })
  }
  const cursorMoved = (): void => {
    cursorTimer ??= clock.after(PRESENCE_COALESCE_MS, sendCursor)
  }
  bag.add(() => cursorTimer?.dispose())
  bag.add(() => cancelAnimationFrame(marksFrame))

  editor.on('transaction', ({ transaction }) => {
    if (marksFrame === 0) marksFrame = requestAnimationFrame(readMarks)
    if (transaction.docChanged || transaction.selectionSet) {
      carets?.refresh()
      if (!isFromDocument(transaction)) cursorMoved()
    }
  })
  editor.on('focus', cursorMoved)
  editor.on('blur', ({ event }) => {
    // To a toolbar or a form of this text is not leaving it.
    if (event.relatedTarget instanceof Node && element.parentElement?.contains(event.relatedTarget)) return
    handle.showCursor(null)
  })

  return {
    editor,
    get marks() {
      return marks
    },
    get slash() {
      return slash
    },
    get slashIndex() {
      return slashIndex
    },
    pointSlash(index) {
      slashIndex = index
    },
    get unknown() {
      return unknown
    },
    get isBroken() {
      return isBroken
    },
    get remoteEdits() {
      return remoteEdits
    },
    setEditable(isWritable) {
      isAllowed = isWritable
      applyEditable()
    },
    setLabel: (label) => editor.view.dom.setAttribute('aria-label', label),
    showPresent() {
      carets?.show(handle.present)
    },
    insertReference: (type, id) => insertReference(editor, type, id),
    setLink: (href) => setLink(editor, href),
    writeAtEnd: () => writeAtEnd(editor),
    dispose: () => bag.dispose(),
  }
}
