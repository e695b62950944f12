// Hocuspocus with its defaults and its database extension on node:sqlite: the same table and the same two statements as its own SQLite
// extension, whose driver needs a compiler for this Node. First argument: the folder of the database.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Database } from '@hocuspocus/extension-database'
import { Server } from '@hocuspocus/server'
import { ready } from './ready.mjs'

const db = new DatabaseSync(join(process.argv[2], 'hocuspocus.sqlite'))
db.exec('CREATE TABLE IF NOT EXISTS "documents" ("name" varchar(255) NOT NULL, "data" blob NOT NULL, UNIQUE(name))')
const select = db.prepare('SELECT data FROM "documents" WHERE name = $name ORDER BY rowid DESC')
const upsert = db.prepare('INSERT INTO "documents" ("name", "data") VALUES ($name, $data) ON CONFLICT(name) DO UPDATE SET data = $data')

const server = new Server({
  port: 0,
  address: '127.0.0.1',
  quiet: true,
  stopOnSignals: false,
  extensions: [
    new Database({
      fetch: async ({ documentName }) => select.get({ $name: documentName })?.data ?? null,
      store: async ({ documentName, state }) => {
        upsert.run({ $name: documentName, $data: state })
      },
    }),
  ],
})
await server.listen()
ready(server.address.port, async () => {
  await server.destroy()
  db.close()
})
