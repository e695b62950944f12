// @y/websocket-server as its own server.js starts it, on a free port. With a folder (first argument): y-leveldb behind its persistence hook,
// bound the way its README did while it still shipped it.
import http from 'node:http'
import { createRequire } from 'node:module'
import { setPersistence, setupWSConnection } from '@y/websocket-server/utils'
import * as Y from 'yjs'
import { ready } from './ready.mjs'

// The ws that it depends on itself: version 6.
const { Server: WebSocketServer } = createRequire(createRequire(import.meta.url).resolve('@y/websocket-server/package.json'))('ws')

const folder = process.argv[2]
let persistence = null
if (folder) {
  const { LeveldbPersistence } = await import('y-leveldb')
  persistence = new LeveldbPersistence(folder)
  setPersistence({
    provider: persistence,
    bindState: async (name, doc) => {
      const stored = await persistence.getYDoc(name)
      // Not waited for, as there: what comes meanwhile would be stored by nobody.
      void persistence.storeUpdate(name, Y.encodeStateAsUpdate(doc))
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(stored))
      doc.on('update', (update) => persistence.storeUpdate(name, update))
    },
    writeState: async () => {},
  })
}

const server = http.createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain' })
  response.end('okay')
})
const sockets = new WebSocketServer({ noServer: true })
sockets.on('connection', setupWSConnection)
server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, (one) => sockets.emit('connection', one, request)))
server.listen(0, '127.0.0.1', () =>
  ready(server.address().port, async () => {
    for (const socket of sockets.clients) socket.terminate()
    if (persistence) await persistence.destroy()
  }),
)
