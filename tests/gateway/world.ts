/**
 * A real http server on port 0 with accounts, relay, log in memory and the gateway, and stock y-websocket clients against it. `restart` ends
 * server, gateway and relay and begins new ones on the same port and the same log, as a restart of the process does.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { openAccounts } from '../../server/auth/accounts.ts'
import { createLogReader, type LogReader } from '../../server/derive/reader.ts'
import { createDoorkeeper } from '../../server/http/doorkeeper.ts'
import { createUpgrades } from '../../server/http/upgrades.ts'
import type { Accounted } from '../../server/relay/accounting.ts'
import { createYjsGateway, type YjsGateway } from '../../server/http/yjs-gateway.ts'
import type { Relay } from '../../server/relay/api.ts'
import { createRelay } from '../../server/relay/relay.ts'
import type { Log } from '../../server/store/log.ts'
import { createMemoryLog, restoreMemoryLog, type MemoryBackup } from '../../server/store/memory-log.ts'
import { systemClock } from '../../server/system.ts'
import { must } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { createBag, type Disposable } from '../../shared/base/dispose.ts'
import { newId, type ItemId } from '../../shared/base/ids.ts'
import { namedDice } from '../../shared/base/random.ts'
import type { Role } from '../../shared/model/grants.ts'

export interface Reported {
  kind: string
  [detail: string]: unknown
}

export async function setupGateway(options: { clock?: Clock; relayClock?: Clock; stepMsMax?: number; seed?: string } = {}) {
  const bag = createBag()
  const folder = mkdtempSync(join(tmpdir(), 'samenpad-gateway-'))
  bag.add(() => rmSync(folder, { recursive: true, force: true }))
  const dice = namedDice(1, options.seed ?? 'gateway')
  let memory = createMemoryLog({ dice })
  // What everything holds on to; `memory` is replaced when a backup is restored.
  const log: Log = new Proxy({} as Log, { get: (_target, name) => Reflect.get(memory, name) as unknown })
  const opened = openAccounts({ path: join(folder, 'accounts.sqlite'), mode: 'create', clock: systemClock, dice })
  if (!opened.ok) throw new Error(opened.failure.kind)
  const accounts = opened.value
  bag.add(accounts)
  const reports: Reported[] = []
  const report = (event: Reported): void => void reports.push(event)

  /** What the gateway asked the thread that reads content. */
  const asked: string[] = []

  const space = accounts.createSpace({ kind: 'municipality', name: 'Schiedam' }).space
  const elsewhere = accounts.createSpace({ kind: 'municipality', name: 'Tilburg' }).space
  await log.ensureSpace(space)
  await log.ensureSpace(elsewhere)

  const accounted: Accounted[] = []
  let running = await start(0)
  bag.add(() => running.stop())

  async function start(port: number): Promise<{ server: Server; relay: Relay; gateway: YjsGateway; port: number; stop(): void }> {
    const own = createBag()
    const relay = createRelay({ log, directory: accounts, clock: options.relayClock ?? systemClock, dice, build: 'test', report, account: (event) => void accounted.push(event) })
    const reader = own.add(createLogReader({ log, clock: systemClock, report, ...(options.stepMsMax === undefined ? {} : { stepMsMax: options.stepMsMax }) }))
    const counting: LogReader = { ...reader, ask: (name, question) => (asked.push(name), reader.ask(name, question)) }
    const gateway = createYjsGateway({ relay, log, directory: accounts, accounts, reader: counting, clock: options.clock ?? systemClock, dice, installation: accounts.installation, isSecure: false, report })
    const server = createServer()
    const upgrades = createUpgrades({ server, doorkeeper: createDoorkeeper({ accounts, publicUrl: null, speaksForOthers: () => false }), clock: options.clock ?? systemClock, socketsMax: 500, onRefused: () => undefined })
    upgrades.add('/yjs/', gateway.door)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    own.add(() => server.close())
    own.add(upgrades)
    own.add(gateway)
    return { server, relay, gateway, port: (server.address() as AddressInfo).port, stop: () => own.dispose() }
  }

  const token = (role: Role, where = space, label: string = role): { token: string; user: string } => accounts.createToken({ space: where, role, label })
  const address = (): string => `ws://127.0.0.1:${running.port}/yjs`

  function stock(item: ItemId, secret: string, doc = new Y.Doc()): WebsocketProvider {
    const provider = new WebsocketProvider(address(), item, doc, { WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket, params: { token: secret }, disableBc: true, maxBackoffTime: 50 })
    bag.add(() => {
      provider.destroy()
      doc.destroy()
    })
    return provider
  }

  /** A socket that speaks whatever it is told to. */
  function raw(path: string, init: { headers?: Record<string, string> } = {}): WebSocket {
    const socket = new WebSocket(`${address()}/${path}`, init)
    socket.on('error', () => undefined) // a refused upgrade is an error here; tests look at how it ended
    bag.add(() => socket.terminate())
    return socket
  }

  return {
    accounts, log, reports, accounted, asked, space, elsewhere, token, stock, raw, dice,
    newItem: (): ItemId => newId(dice),
    origin: (): string => `http://127.0.0.1:${running.port}`,
    relay: () => running.relay,
    gateway: () => running.gateway,
    backup: (): MemoryBackup => memory.backup(),
    /** In: a backup to go on from, as after a lost disk. */
    async restart(backup?: MemoryBackup): Promise<void> {
      const { port } = running
      await running.relay.drain()
      running.stop()
      if (backup) memory = restoreMemoryLog(backup, { dice })
      await new Promise<void>((resolve) => setImmediate(resolve))
      running = await start(port)
    },
    /** Entries of an item in the log, all parts. */
    entries: async (item: ItemId) => log.readItem(must(await log.spaceOf(item), 'the item was written'), item, null, 1, Number.MAX_SAFE_INTEGER, 100_000),
    dispose: () => bag.dispose(),
  }
}

