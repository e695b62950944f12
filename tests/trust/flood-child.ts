/**
 * Somebody who asks without end, as a process of its own, so that whoever is asked beside it is measured and not the one who asks: over so many connections, each
 * asking again as soon as it was answered. Tells when an answer has a status for
 * the first time, and when it is told to stop how many had each.
 *
 * In: one argument of JSON, see FloodPlan. Started by flood.ts.
 */
import { connect, type Socket } from 'node:net'

export interface FloodPlan {
  port: number
  path: string
  cookie: string
  connectionsCount: number
}

const plan = JSON.parse(process.argv[2] ?? '') as FloodPlan
const text = Buffer.from(`GET ${plan.path} HTTP/1.1\r\nHost: localhost:${plan.port}\r\nCookie: ${plan.cookie}\r\nAccept: application/json\r\n\r\n`)
const statuses: Record<string, number> = {}
const told = new Set<string>()
let isOver = false

/** One answer after another; a connection that is closed is opened anew. */
function ask(): void {
  if (isOver) return
  const socket: Socket = connect({ port: plan.port, host: '127.0.0.1', noDelay: true })
  let heard = ''
  socket.on('error', () => undefined) // its end follows
  socket.once('close', ask)
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.toString('latin1')
    const end = heard.indexOf('\r\n\r\n')
    if (end < 0) return
    const bodyBytes = Number(/\r\ncontent-length: (\d+)/i.exec(heard.slice(0, end))?.[1] ?? 0)
    if (heard.length < end + 4 + bodyBytes) return
    const status = heard.slice(9, 12)
    statuses[status] = (statuses[status] ?? 0) + 1
    heard = ''
    if (!told.has(status)) process.send?.({ first: Number(status) })
    told.add(status)
    if (isOver) socket.destroy()
    else socket.write(text)
  })
  socket.write(text)
}
for (let i = 0; i < plan.connectionsCount; i++) ask()

process.once('message', () => {
  isOver = true
  process.send?.({ statuses }, () => process.exit(0))
})
// Whoever started it is gone.
process.once('disconnect', () => process.exit(0))
