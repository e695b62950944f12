/** The bad network does what it says: a trial that passes through a proxy that lets everything through has shown nothing. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createChaosProxy, type ChaosProxy } from './chaos-proxy.ts'

const ends: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Says everything back, keeps what it heard, and counts the lines that ended. */
async function echo() {
  const heard: string[] = []
  const sockets = new Set<Socket>()
  const state = { ended: 0 }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      heard.push(bytes.toString())
      socket.write(bytes)
    })
    socket.on('close', () => {
      state.ended++
      sockets.delete(socket)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, heard, state }
}

async function through(proxy: ChaosProxy) {
  const socket = connect(proxy.port, '127.0.0.1')
  ends.push(() => socket.destroy())
  let said = ''
  let isClosed = false
  socket.on('data', (bytes) => (said += bytes.toString()))
  socket.on('error', () => socket.destroy())
  socket.on('close', () => (isClosed = true))
  await once(socket, 'connect')
  return { socket, said: () => said, isClosed: () => isClosed }
}

async function setup() {
  const relay = await echo()
  const proxy = await createChaosProxy(relay.port)
  ends.push(() => proxy.dispose())
  return { relay, proxy }
}

const comesTrue = (what: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => void (what() ? resolve() : setImmediate(look))
    look()
  })

test('in fine weather bytes pass both ways and the end of one side is the end of the other', async () => {
  const { relay, proxy } = await setup()
  const { socket, said } = await through(proxy)
  socket.write('een')
  await comesTrue(() => said() === 'een')
  socket.write('twee')
  await comesTrue(() => said() === 'eentwee')
  socket.end()
  await comesTrue(() => relay.state.ended === 1 && proxy.openCount === 0)
  expect(proxy.heldBytes).toBe(0)
})

test('a cut is heard by both sides, and a network that is down takes nobody new', async () => {
  const { relay, proxy } = await setup()
  const first = await through(proxy)
  first.socket.write('een')
  await comesTrue(() => first.said() === 'een')
  proxy.cut()
  await comesTrue(() => first.isClosed() && relay.state.ended === 1)
  proxy.down()
  const second = await through(proxy)
  await comesTrue(() => second.isClosed())
  proxy.heal()
  const third = await through(proxy)
  third.socket.write('drie')
  await comesTrue(() => third.said() === 'drie')
  expect(relay.heard).toEqual(['een', 'drie'])
})

test.each(['up', 'down'] as const)('a blackhole %s holds that direction only, and what it held arrives in order', async (direction) => {
  const { relay, proxy } = await setup()
  const { socket, said } = await through(proxy)
  socket.write('nul')
  await comesTrue(() => said() === 'nul')
  proxy.blackhole(direction)
  socket.write('een')
  await comesTrue(() => proxy.heldBytes === 3)
  expect(relay.heard).toEqual(direction === 'up' ? ['nul'] : ['nul', 'een'])
  expect(said()).toBe('nul')
  socket.write('twee')
  await comesTrue(() => proxy.heldBytes === 7)
  proxy.heal()
  await comesTrue(() => said() === 'nuleentwee')
})

test('half-open: the relay hears the end, the client hears nothing, now or later', async () => {
  const { relay, proxy } = await setup()
  const { socket, said, isClosed } = await through(proxy)
  socket.write('een')
  await comesTrue(() => said() === 'een')
  proxy.halfOpen()
  await comesTrue(() => relay.state.ended === 1)
  socket.write('twee')
  proxy.heal()
  const other = await through(proxy)
  other.socket.write('drie')
  await comesTrue(() => other.said() === 'drie')
  expect([said(), isClosed(), relay.heard]).toEqual(['een', false, ['een', 'drie']])
  socket.destroy()
  await comesTrue(() => proxy.openCount === 1)
})

test('a slow line and a late line bring everything, in order', async () => {
  const { proxy } = await setup()
  proxy.delay(1)
  proxy.bandwidth(1_000_000)
  const { socket, said } = await through(proxy)
  const words = Array.from({ length: 50 }, (_, i) => `${i} `)
  for (const word of words) socket.write(word)
  await comesTrue(() => said() === words.join(''))
})

test('a firewall that knows no websockets lets plain HTTP through', async () => {
  const { relay, proxy } = await setup()
  proxy.refuseUpgrade()
  const plain = await through(proxy)
  plain.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  await comesTrue(() => plain.said().startsWith('GET /healthz'))
  const upgrade = await through(proxy)
  upgrade.socket.write('GET /sync HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await comesTrue(() => upgrade.isClosed())
  expect(upgrade.said()).toMatch(/^HTTP\/1.1 400 /)
  expect(relay.heard).toHaveLength(1)
})

test.each([200, 302, 511] as const)('a captive portal answers everything itself, with %i', async (status) => {
  const { relay, proxy } = await setup()
  proxy.captivePortal(status)
  const { socket, said, isClosed } = await through(proxy)
  socket.write('GET /sync HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n')
  await comesTrue(() => isClosed())
  expect(said()).toMatch(new RegExp(`^HTTP/1.1 ${status} .*<!doctype html>`, 's'))
  expect(relay.heard).toEqual([])
})

test('is ended under whoever came and said nothing, or only half of who they are', async () => {
  const relay = await echo()
  const proxy = await createChaosProxy(relay.port)
  proxy.refuseUpgrade()
  const [silent, half] = [await through(proxy), await through(proxy)]
  half.socket.write('GET /sync HTT')
  await proxy.dispose()
  await comesTrue(() => silent.isClosed() && half.isClosed())
})
