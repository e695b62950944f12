/**
 * The link mark: an address and nothing else; how it opens is ours to say. Typed and pasted addresses become links by themselves.
 * Own and small: the library's link compares whole documents on every change of others and stores target, rel and class with the text.
 */
import { InputRule, Mark } from '@tiptap/core'
import { Plugin } from '@tiptap/pm/state'
import { isSafeHref, itemOfHref } from './links.ts'

const hrefOf = (value: unknown): string => (typeof value === 'string' && isSafeHref(value) ? value : '')

export const Link = Mark.create({
  name: 'link',
  priority: 1000,
  inclusive: false,
  keepOnSplit: false,
  exitable: true,

  addAttributes: () => ({ href: { default: '' } }),

  parseHTML: () => [
    {
      tag: 'a[href]',
      getAttrs: (element) => {
        const href = hrefOf(element.getAttribute('href'))
        return href === '' ? false : { href }
      },
    },
  ],

  renderHTML({ mark }) {
    const href = hrefOf(mark.attrs.href)
    // What somebody else wrote as an address and is none stays plain text.
    if (href === '') return ['span', 0]
    return ['a', itemOfHref(href) ? { href } : { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, 0]
  },

  addInputRules() {
    return [
      new InputRule({
        find: /(?:^|\s)(https?:\/\/\S+?)([.,;:!?)]*)\s$/,
        handler: ({ state, range, match }) => {
          const [, href = '', tail = ''] = match
          if (!isSafeHref(href)) return
          const end = range.to - tail.length
          state.tr.addMark(end - href.length, end, this.type.create({ href })).removeStoredMark(this.type).insertText(' ', range.to)
        },
      }),
    ]
  },

  addProseMirrorPlugins() {
    const type = this.type
    return [
      new Plugin({
        props: {
          handlePaste(view, event) {
            const text = event.clipboardData?.getData('text/plain').trim() ?? ''
            if (!/^(https?|mailto|tel):\S+$/.test(text) || !isSafeHref(text) || view.state.selection.$from.parent.type.spec.code) return false
            const { tr, selection, schema } = view.state
            const mark = type.create({ href: text })
            if (selection.empty) tr.replaceSelectionWith(schema.text(text, [mark]), false)
            else tr.addMark(selection.from, selection.to, mark)
            view.dispatch(tr.removeStoredMark(type).scrollIntoView())
            return true
          },
        },
      }),
    ]
  },
})
