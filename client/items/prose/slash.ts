/** The menu behind "/": what can be put into the text, found by typing on. Items of the page come first, then those of every text. */
import { Extension, type Editor, type Range } from '@tiptap/core'
import { PluginKey } from '@tiptap/pm/state'
import { Suggestion, type SuggestionKeyDownProps, type SuggestionProps } from '@tiptap/suggestion'
import type { Component } from 'svelte'
import { isFromDocument } from './binding.ts'

export interface SlashItem {
  id: string
  title: () => string
  /** Other words it is found by, without "/". */
  words: () => string
  icon: Component
  /** The text of the command is gone already; the caret stands where it was. */
  run(editor: Editor): void
}

export interface SlashMenuState {
  items: readonly SlashItem[]
  query: string
  /** The place of the "/" in the window. */
  rect: DOMRect | null
  choose(item: SlashItem): void
}

export interface SlashListener {
  show(state: SlashMenuState): void
  hide(): void
  /** True when the menu used the key. */
  key(event: KeyboardEvent): boolean
}

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/** Items whose title or words have a word that begins with the query; titles first. */
export function matching(items: readonly SlashItem[], query: string): SlashItem[] {
  const wanted = plain(query)
  const begins = (text: string): boolean => plain(text).split(/[\s/-]+/).some((word) => word.startsWith(wanted))
  const byTitle = items.filter((item) => begins(item.title()))
  return [...byTitle, ...items.filter((item) => !byTitle.includes(item) && begins(item.words()))]
}

export function slashMenu(items: () => readonly SlashItem[], listener: SlashListener): Extension {
  const shownOf = (props: SuggestionProps<SlashItem, SlashItem>): SlashMenuState => ({
    items: props.items,
    query: props.query,
    rect: props.clientRect?.() ?? null,
    choose: (item) => props.command(item),
  })
  let isOpen = false
  return Extension.create({
    name: 'slashMenu',
    addProseMirrorPlugins() {
      return [
        Suggestion<SlashItem, SlashItem>({
          pluginKey: new PluginKey('slashMenu'),
          editor: this.editor,
          char: '/',
          allowedPrefixes: [' '],
          // Somebody else's "/" opens nothing here, and somebody else's edit closes nothing.
          shouldShow: ({ transaction }) => isOpen || !isFromDocument(transaction),
          allow: ({ editor, state, range }) => editor.isEditable && !state.doc.resolve(range.from).parent.type.spec.code,
          items: ({ query }) => matching(items(), query),
          command({ editor, range, props }: { editor: Editor; range: Range; props: SlashItem }) {
            editor.chain().focus().deleteRange(range).run()
            props.run(editor)
          },
          render: () => ({
            onStart: (props: SuggestionProps<SlashItem, SlashItem>) => {
              isOpen = true
              listener.show(shownOf(props))
            },
            onUpdate: (props: SuggestionProps<SlashItem, SlashItem>) => listener.show(shownOf(props)),
            onExit: () => {
              isOpen = false
              listener.hide()
            },
            onKeyDown: ({ event }: SuggestionKeyDownProps) => listener.key(event),
          }),
        }),
      ]
    },
  })
}
