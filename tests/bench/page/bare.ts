/**
 * The same editor alone: schema, styles and page of the product, without Yjs, engine, handles, toolbar, carets or anybody else. What the
 * product's editor costs is compared with this. Blocks of facts stand there as a plain table of as many rows.
 */
import '../../../client/workbench/ui/index.css'
import '../../../client/items/prose/prose.css'
import { Editor, type JSONContent } from '@tiptap/core'
import { proseSchema } from '../../../client/items/prose/schema.ts'

declare global {
  interface Window {
    /** Called by the measurement. */
    show(blocks: JSONContent[], rows: string[][]): void
  }
}

let shown: Editor | null = null

window.show = (blocks, rows) => {
  shown?.destroy()
  shown = new Editor({
    element: document.getElementById('editor'),
    injectCSS: false,
    extensions: proseSchema((name) =>
      name === 'pathwaySteps'
        ? () => {
            const dom = document.createElement('div')
            dom.className = 'block-view'
            dom.contentEditable = 'false'
            const table = dom.appendChild(document.createElement('table'))
            for (const cells of rows) {
              const row = table.insertRow()
              for (const cell of cells) row.insertCell().textContent = cell
            }
            return { dom, ignoreMutation: () => true, stopEvent: () => true }
          }
        : null,
    ),
    editorProps: { attributes: { class: 'prose-text', spellcheck: 'true', 'aria-label': 'tekst' } },
    content: { type: 'doc', content: blocks },
  })
}
document.documentElement.dataset.ready = 'yes'
