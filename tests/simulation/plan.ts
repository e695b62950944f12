/**
 * A schedule as data: who is there, and what they and the world do, line by line. Everything that chance decides is decided here or drawn
 * from streams named after their owner, so that a plan can lose lines and the rest still means the same; a line that no
 * longer applies (its tab is dead, its item was never made) is skipped.
 */
import { below, chance, namedDice, pick, type Dice } from '../../shared/base/random.ts'
import type { ActKind } from '../../shared/model/acts.ts'
import type { Role } from '../../shared/model/grants.ts'

export type ItemKind = 'agreement' | 'meeting' | 'knowledge'
export type FactsAction = 'set' | 'insert' | 'remove' | 'restore' | 'move'

export type Op = { after: number } & (
  | { op: 'create'; tab: string; space: number; item: string; kind: ItemKind }
  | { op: 'open'; tab: string; item: string }
  | { op: 'close'; tab: string; item: string }
  | { op: 'type'; tab: string; item: string; count: number; r: number }
  | { op: 'delete'; tab: string; item: string; r: number }
  | { op: 'format'; tab: string; item: string; r: number }
  | { op: 'facts'; tab: string; item: string; action: FactsAction; r: number }
  | { op: 'linked'; tab: string; item: string; r: number }
  | { op: 'act'; tab: string; item: string; act: ActKind; r: number }
  | { op: 'presence'; tab: string; item: string }
  | { op: 'peek'; tab: string }
  | { op: 'openTab'; tab: string }
  | { op: 'closeTab'; tab: string }
  /** Dies at its n-th store write from now: `before` the write happened or `after` it, unheard. 0: at once. */
  | { op: 'killTab'; tab: string; atWrite: number; torn: 'before' | 'after' }
  | { op: 'restartDevice'; device: number }
  | { op: 'sleep'; device: number; ms: number }
  | { op: 'stealLead'; tab: string }
  | { op: 'network'; device: number; state: 'up' | 'down' | 'hole' }
  | { op: 'partition'; devices: number[] }
  | { op: 'heal' }
  | { op: 'cut'; device: number; afterFrames: number }
  | { op: 'halfOpen'; device: number; direction: 'up' | 'down' | 'both' }
  | { op: 'stall'; device: number; ms: number }
  /** Only so many frames more come down; null: all again. */
  | { op: 'letThrough'; device: number; frames: number | null }
  | { op: 'slow'; device: number; ms: number }
  /** The relay dies at its n-th commit from now: before it is synced, or after it and before anybody heard. 0: at once. */
  | { op: 'killRelay'; atCommit: number; torn: 'before' | 'after'; downMs: number }
  /** The next commits fail: nothing written, or written and reported as failed. */
  | { op: 'failCommit'; count: number; torn: 'before' | 'after' }
  /** The next local writes of a device are refused as if the disk were full. */
  | { op: 'failStore'; device: number; count: number }
  /** A laptop stops and starts, and one of its rows that waited to be sent is not there any more: a record of its store went bad. */
  | { op: 'loseRow'; device: number; r: number }
  | { op: 'clock'; device: number | 'relay'; ms: number }
  | { op: 'role'; user: number; space: number; role: Role | null }
  | { op: 'retryParked'; tab: string }
  | { op: 'discardParked'; tab: string }
  /** What somebody sent long ago comes again, several times and in any order. */
  | { op: 'repeat'; device: number; count: number; r: number }
  /** The same with everything that anybody sent. */
  | { op: 'repeatAll'; r: number }
  | { op: 'backup' }
  /** The relay's machine is set back to its last backup, under a new epoch. */
  | { op: 'restore'; downMs: number }
  /** An image of the relay's machine, and the machine put back to it: the same epoch, and less of the log. */
  | { op: 'image' }
  | { op: 'putBack'; downMs: number }
  /** For good: an item, or what was deleted from its text. */
  | { op: 'erase'; item: string; mode: 'whole' | 'history' }
)
export type OpName = Op['op']
/** Lines that are drawn one at a time; the others belong together, and come as a whole. */
type DrawnName = Exclude<OpName, 'image' | 'putBack' | 'letThrough' | 'loseRow'>

