// The smallest sync server that automerge-repo's own packages make: a Repo with the websocket server adapter and, with a folder (first
// argument), the file storage adapter. Shares with nobody unasked, as their example server does.
import { once } from 'node:events'
import { Repo } from '@automerge/automerge-repo'
import { WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket'
import { NodeFSStorageAdapter } from '@automerge/automerge-repo-storage-nodefs'
import { WebSocketServer } from 'ws'
import { ready } from './ready.mjs'

const folder = process.argv[2]
const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
const repo = new Repo({
  network: [new WebSocketServerAdapter(sockets)],
  ...(folder ? { storage: new NodeFSStorageAdapter(folder) } : {}),
  peerId: 'sync-server',
  sharePolicy: async () => false,
})
await once(sockets, 'listening')
// Its adapter hears nobody before the storage has said its name.
await repo.storageId()
await new Promise((resolve) => setTimeout(resolve, 100))
ready(sockets.address().port, async () => {
  if (folder) await repo.flush()
  for (const socket of sockets.clients) socket.terminate()
})
