/**
 * A world from a plan: laptops with their tabs and disks, a relay with its own, the lines between them, and the judge at every seam. The
 * real engine and the real relay run in it, told the time and handed their dice. `run` plays the plan, heals everything, waits until it is
 * quiet and asks for the verdict.
 */
import './random-pool.ts'
import type { Engine } from '../../client/engine/api.ts'
import { StoreError, type EngineStore } from '../../client/engine/store.ts'
import { must } from '../../shared/base/assert.ts'
import { newId, type ItemId, type SpaceId, type UserId } from '../../shared/base/ids.ts'
import { namedDice } from '../../shared/base/random.ts'
import { may } from '../../shared/model/grants.ts'
import type { Person } from '../../shared/model/people.ts'
import { readyAutomerge } from './automerge.ts'
import { createChecker, FOREIGN_TAB_LAG_MS, type Checker, type Violation } from './checker.ts'
import { createDisk, type Disk, type TabStore } from './disk.ts'
import { createVirtualDirectory, type VirtualDirectory } from './directory.ts'
import { createHistory, type History } from './history.ts'
import { createLock, type Lock } from './lock.ts'
import { createOldPushes } from './old-pushes.ts'
import { replayItem, textsOf } from './content.ts'
import { createNetwork, type Line, type Network, type VirtualConnection } from './network.ts'
import { makeEngine, makeRelay, partsReady } from './parts.ts'
import { deviceOfTab, tabName, type ItemKind, type Op, type Plan } from './plan.ts'
import { createRelayHost, type VirtualRelayHost } from './relay-host.ts'
import type { Hooks, Sabotage } from './sabotage/sabotage.ts'
import { openReader, snapshotFault } from './snapshots.ts'
import { createScheduler, drainMicrotasks, START_TIME, type Machine, type Process, type Scheduler } from './scheduler.ts'
import { createTab, type Tab } from './tab.ts'
import { tokensIn } from './tokens.ts'
import { createTrace, type Trace } from './trace.ts'
import { judgeAtRest, readBackDevice, whyNotQuiet } from './verdict.ts'

export interface Device {
  readonly index: number
  readonly user: number
  readonly machine: Machine
  readonly line: Line
  readonly disk: Disk
  readonly lock: Lock
  /** By tab name; only tabs that are open. */
  readonly tabs: Map<string, OpenTab>
}

export interface OpenTab {
  readonly name: string
  readonly process: Process
  readonly disk: TabStore
  /** null while the engine starts. */
  tab: Tab | null
}

export interface World {
  readonly plan: Plan
  readonly scheduler: Scheduler
  readonly checker: Checker
  readonly history: History
  readonly host: VirtualRelayHost
  readonly directory: VirtualDirectory
  readonly spaces: readonly SpaceId[]
  readonly users: readonly UserId[]
  readonly devices: readonly Device[]
  /** One more laptop, that nobody used yet. */
  addDevice(user: number): Device
  openTab(device: Device, name: string): void
  closeTab(device: Device, name: string): Promise<void>
}

export interface RunResult {
  seed: number
  violations: Violation[]
  counts: ReadonlyMap<string, number>
  hash: string
  events: number
  virtualMs: number
  lines: readonly string[]
}

const QUIET_STEP_MS = 1_000
const QUIET_MS_MAX = 600_000
const ANSWER_MS_MAX = 20_000

