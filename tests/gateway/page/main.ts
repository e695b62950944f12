/**
 * A collaboration page as the editor's own guide makes it: starter kit, collaboration on a field of the document, and a y-websocket provider. Nothing of
 * the product is in it. The address says which document, with which token.
 */
import { Editor } from '@tiptap/core'
import { Collaboration } from '@tiptap/extension-collaboration'
import { CollaborationCaret } from '@tiptap/extension-collaboration-caret'
import { StarterKit } from '@tiptap/starter-kit'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const query = new URLSearchParams(location.search)
const doc = new Y.Doc()
const provider = new WebsocketProvider(`ws://${location.host}/yjs`, query.get('item') ?? '', doc, { params: { token: query.get('token') ?? '' }, disableBc: true })
const element = document.body.appendChild(document.createElement('main'))
const begin = (): void => {
  new Editor({
    element,
    extensions: [
      StarterKit.configure({ undoRedo: false }),
      Collaboration.configure({ document: doc, field: 'prose' }),
      CollaborationCaret.configure({ provider, user: { name: 'gast', color: '#6B2D68' } }),
    ],
  })
  document.documentElement.dataset.ready = 'yes'
}
provider.on('status', ({ status }) => (document.documentElement.dataset.status = status))
// As guides advise: what is there comes first, so that an empty editor writes nothing into it.
if (provider.synced) begin()
else {
  const onSync = (isSynced: boolean): void => {
    if (!isSynced) return
    provider.off('sync', onSync)
    begin()
  }
  provider.on('sync', onSync)
}