export type GatewayWorld = Awaited<ReturnType<typeof setupGateway>>

/** Resolves when `isSo` holds; asked now and after each of the given events. */
export function whenever(isSo: () => boolean, listen: (ask: () => void) => () => void): Promise<void> {
  return new Promise((resolve) => {
    let stop: (() => void) | null = null
    const ask = (): void => {
      if (!isSo()) return
      stop?.()
      stop = null
      resolve()
    }
    stop = listen(ask)
    ask()
  })
}

export const proseOf = (doc: Y.Doc): Y.XmlFragment => doc.getXmlFragment('prose')

export function addParagraph(doc: Y.Doc, text: string): Y.XmlText {
  const words = new Y.XmlText(text)
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [words])
  proseOf(doc).push([paragraph])
  return words
}

export const textOf = (doc: Y.Doc): string => proseOf(doc).toString().replace(/<\/paragraph>/g, '\n').replace(/<[^>]*>/g, '')

export const whenDoc = (doc: Y.Doc, isSo: () => boolean): Promise<void> =>
  whenever(isSo, (ask) => {
    doc.on('update', ask)
    return () => doc.off('update', ask)
  })

export const whenText = (doc: Y.Doc, text: string): Promise<void> => whenDoc(doc, () => textOf(doc).includes(text))

export const whenSynced = (provider: WebsocketProvider): Promise<void> =>
  whenever(() => provider.synced, (ask) => {
    provider.on('sync', ask)
    return () => provider.off('sync', ask)
  })

export const whenStatus = (provider: WebsocketProvider, connected: boolean): Promise<void> =>
  whenever(() => provider.wsconnected === connected, (ask) => {
    provider.on('status', ask)
    return () => provider.off('status', ask)
  })

export const whenCommitted = (world: GatewayWorld, isSo: () => boolean): Promise<void> =>
  whenever(isSo, (ask) => {
    const listening: Disposable = world.relay().onDidCommit(ask)
    return () => listening.dispose()
  })

export const whenClosed = (socket: WebSocket): Promise<{ code: number; reason: string }> =>
  new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })))
