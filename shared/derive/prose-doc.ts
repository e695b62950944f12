/**
 * The Y.Doc of an item's prose. After every change that came from elsewhere Yjs takes away formatting that it holds to be superfluous, as an
 * edit of this very document: what it takes away depends on how updates were grouped, now and then it is formatting that somebody can see, and
 * the window of a reader would write. Equal entries must give equal prose (INV8), and an edit has an author; so nothing is tidied here.
 *
 * Whoever reads prose places its items by two rules more than Yjs, for what no editor writes (`isNowhere`).
 */
import * as Y from 'yjs'

/** Yjs deletes an element with all that is in it by calling itself: some thousands in one another are more than a stack holds, and nobody could take them out again. */
const DEPTH_MAX = 500

/**
 * An item between neighbours of two parents stands in the left one's parent, and where the other was collected already, nowhere: so whoever read a document entry by
 * entry saw something else than whoever read it at once, with equal state vectors. It stands nowhere for everybody; that the ends of a text, or of a list, are of one
 * parent is so for everything that an editor writes. Parents never change, so this does not depend on what came before what.
 */
function isNowhere({ left, right, parent, content }: Y.Item): boolean {
  if (left && right && left.parent !== right.parent) return true
  if (!(content instanceof Y.ContentType)) return false
  let depth = 0
  for (let above = parent; above instanceof Y.AbstractType && above._item; above = above._item.parent) if (++depth >= DEPTH_MAX) return true
  return false
}

const missingOf = Y.Item.prototype.getMissing
Y.Item.prototype.getMissing = function (this: Y.Item, transaction, store) {
  const missing = missingOf.call(this, transaction, store)
  // Without a parent Yjs keeps an item as one that was collected.
  if (missing === null && this.parent && isNowhere(this)) this.parent = null
  return missing
}

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
