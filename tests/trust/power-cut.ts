/**
 * What a disk may hold after a power cut, from the trace of everything that was asked of it. What was synced is there. Of what was not, any part
 * may be: each write whole, not at all, or torn at sectors of 512 bytes, in any order. What a failed sync should have written is gone for good,
 * although the program still reads it from memory: that is what Linux does. Names follow in their order once their folder, or the file, is synced.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { must } from '../../shared/base/assert.ts'
import { below, chance, type Dice } from '../../shared/base/random.ts'

const SECTOR_BYTES = 512
const HEAD_BYTES = 20

type Change = { kind: 'write'; at: number; data: Buffer } | { kind: 'truncate'; size: number }
interface Inode {
  durable: Bytes
  pending: Change[]
}
type Naming = { kind: 'create'; path: string; inode: Inode } | { kind: 'rename'; from: string; to: string } | { kind: 'unlink'; path: string }

export interface Disk {
  /** Applies the trace up to a position of its bytes. */
  advance(to: number): void
  /** Whether there is anything that a power cut could take. */
  readonly isClean: boolean
  /** Writes one of the possible remains into a fresh folder. */
  image(folder: string, dice: Dice): void
  /** Ends of all records. */
  readonly positions: readonly number[]
}

/** The bytes of a file. It grows by halves: a log of megabytes is written by thousands of appends, and a new buffer for each was most of a trial. */
class Bytes {
  #buffer: Buffer
  #length: number

  constructor(from: Buffer = Buffer.alloc(0)) {
    this.#buffer = from
    this.#length = from.length
  }
  get all(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }
  /** Of its own: what becomes of either is nothing to the other. */
  copy(): Bytes {
    return new Bytes(Buffer.from(this.all))
  }
  write(at: number, data: Buffer): void {
    if (at + data.length > this.#length) this.#resize(at + data.length)
    data.copy(this.#buffer, at)
  }
  change(change: Change): void {
    if (change.kind === 'truncate') this.#resize(change.size)
    else this.write(change.at, change.data)
  }
  #resize(length: number): void {
    if (length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.ceil(length * 1.5))
      this.all.copy(larger)
      this.#buffer = larger
    }
    // What was cut off does not come back when a file grows again.
    if (length > this.#length) this.#buffer.fill(0, this.#length, length)
    this.#length = length
  }
}

/** In: the folder as it was before the trace began (everything in it was synced long ago). */
export function createDisk(data: string, before: string, trace: Buffer): Disk {
  const names = new Map<string, Inode>()
  const durableNames = new Map<string, Inode>()
  let namings: Naming[] = []
  for (const name of readdirSync(before)) {
    if (!statSync(join(before, name)).isFile() || name.endsWith('-shm')) continue
    const inode: Inode = { durable: new Bytes(readFileSync(join(before, name))), pending: [] }
    names.set(join(data, name), inode)
    durableNames.set(join(data, name), inode)
  }
  const positions: number[] = []
  for (let at = 0; at + HEAD_BYTES <= trace.length; ) {
    at += HEAD_BYTES + trace.readUInt32LE(at + 4) + trace.readUInt32LE(at + 16)
    if (at <= trace.length) positions.push(at)
  }
  const settle = (naming: Naming, into: Map<string, Inode>): void => {
    if (naming.kind === 'create') into.set(naming.path, naming.inode)
    else if (naming.kind === 'unlink') into.delete(naming.path)
    else {
      const inode = into.get(naming.from)
      into.delete(naming.from)
      if (inode) into.set(naming.to, inode)
    }
  }
  const inodeOf = (path: string): Inode => {
    let inode = names.get(path)
    if (!inode) names.set(path, (inode = { durable: new Bytes(), pending: [] }))
    return inode
  }

  let done = 0
  function apply(at: number): void {
    const kind = trace.readUInt32LE(at)
    const pathLength = trace.readUInt32LE(at + 4)
    const place = Number(trace.readBigUInt64LE(at + 8))
    const path = trace.toString('utf8', at + HEAD_BYTES, at + HEAD_BYTES + pathLength)
    const data_ = trace.subarray(at + HEAD_BYTES + pathLength, at + HEAD_BYTES + pathLength + trace.readUInt32LE(at + 16))
    switch (kind) {
      case 1: {
        if (names.has(path)) return
        namings.push({ kind: 'create', path, inode: inodeOf(path) })
        return
      }
      case 2:
        return void inodeOf(path).pending.push({ kind: 'write', at: place, data: data_ })
      case 3:
        return void inodeOf(path).pending.push({ kind: 'truncate', size: place })
      case 4: {
        if (path === data) {
          for (const naming of namings) settle(naming, durableNames)
          namings = []
          return
        }
        const inode = inodeOf(path)
        for (const change of inode.pending) inode.durable.change(change)
        inode.pending = []
        const created = namings.findIndex((naming) => naming.kind === 'create' && naming.path === path)
        if (created >= 0) settle(must(namings.splice(created, 1)[0], 'just found'), durableNames)
        return
      }
      case 5: {
        const naming: Naming = { kind: 'rename', from: path, to: data_.toString('utf8') }
        settle(naming, names)
        namings.push(naming)
        return
      }
      case 6: {
        const naming: Naming = { kind: 'unlink', path }
        settle(naming, names)
        namings.push(naming)
        return
      }
      case 7: {
        const inode = inodeOf(path)
        inode.pending = inode.pending.filter((change) => change.kind === 'truncate')
        return
      }
      default:
        throw new Error(`Bug: a record of kind ${kind} in the trace`)
    }
  }

  return {
    positions,
    get isClean() {
      return namings.length === 0 && [...names.values()].every((inode) => inode.pending.length === 0)
    },
    advance(to) {
      while (done + HEAD_BYTES <= trace.length) {
        const end = done + HEAD_BYTES + trace.readUInt32LE(done + 4) + trace.readUInt32LE(done + 16)
        if (end > to || end > trace.length) return
        apply(done)
        done = end
      }
    },
    image(folder, dice) {
      mkdirSync(folder, { recursive: true })
      const present = new Map(durableNames)
      for (const naming of namings.slice(0, below(dice, namings.length + 1))) settle(naming, present)
      // Some cuts take everything that was not synced, some hardly anything: both kinds of remains are found.
      const kept = [0, 0.5, 0.9][below(dice, 3)] ?? 0
      for (const [path, inode] of present) {
        const bytes = inode.durable.copy()
        for (const change of inode.pending) {
          if (!chance(dice, kept)) {
            if (change.kind === 'write' && kept > 0 && chance(dice, 0.5)) tear(bytes, change.at, change.data, dice)
            continue
          }
          bytes.change(change)
        }
        const target = join(folder, path.slice(data.length + 1))
        mkdirSync(dirname(target), { recursive: true })
        writeFileSync(target, bytes.all)
      }
    },
  }
}

function tear(bytes: Bytes, at: number, data: Buffer, dice: Dice): void {
  for (let from = 0; from < data.length; from += SECTOR_BYTES - ((at + from) % SECTOR_BYTES)) {
    const size = Math.min(SECTOR_BYTES - ((at + from) % SECTOR_BYTES), data.length - from)
    if (chance(dice, 0.5)) bytes.write(at + from, data.subarray(from, from + size))
  }
}