export interface Plan {
  seed: number
  /** users[u][s]: role of user u in space s at the beginning. */
  users: (Role | null)[][]
  devices: { user: number; tabs: number }[]
  /** Laptops that merge what they stored after a few entries already; left out: after as many as people have. */
  tidy?: { everyMs: number; entriesCountMax: number }
  ops: Op[]
}

export const tabName = (device: number, tab: number): string => `d${device}t${tab}`
export const deviceOfTab = (tab: string): number => Number(tab.slice(1, tab.indexOf('t')))

const DAY_MS = 86_400_000

/** Relative weights; a schedule switches some of the faults off (swarm testing), so that rare combinations get room. */
const WORK: [DrawnName, number][] = [
  ['type', 26], ['delete', 5], ['format', 3], ['facts', 16], ['linked', 5], ['act', 7], ['create', 2], ['open', 5], ['close', 3], ['presence', 2], ['peek', 2],
]
const FAULTS: [DrawnName, number][] = [
  ['network', 6], ['partition', 2], ['heal', 5], ['cut', 7], ['halfOpen', 2], ['stall', 2], ['slow', 2], ['killTab', 6], ['openTab', 6], ['closeTab', 2], ['restartDevice', 2],
  ['sleep', 1.5], ['stealLead', 2], ['killRelay', 3], ['failCommit', 2], ['failStore', 1.5], ['clock', 2], ['role', 2.5], ['retryParked', 2], ['discardParked', 0.7], ['repeat', 2], ['backup', 3], ['restore', 2.5], ['erase', 2],
]
const LISTS_OF_KIND: Record<ItemKind, number> = { agreement: 1, meeting: 1, knowledge: 1 }
const ACT_KINDS: [ActKind, number][] = [['propose', 5], ['sign', 5], ['adopt', 3], ['revise', 2], ['consult', 1], ['withdraw', 0.7], ['publish', 1]]

function weighted<T>(dice: Dice, choices: readonly (readonly [T, number])[]): T {
  const total = choices.reduce((sum, [, weight]) => sum + weight, 0)
  let at = (dice.uint32() / 0x1_0000_0000) * total
  for (const [value, weight] of choices) {
    at -= weight
    if (at < 0) return value
  }
  return choices[choices.length - 1]![0]
}

/** Sizes of the schedules; the simulation's minutes are this times the number of schedules. */
export interface PlanSize {
  opsMin: number
  opsMax: number
  devicesMax: number
}
export const DEFAULT_SIZE: PlanSize = { opsMin: 50, opsMax: 120, devicesMax: 5 }
/** A few are large: a long one costs as much as six others, and what it takes to go wrong is mostly there in a short one. */
const LARGE_SIZE: PlanSize = { opsMin: 120, opsMax: 400, devicesMax: 8 }
const LARGE_SHARE = 0.06
const sizeOf = (seed: number): PlanSize => (chance(namedDice(seed, 'size'), LARGE_SHARE) ? LARGE_SIZE : DEFAULT_SIZE)

/** A fault of more than one line has dice of its own: the rest of a plan is what it would be without it. */
const PUT_BACK_SHARE = 0.16

/** The relay's machine is put back to an image of itself, while somebody types whose own words have not come back yet: only the acknowledgement did. */
function addPutBack(ops: Op[], dice: Dice, deviceCount: number): void {
  if (!chance(dice, PUT_BACK_SHARE)) return
  const from = below(dice, ops.length)
  const to = from + below(dice, ops.length - from)
  const device = below(dice, deviceCount)
  ops.splice(to, 0,
    { after: 100, op: 'open', tab: tabName(device, 0), item: 'i0' },
    { after: 300, op: 'letThrough', device, frames: 1 },
    { after: 0, op: 'type', tab: tabName(device, 0), item: 'i0', count: 1, r: dice.uint32() },
    { after: 60 + below(dice, 60), op: 'putBack', downMs: 50 + below(dice, 8_000) },
    { after: 0, op: 'letThrough', device, frames: null },
  )
  ops.splice(from, 0, { after: 10, op: 'image' })
}

