/**
 * The Y.Doc of an item's prose. After every change that came from elsewhere Yjs takes away formatting that it holds to be superfluous, as an
 * edit of this very document: what it takes away depends on how updates were grouped, now and then it is formatting that somebody can see, and
 * the window of a reader would write. Equal entries must give equal prose (INV8), and an edit has an author; so nothing is tidied here.
 */
import * as Y from 'yjs'

/** The caller destroys it. */
export function createProseDoc(): Y.Doc {
  // Nobody asks a document of prose for its own name, and drawing one costs more than the rest of it.
  const doc = new Y.Doc({ guid: 'prose' })
  // The last event before Yjs looks at its mark: see cleanupTransactions in yjs 13.6.
  doc.on('afterTransaction', (transaction: Y.Transaction) => {
    transaction._needFormattingCleanup = false
  })
  return doc
}