export async function runPlan(plan: Plan, options: { sabotage?: Sabotage | undefined; isTraced?: boolean } = {}): Promise<RunResult> {
  await partsReady()
  const A = await readyAutomerge()
  const { seed } = plan
  const scheduler = createScheduler({ failed: (error) => fault(error) })
  const trace: Trace = createTrace(() => scheduler.now - START_TIME, options.isTraced ?? false)
  const counts = new Map<string, number>()
  const counted = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
  const violations: Violation[] = []
  const report = (violation: Violation): void => {
    violations.push({ ...violation, time: violation.time - START_TIME })
    trace.add(`VIOLATION [${violation.rule}] ${violation.what}`)
  }

  const idDice = namedDice(seed, 'identities')
  const spaceCount = plan.users[0]?.length ?? 1
  const spaces = Array.from({ length: spaceCount }, () => newId(idDice))
  const users = plan.users.map(() => newId(idDice))
  const people: Person[] = users.map((user, index) => ({ user, name: `rol ${index}`, job: 'verloskundige', organisation: `praktijk ${index}`, color: 1 + (index % 5) }))
  const directory = createVirtualDirectory(people, spaces.map((space, index) => ({ space, kind: 'municipality', name: `gemeente ${index}` })))
  for (const [user, roles] of plan.users.entries())
    for (const [space, role] of roles.entries()) if (role) directory.setRole(users[user]!, spaces[space]!, role)

  const history = createHistory(seed)
  const checker = createChecker({
    now: () => scheduler.now,
    may: directory.may,
    spaceOfToken: (token) => history.tokens.get(token)?.space ?? null,
    saysOf(entries) {
      const { content } = replayItem(A, entries)
      return { prose: content.prose, all: JSON.stringify(content) }
    },
    tokensOf: ({ part, payload }) => (part === 'facts' ? textsOf(A, payload).flatMap(tokensIn) : tokensIn(Buffer.from(payload).toString('latin1'))),
    snapshotFault: (part, body, entries, writerOf) => snapshotFault(A, part, body, entries, writerOf),
    report,
  })

  const hooks: Hooks = options.sabotage?.create({ scheduler, seed, spaces }) ?? {}
  const host = createRelayHost({
    scheduler, directory, spaces, checker, counted,
    diskDice: namedDice(seed, 'relay disk'),
    logDice: namedDice(seed, 'epochs'),
    snapshotDice: namedDice(seed, 'snapshots'),
    openReader,
    relayDice: (life) => namedDice(seed, `relay ${life}`),
    createRelay: makeRelay,
    sabotage: hooks,
    onCommitted: (entries) => entries.forEach(({ entry }) => oldPushes.committed(entry)),
    onDied: () => network.relayDied(),
    reported: (event) => trace.add(`relay says ${event.kind}`),
  })

  const oldPushes = createOldPushes(() => host, scheduler)
  const network: Network = createNetwork(scheduler, namedDice(seed, 'network'), host, {
    opened(connection) {
      counted('connection opened')
      trace.add(`link ${connection.id} open ${connection.tab}`)
      checker.connectionOpened(connection.id, deviceOfTab(connection.tab), connection.user)
    },
    closed(connection, code) {
      trace.add(`link ${connection.id} closed ${code}`)
    },
    sent(connection, direction, given) {
      openedOnce(connection)
      const frame = direction === 'down' && hooks.relayFrame ? hooks.relayFrame(given) : given
      if (!frame) return null
      if (direction === 'down')
        for (const message of checker.sentDown(connection.id, frame)) {
          counted(`down ${message.type}`)
          if (message.type === 'nack') counted(`refused ${message.code} ${message.reason}`)
        }
      else {
        const messages = checker.sentUp(connection.id, connection.tab, frame)
        oldPushes.sent(connection.user, messages)
        for (const message of messages) counted(`up ${message.type}`)
      }
      return hooks.frame ? hooks.frame(connection, direction, frame) : frame
    },
    arrived(connection, direction, frame) {
      trace.bytes(`link ${connection.id} ${direction}`, frame)
      if (direction === 'down') checker.arrivedDown(connection.id, frame)
      else checker.arrivedUp(connection.id, frame)
    },
    cut(_connection, lostFrames) {
      counted('connection cut')
      if (lostFrames > 0) counted('frames lost in a cut')
    },
  })
  /** The relay may speak before the laptop knows that the line is open. */
  const known = new Set<number>()
  const openedOnce = (connection: VirtualConnection): void => {
    if (known.has(connection.id)) return
    known.add(connection.id)
    checker.connectionOpened(connection.id, deviceOfTab(connection.tab), connection.user)
  }

  const devices: Device[] = []
  const lives = new Map<string, number>()
  /** Item names of the plan → ids, once the laptop that makes them knows. */
  const itemsByName = new Map<string, { id: ItemId; kind: ItemKind }>()

  const addDevice = (user: number): Device => {
    const index = devices.length
    const device: Device = {
      index, user,
      machine: { clockOffsetMs: 0 },
      line: network.line(`d${index}`),
      lock: createLock(scheduler, namedDice(seed, `lock ${index}`)),
      tabs: new Map(),
      disk: createDisk(scheduler, namedDice(seed, `disk ${index}`), {
        written(owner, name, args) {
          trace.add(`${owner.name} wrote ${name} ${described(args)}`)
          counted(`wrote ${name}`)
          checker.storeWritten(index, owner.name, users[user]!, name, args)
          // What came back or was parked by these, only the store can tell: it is read at this very commit.
          if (name === 'recheckSpace' || name === 'offerAgain' || name === 'removeSpace')
            void device.disk.inspect.outbox().then((rows) => checker.outboxAdopted(index, owner.name, rows))
          if (name === 'finishRecheck') void recheckFinished(device, (args as Parameters<EngineStore['finishRecheck']>)[0])
        },
        refused: (_owner, name) => counted(`local disk refused ${name === 'putLocal' ? 'an edit' : 'something else'}`),
      }),
    }
    devices.push(device)
    return device
  }

  const recheckFinished = async ({ index, disk: { inspect } }: Device, space: SpaceId): Promise<void> => {
    const [rows, outbox, entries] = await Promise.all([inspect.spaces(), inspect.outbox(), inspect.entriesAfter(0, Number.MAX_SAFE_INTEGER)])
    const row = rows.find((one) => one.space === space)
    if (row && !row.rechecking && row.role && may(row.role, 'item.write')) checker.recheckFinished(index, row, entries, outbox)
  }

  const die = (device: Device, open: OpenTab, atWrite?: 'before' | 'after'): void => {
    if (open.process.isDead) return
    if (atWrite) counted(`tab killed ${atWrite} a store write`)
    trace.add(`${open.name} dies`)
    open.process.kill()
    open.tab?.die()
    open.disk.kill()
    network.tabDied(open.process)
    device.tabs.delete(open.name)
    device.lock.released(open.process)
  }

  const openTab = (device: Device, name: string): void => {
    if (device.tabs.has(name)) return
    const life = (lives.get(name) ?? 0) + 1
    lives.set(name, life)
    const process = scheduler.process(`${name}#${life}`, device.machine)
    const open: OpenTab = { name, process, tab: null, disk: device.disk.openStore({ name, die: (torn) => die(device, open, torn) }) }
    device.tabs.set(name, open)
    trace.add(`${name} opens`)
    const dice = namedDice(seed, `engine ${name} ${life}`)
    const starting = makeEngine({
      store: hooks.store?.(open.disk.store, name) ?? open.disk.store,
      transport: network.transport(device.line, name, () => users[device.user]!, process),
      leadership: device.lock.leadershipFor(process),
      clock: process.clock,
      dice: hooks.engineDice?.(dice, device.index, name) ?? dice,
      me: must(people[device.user], 'a device has a user'),
      tidy: plan.tidy,
    })
    starting.then(
      (honest: Engine) => {
        if (process.isDead) return
        open.tab = createTab({
          name, process, history, seed, counted,
          now: () => scheduler.now,
          device: device.index,
          user: device.user,
          engine: hooks.engine?.(honest, name) ?? honest,
          spaceOf: (item) => must(history.items.get(item)?.space, 'only items that somebody made are opened'),
          statusShown: (tab) => trace.add(`${tab.name} shows ${tab.status?.state} ${tab.status?.inMemoryCount}/${tab.status?.waitingCount}/${tab.status?.parkedCount}`),
          // The page is closed, and opened again if there still is one.
          rebuilt: (tab, item) => void tab.close(item).then(() => openArrived(tab, device, item)).catch(fault),
          failed: fault,
          editFailed: (tab, error) => checker.breach(11, `${tab.name}: the engine refused an edit: ${String(error)}`),
        })
      },
      (error: unknown) => {
        if (!process.isDead) checker.breach(11, `${name} does not start: ${String(error)}`)
      },
    )
  }

  const closeTab = async (device: Device, name: string): Promise<void> => {
    const open = device.tabs.get(name)
    if (!open?.tab) return
    const { tab } = open
    tab.die({ keepProcess: true })
    await tab.engine.dispose()
    die(device, open)
  }

  const world: World = { plan, scheduler, checker, history, host, directory, spaces, users, devices, addDevice, openTab, closeTab }

  /** Checks that need no engine: after every event that changed something. */
  const afterEvent = (): void => {
    if (violations.length > 0) return
    for (const device of devices)
      for (const { tab, process } of device.tabs.values()) {
        // Nobody looks at a closed laptop; one that was just opened needs the moment that it always needs.
        if (process.asleepUntil + FOREIGN_TAB_LAG_MS > scheduler.now) continue
        if (tab?.isAlive && tab.status) checker.statusShown(device.index, tab.name, tab.status, tab.unsettled, tab.unsettledSince)
      }
  }
  let readBacks = 0
  /** The disks themselves, one laptop at a time. */
  const afterOp = async (): Promise<void> => {
    const device = devices[readBacks++ % Math.max(1, devices.length)]
    if (device) await readBackDevice(world, device)
  }

  const fault = (error: unknown): void => {
    // A full disk may keep a question from being answered; what was typed is not among the questions.
    if (error instanceof StoreError && error.failure.kind === 'quota') return counted('a call failed on a full disk')
    checker.breach(11, `something threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
  const skipped = Symbol('skipped')

  /** One line of the plan. What takes time goes on by itself. */
  function restart(device: Device): boolean {
    const names = [...device.tabs.keys()]
    for (const one of [...device.tabs.values()]) die(device, one)
    if (names.length > 0) scheduler.after(500, () => names.forEach((name) => openTab(device, name)))
    return names.length > 0
  }

  function perform(op: Op): typeof skipped | undefined {
    const device = 'device' in op && typeof op.device === 'number' ? devices[op.device] : 'tab' in op ? devices[deviceOfTab(op.tab)] : undefined
    if (!device && ('tab' in op || ('device' in op && op.device !== 'relay'))) return skipped
    const open = 'tab' in op ? device?.tabs.get(op.tab) : undefined
    const tab = open?.tab ?? null
    const item = 'item' in op ? itemsByName.get(op.item) : undefined
    const applies = (did: boolean): typeof skipped | undefined => (did ? undefined : skipped)

    switch (op.op) {
      case 'create': {
        const space = spaces[op.space]
        if (!tab || !space || !canWrite(device!.user, space)) return skipped
        tab.create(space, op.kind).then((id) => {
          history.itemMade(id, space, device!.index)
          itemsByName.set(op.item, { id, kind: op.kind })
          trace.add(`${op.item} is ${id}`)
        }, fault)
        return undefined
      }
      case 'open':
        if (!tab || !item || tab.handles.has(item.id)) return skipped
        openArrived(tab, device!, item.id).catch(fault)
        return undefined
      case 'close':
        if (!tab || !item || !tab.handles.has(item.id)) return skipped
        tab.close(item.id).catch(fault)
        return undefined
      case 'type':
        return applies(!!tab && !!item && mayType(device!, item.id) && tab.type(item.id, op.count, op.r))
      case 'delete':
        return applies(!!tab && !!item && mayType(device!, item.id) && tab.deleteToken(item.id, op.r))
      case 'format':
        return applies(!!tab && !!item && mayType(device!, item.id) && tab.format(item.id, op.r))
      case 'facts':
        return applies(!!tab && !!item && mayType(device!, item.id) && tab.editFacts(item.id, item.kind, op.action, op.r))
      case 'linked':
        return applies(!!tab && !!item && mayType(device!, item.id) && tab.editLinked(item.id, item.kind, op.r))
      case 'act':
        if (!tab || !item || !tab.handles.has(item.id) || !mayType(device!, item.id)) return skipped
        tab.act(item.id, op.act, op.r).catch(fault)
        return undefined
      case 'presence':
        if (!tab || !item || !tab.handles.has(item.id)) return skipped
        tab.engine.showPresence(item.id, { cursor: { anchor: 1, head: 2 } }).catch(fault)
        return undefined
      case 'peek':
        if (!tab) return skipped
        void Promise.all([tab.engine.status(), tab.engine.rows(), tab.engine.search('u1', 5)]).catch(fault)
        return undefined
      case 'openTab':
        if (open) return skipped
        openTab(device!, op.tab)
        return undefined
      case 'closeTab':
        if (!tab) return skipped
        closeTab(device!, op.tab).catch(fault)
        return undefined
      case 'killTab':
        if (!open) return skipped
        if (op.atWrite === 0) die(device!, open)
        else open.disk.armKill(op.atWrite, op.torn)
        return undefined
      case 'restartDevice':
        return applies(restart(device!))
      case 'loseRow': {
        if (!restart(device!)) return skipped
        const { index, user, disk } = device!
        // What waits of others, after a re-check, is theirs to offer as well.
        const own = checker.waitingOf(index).filter((entry) => checker.minted.get(entry)?.user === users[user])
        const lost = own[op.r % own.length]
        if (lost === undefined || !disk.loseRow(lost)) return skipped
        checker.rowLost(index, lost)
        return undefined
      }
      case 'sleep':
        if (device!.tabs.size === 0) return skipped
        for (const { process } of device!.tabs.values()) process.sleepUntil(scheduler.now + op.ms)
        return undefined
      case 'stealLead':
        return applies(!!open && device!.lock.steal(open.process))
      case 'network':
        if (device!.line.state === op.state) return skipped
        network.setState(device!.line, op.state)
        return undefined
      case 'partition':
        for (const index of op.devices) if (devices[index]) network.setState(devices[index].line, 'hole')
        return applies(op.devices.length > 0)
      case 'heal':
        for (const { line } of devices) network.setState(line, 'up')
        return undefined
      case 'cut':
        device!.line.cutAfterFrames = op.afterFrames
        return undefined
      case 'halfOpen':
        for (const connection of network.connectionsOf(device!.line)) connection.loseDirection(op.direction, 90_000)
        return applies(network.connectionsOf(device!.line).length > 0)
      case 'stall':
        for (const connection of network.connectionsOf(device!.line)) connection.stall(op.ms)
        return applies(network.connectionsOf(device!.line).length > 0)
      case 'letThrough':
        network.letThrough(device!.line, op.frames)
        return undefined
      case 'slow':
        Object.assign(device!.line, { slowUntil: scheduler.now + op.ms, slowFactor: 6_000 })
        return undefined
      case 'killRelay':
        if (!host.isUp) return skipped
        if (op.atCommit === 0) host.kill(op.downMs)
        else host.armKill(op.atCommit, op.torn, op.downMs)
        return undefined
      case 'failCommit':
        host.failCommits(op.count, op.torn)
        return undefined
      case 'failStore':
        device!.disk.failNext(op.count)
        return undefined
      case 'clock':
        if (device) device.machine.clockOffsetMs += op.ms
        else host.machine.clockOffsetMs += op.ms
        return undefined
      case 'role': {
        const [user, space] = [users[op.user], spaces[op.space]]
        if (!user || !space || directory.roleOf(user, space) === op.role) return skipped
        directory.setRole(user, space, op.role)
        return undefined
      }
      case 'retryParked':
      case 'discardParked':
        if (!tab) return skipped
        void choose(tab, op.op).catch(fault)
        return undefined
      case 'repeat':
        return applies(oldPushes.repeat(users[device!.user]!, op.count, op.r))
      case 'repeatAll': {
        const times = oldPushes.repeatAll(op.r)
        counts.set('pushes of hours ago', (counts.get('pushes of hours ago') ?? 0) + times)
        return applies(times > 0)
      }
      case 'backup':
        host.backup()
        return undefined
      case 'restore':
        return applies(host.restore(op.downMs))
      case 'image':
        host.takeImage()
        return undefined
      case 'putBack':
        return applies(host.putBackImage(op.downMs))
      case 'erase': {
        const space = item && history.items.get(item.id)?.space
        return applies(!!item && !!space && host.erase({ space, item: item.id, mode: op.mode }))
      }
    }
  }

  const canWrite = (user: number, space: SpaceId): boolean => directory.may(users[user]!, space, 'item.write')
  /** People type where the window lets them: offline by what the laptop last heard, so a lost right is found out later. */
  const mayType = (device: Device, item: ItemId): boolean => {
    const space = history.items.get(item)?.space
    const planned = space ? plan.users[device.user]?.[spaces.indexOf(space)] : null
    return planned !== 'reader' || (space !== undefined && canWrite(device.user, space))
  }
  /** Nobody sees, and opens, an item that has not reached the laptop. */
  const isHere = async (device: Device, item: ItemId): Promise<boolean> => {
    const [parts] = await device.disk.inspect.partsOf([item])
    return parts !== undefined && Object.values(parts).some(({ snapshot, entries }) => snapshot !== null || entries.length > 0)
  }
  const openArrived = async (tab: Tab, device: Device, item: ItemId): Promise<void> => {
    if (!(await isHere(device, item))) return counted('looked for before it arrived')
    if (!(await tab.open(item))) return
    counted('opened')
    // Erased for good while it was being opened: there is no row of it, and a window offers nothing to write in what has none.
    if (!(await isHere(device, item))) await tab.close(item)
  }
  const choose = async (tab: Tab, what: 'retryParked' | 'discardParked'): Promise<void> => {
    const parked = await tab.engine.parked()
    if (parked.length === 0) return
    const entries = parked.map(({ entry }) => entry)
    checker.personChose(entries)
    if (what === 'retryParked') {
      counted('parked edits offered again')
      return tab.engine.retryParked(entries)
    }
    counted('parked edits discarded')
    const exported = await tab.engine.exportParked(entries)
    if (exported.text.length === 0) checker.breach(9, `${tab.name}: refused edits cannot be exported`)
    await tab.engine.discardParked(entries)
  }

  const advance = async (ms: number): Promise<void> => {
    await scheduler.runUntil(scheduler.now + ms, afterEvent)
    await afterOp()
  }

  /** What an engine promised, with virtual time going on meanwhile. */
  const inTime = async <T>(promised: Promise<T>): Promise<T> => {
    let isSettled = false
    const settle = (): void => void (isSettled = true)
    promised.then(settle, settle)
    for (let waited = 0; !isSettled && waited < ANSWER_MS_MAX; waited++) await scheduler.runUntil(scheduler.now + 1)
    if (!isSettled) throw new Error('the engine never answers')
    return promised
  }

  /** Everything heals, and nobody does anything more. */
  async function settle(): Promise<void> {
    host.failCommits(0, 'before')
    host.disarm()
    for (const device of devices) {
      Object.assign(device.line, { cutAfterFrames: null, slowUntil: 0 })
      device.disk.failNext(0)
      network.setState(device.line, 'up')
      network.letThrough(device.line, null)
      for (const { disk } of device.tabs.values()) disk.disarm()
    }
    await advance(10)
    for (const device of devices) if (device.tabs.size === 0) openTab(device, tabName(device.index, 0))
    const deadline = scheduler.now + QUIET_MS_MAX
    for (let calm = 0; calm < 2; ) {
      await advance(QUIET_STEP_MS)
      const why = await whyNotQuiet(world)
      calm = why === null ? calm + 1 : 0
      if (violations.length > 0) return
      if (scheduler.now > deadline) return checker.breach(11, `never becomes quiet: ${why}`)
    }
  }

  await host.start()
  for (const { user, tabs } of plan.devices) {
    const device = addDevice(user)
    for (let tab = 0; tab < tabs; tab++) openTab(device, tabName(device.index, tab))
  }
  await advance(200)
  for (const op of plan.ops) {
    await advance(op.after)
    trace.add(JSON.stringify(op))
    if (perform(op) === skipped) counted('skipped')
    else counted(`op ${op.op}${op.op === 'facts' ? ` ${op.action}` : op.op === 'act' ? ` ${op.act}` : op.op === 'network' ? ` ${op.state}` : ''}`)
    await drainMicrotasks()
    if (violations.length > 0) break
  }
  if (violations.length === 0) await settle()
  if (violations.length === 0) await judgeAtRest(world, { advance, counted, inTime }).catch(fault)
  for (const device of devices) for (const open of [...device.tabs.values()]) die(device, open)
  host.process?.kill()
  return { seed, violations, counts, hash: trace.hash(), events: scheduler.eventCount, virtualMs: scheduler.now - START_TIME, lines: trace.lines }
}


/** Ids and places in the arguments of a store write, short: for people who read traces. */
function described(args: readonly unknown[]): string {
  const one = (value: unknown): string => {
    if (typeof value === 'string') return value.slice(0, 8)
    if (typeof value === 'number') return String(value)
    if (Array.isArray(value)) return `[${value.map(one).join(' ')}]`
    if (value instanceof Uint8Array || value === null || typeof value !== 'object') return ''
    const { entry, seq, part, item } = value as { entry?: string; seq?: number | null; part?: string; item?: string }
    return entry ? `${entry.slice(0, 8)}${part ? ` ${part} of ${(item ?? '').slice(0, 8)}` : ''}${seq ? ` #${seq}` : ''}` : ''
  }
  return args.map(one).filter((text) => text !== '').join(' ')
}
