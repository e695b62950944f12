/** What "/" offers in every text: headings, lists, table, quote, line, link. */
import Heading2 from '@lucide/svelte/icons/heading-2'
import Heading3 from '@lucide/svelte/icons/heading-3'
import LinkIcon from '@lucide/svelte/icons/link'
import List from '@lucide/svelte/icons/list'
import ListOrdered from '@lucide/svelte/icons/list-ordered'
import ListTodo from '@lucide/svelte/icons/list-todo'
import Minus from '@lucide/svelte/icons/minus'
import TableIcon from '@lucide/svelte/icons/table'
import TextQuote from '@lucide/svelte/icons/text-quote'
import { t } from '../../platform/text/text.svelte.ts'
import type { SlashItem } from './slash.ts'

const TABLE = { rows: 3, cols: 3, withHeaderRow: true }

export const standardSlashItems: { blocks: readonly SlashItem[]; link: Omit<SlashItem, 'run'> } = {
  blocks: [
    { id: 'heading', title: () => t.items.prose.heading, words: () => t.items.prose.headingWords, icon: Heading2, run: (editor) => editor.chain().focus().setHeading({ level: 2 }).run() },
    { id: 'subheading', title: () => t.items.prose.subheading, words: () => t.items.prose.headingWords, icon: Heading3, run: (editor) => editor.chain().focus().setHeading({ level: 3 }).run() },
    { id: 'bulletList', title: () => t.items.prose.bulletList, words: () => t.items.prose.listWords, icon: List, run: (editor) => editor.chain().focus().toggleBulletList().run() },
    { id: 'orderedList', title: () => t.items.prose.orderedList, words: () => t.items.prose.listWords, icon: ListOrdered, run: (editor) => editor.chain().focus().toggleOrderedList().run() },
    { id: 'taskList', title: () => t.items.prose.taskList, words: () => t.items.prose.taskWords, icon: ListTodo, run: (editor) => editor.chain().focus().toggleTaskList().run() },
    { id: 'table', title: () => t.items.prose.table, words: () => t.items.prose.tableWords, icon: TableIcon, run: (editor) => editor.chain().focus().insertTable(TABLE).run() },
    { id: 'quote', title: () => t.items.prose.quote, words: () => t.items.prose.quoteWords, icon: TextQuote, run: (editor) => editor.chain().focus().setBlockquote().run() },
    { id: 'line', title: () => t.items.prose.line, words: () => t.items.prose.lineWords, icon: Minus, run: (editor) => editor.chain().focus().setHorizontalRule().run() },
  ],
  link: { id: 'link', title: () => t.items.prose.link, words: () => t.items.prose.linkWords, icon: LinkIcon },
}