/** Somebody types without a line, and what waits is not there any more after a start. */
const LOSE_ROW_SHARE = 0.12
function addLoseRow(ops: Op[], dice: Dice, deviceCount: number): void {
  if (!chance(dice, LOSE_ROW_SHARE)) return
  const device = below(dice, deviceCount)
  ops.splice(below(dice, ops.length), 0,
    { after: 100, op: 'open', tab: tabName(device, 0), item: 'i0' },
    { after: 300, op: 'network', device, state: 'down' },
    { after: 20, op: 'type', tab: tabName(device, 0), item: 'i0', count: 1 + below(dice, 3), r: dice.uint32() },
    { after: 100 + below(dice, 1_000), op: 'loseRow', device, r: dice.uint32() },
    { after: 1_000, op: 'network', device, state: 'up' },
  )
}

export function makePlan(seed: number, size: PlanSize = sizeOf(seed)): Plan {
  const dice = namedDice(seed, 'plan')
  const shape = namedDice(seed, 'shape')
  const spaceCount = 1 + below(shape, 2)
  const deviceCount = 2 + below(shape, Math.max(1, size.devicesMax - 1))
  const userCount = Math.max(2, deviceCount - below(shape, 2))
  const users: (Role | null)[][] = Array.from({ length: userCount }, (_, user) =>
    Array.from({ length: spaceCount }, () => {
      if (user === 0) return 'leader'
      return weighted<Role | null>(shape, [['member', 6], ['leader', 2], ['reader', 1.5], [null, 1]])
    }),
  )
  // Somebody must be there to disagree with.
  if (!users.slice(1).some((roles) => roles[0] === 'member' || roles[0] === 'leader')) users[1]![0] = 'member'
  const devices = Array.from({ length: deviceCount }, (_, device) => ({ user: device % userCount, tabs: 1 + below(shape, 2) }))
  const faults = FAULTS.filter(([name]) => name === 'openTab' || name === 'heal' || chance(shape, 0.6))
  const faultShare = 0.1 + 0.25 * (below(shape, 1000) / 1000)
  const opCount = size.opsMin + below(shape, size.opsMax - size.opsMin + 1)
  const paceMs = pick(shape, [15, 60, 250])

  const items: { name: string; kind: ItemKind; space: number }[] = []
  const ops: Op[] = []
  const anyTab = (): string => {
    const device = below(dice, devices.length)
    return tabName(device, below(dice, devices[device]!.tabs))
  }
  const create = (tab: string): Op => {
    const kind = pick(dice, Object.keys(LISTS_OF_KIND) as ItemKind[])
    const item = { name: `i${items.length}`, kind, space: below(dice, spaceCount) }
    items.push(item)
    return { after: 0, op: 'create', tab, space: item.space, item: item.name, kind }
  }
  ops.push({ ...create(tabName(0, 0)), after: 50 }, { ...create(tabName(0, 0)), after: 20 })
  // Some begin together on one page, some alone in the village hall.
  if (chance(shape, 0.7)) for (let device = 0; device < deviceCount; device++) ops.push({ after: device === 0 ? 400 : 5, op: 'open', tab: tabName(device, 0), item: 'i0' })

  while (ops.length < opCount) {
    const name = weighted(dice, chance(dice, faultShare) ? faults : WORK)
    const after = chance(dice, 0.03) ? 5_000 + below(dice, 60_000) : below(dice, 2 * paceMs)
    const tab = anyTab()
    const device = below(dice, devices.length)
    const item = pick(dice, chance(dice, 0.5) ? [items[0]!] : items).name
    const r = dice.uint32()
    const torn = pick(dice, ['before', 'after'] as const)
    switch (name) {
      case 'create':
        if (items.length < 6) ops.push({ ...create(tab), after })
        break
      case 'open':
      case 'close':
      case 'presence':
        ops.push({ after, op: name, tab, item })
        break
      case 'type':
        ops.push({ after, op: name, tab, item, count: 1 + below(dice, 3), r })
        break
      case 'delete':
      case 'format':
      case 'linked':
        ops.push({ after, op: name, tab, item, r })
        break
      case 'facts':
        ops.push({ after, op: name, tab, item, action: weighted<FactsAction>(dice, [['set', 6], ['insert', 3], ['remove', 1.5], ['restore', 1], ['move', 1.5]]), r })
        break
      case 'act':
        ops.push({ after, op: name, tab, item, act: weighted(dice, ACT_KINDS), r })
        break
      case 'peek':
      case 'openTab':
      case 'closeTab':
      case 'stealLead':
      case 'retryParked':
      case 'discardParked':
        ops.push({ after, op: name, tab })
        break
      case 'killTab':
        ops.push({ after, op: name, tab, atWrite: below(dice, 6), torn })
        break
      case 'restartDevice':
        ops.push({ after, op: name, device })
        break
      case 'sleep':
        ops.push({ after, op: name, device, ms: 1_000 + below(dice, 120_000) })
        break
      case 'network':
        ops.push({ after, op: name, device, state: weighted(dice, [['down', 3], ['hole', 2], ['up', 4]] as const) })
        break
      case 'partition':
        ops.push({ after, op: name, devices: devices.map((_, index) => index).filter(() => chance(dice, 0.5)) })
        break
      case 'heal':
      case 'backup':
        ops.push({ after, op: name })
        break
      case 'cut':
        ops.push({ after, op: name, device, afterFrames: 1 + below(dice, 12) })
        break
      case 'halfOpen':
        ops.push({ after, op: name, device, direction: pick(dice, ['up', 'down', 'both'] as const) })
        break
      case 'stall':
        ops.push({ after, op: name, device, ms: 200 + below(dice, 30_000) })
        break
      case 'repeat':
        ops.push({ after, op: name, device, count: 1 + below(dice, 12), r })
        break
      case 'slow':
        ops.push({ after, op: name, device, ms: 2_000 + below(dice, 20_000) })
        break
      case 'killRelay':
        ops.push({ after, op: name, atCommit: below(dice, 4), torn, downMs: 50 + below(dice, 8_000) })
        break
      case 'failCommit':
        ops.push({ after, op: name, count: 1 + below(dice, 3), torn })
        break
      case 'failStore':
        ops.push({ after, op: name, device, count: 1 + below(dice, 3) })
        break
      case 'clock':
        ops.push({ after, op: name, device: chance(dice, 0.2) ? 'relay' : device, ms: below(dice, 402 * DAY_MS) - 2 * DAY_MS })
        break
      case 'role': {
        // The first user keeps the lead, so that there is always somebody to read the end.
        const user = 1 + below(dice, Math.max(1, userCount - 1))
        ops.push({ after, op: name, user, space: below(dice, spaceCount), role: weighted<Role | null>(dice, [['member', 4], ['leader', 1], ['reader', 2], [null, 2.5]]) })
        break
      }
      case 'restore':
        ops.push({ after, op: name, downMs: 50 + below(dice, 5_000) })
        break
      case 'repeatAll':
        ops.push({ after, op: name, r })
        break
      case 'erase':
        // Mostly what was deleted from a text: after that people go on in it.
        ops.push({ after, op: name, item, mode: chance(dice, 0.25) ? 'whole' : 'history' })
        break
    }
  }
  addPutBack(ops, namedDice(seed, 'image'), devices.length)
  addLoseRow(ops, namedDice(seed, 'lose'), devices.length)
  const tidying = namedDice(seed, 'tidy')
  return { seed, users, devices, ...(chance(tidying, 0.4) ? { tidy: { everyMs: 1_000 + below(tidying, 20_000), entriesCountMax: 1 + below(tidying, 6) } } : {}), ops }
}
