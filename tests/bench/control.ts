/**
 * The ceiling of fan-out without state: a bare websocket broadcast, one frame out for every frame in and reader, nothing stored, nothing checked.
 * Runs as a process of its own beside the relay, so that both are measured in one run; says its port on the first line it prints.
 */
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
server.on('connection', (socket) => socket.on('message', (data) => {
  for (const one of server.clients) one.send(data)
}))
server.on('listening', () => console.log((server.address() as AddressInfo).port))
