/**
 * Chromium keeps all databases of an address in LevelDB, which writes to a log file first and, at a start, goes on with the file that it finds. A browser that ends in the
 * middle of a record (killed, battery empty) leaves half of one at the end. The next start takes that for the end of the file and writes on behind it; the start after
 * that finds half a record in the middle, and drops what comes after it, or all databases of the address, without an error to anybody who was told that their
 * transaction is complete and strict. Killed while it wrote, a bare page lost rows that way in 4 of 50 tries (tests/trust/k2-torn-store.ts, decision 0030).
 *
 * So the first tab of a profile fills the log once at its start: LevelDB begins a new file, moves what was in the old one to tables and removes it, half a record and all.
 */

/** LevelDB begins another file after 4 MiB at most; what IndexedDB adds to each row comes on top. */
const ROW_BYTES = 48 * 1024 // beyond 64 KiB Chromium puts a value in a file of its own, beside the log
const ROWS_COUNT = 108
/** Reading goes on between them. */
const ROWS_PER_TRANSACTION = 9

/** Not under the name of a login: whoever looks for what is kept of somebody finds nothing here. */
export const FRESH_LOG_DATABASE = 'fresh-log'
const STORE = 'filling'

/**
 * In:     a way to draw so many bytes: a browser may shrink what repeats itself.
 * Errors: rejects when the browser refuses, for instance on a full disk: the store goes on with the file it has.
 */
export async function beginFreshLog(factory: IDBFactory, drawBytes: (count: number) => Uint8Array<ArrayBuffer>): Promise<void> {
  const database = await asked<IDBDatabase>(factory.open(FRESH_LOG_DATABASE), (request) => request.result.createObjectStore(STORE))
  try {
    for (let first = 0; first < ROWS_COUNT; first += ROWS_PER_TRANSACTION) {
      const writing = database.transaction(STORE, 'readwrite', { durability: 'strict' })
      const bytes = drawBytes(ROW_BYTES)
      for (let row = first; row < first + ROWS_PER_TRANSACTION; row++) writing.objectStore(STORE).put(bytes, row)
      await completed(writing)
    }
  } finally {
    database.close()
    await asked(factory.deleteDatabase(FRESH_LOG_DATABASE))
  }
}

const asked = <T>(request: IDBOpenDBRequest, upgrade?: (request: IDBOpenDBRequest) => void): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onupgradeneeded = () => upgrade?.(request)
    request.onsuccess = () => resolve(request.result as T)
    request.onerror = () => reject(request.error ?? new Error('the browser refused'))
  })

const completed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('the browser gave up'))
  })
