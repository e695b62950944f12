// Automerge changes byte by byte (automerge.org/automerge-binary-format-spec): what a hostile program could write around a right hash.
import { hash } from 'node:crypto'
import { fromHex } from '../../shared/base/bytes.ts'

export type Column = readonly [spec: number, data: readonly number[]]
export interface Fields {
  deps?: readonly string[]
  actor?: Uint8Array
  seq?: number
  startOp?: number
  time?: number
  others?: readonly Uint8Array[]
}

export function uleb(value: number): number[] {
  const bytes: number[] = []
  for (let left = BigInt(value); ; ) {
    const low = Number(left & 127n)
    left >>= 7n
    if (left === 0n) return [...bytes, low]
    bytes.push(low | 128)
  }
}

export function sleb(value: number): number[] {
  const bytes: number[] = []
  for (let left = BigInt(value); ; ) {
    const low = Number(left & 127n)
    left >>= 7n
    const isSignSet = (low & 64) !== 0
    if ((left === 0n && !isSignSet) || (left === -1n && isSignSet)) return [...bytes, low]
    bytes.push(low | 128)
  }
}

/** What a plain change says, without the magic, checksum, type and length around it. */
export function contentsOf(change: Uint8Array): Uint8Array {
  let at = 9
  while ((change[at++] ?? 0) >= 0x80);
  return change.subarray(at)
}

/** In: `hashed` where the contents are compressed. */
export function chunkOf(contents: Uint8Array, type = 1, hashed = contents): Uint8Array {
  const sum = hash('sha256', Buffer.concat([Buffer.from([1, ...uleb(hashed.length)]), hashed]), 'buffer')
  return Buffer.concat([Buffer.from([0x85, 0x6f, 0x4a, 0x83]), sum.subarray(0, 4), Buffer.from([type, ...uleb(contents.length)]), contents])
}

export const rawChange = (columns: readonly Column[], { deps = [], actor = new Uint8Array(16).fill(7), seq = 1, startOp = 1, time = 0, others = [] }: Fields = {}): Uint8Array =>
  chunkOf(Uint8Array.from([
    ...uleb(deps.length), ...deps.flatMap((dep) => [...fromHex(dep)]), ...uleb(actor.length), ...actor, ...uleb(seq), ...uleb(startOp), ...sleb(time), 0,
    ...uleb(others.length), ...others.flatMap((other) => [other.length, ...other]),
    ...uleb(columns.length), ...columns.flatMap(([spec, data]) => [...uleb(spec), ...uleb(data.length)]), ...columns.flatMap(([, data]) => data),
  ]))

export const KEY = [1, 'k'.charCodeAt(0)]
const SET = 1
/** Every column of `count` operations on one register, as a run; `one` as the literal that Automerge writes. */
export const register = (count: number, action = SET): Column[] => {
  const times = count === 1 ? [0x7f] : sleb(count)
  return [[0x15, [...times, ...KEY]], [0x34, uleb(count)], [0x42, [...times, action]], [0x56, [...times, 0]], [0x70, [...times, 0]]]
}

/** Applied and saved by Automerge, and never opened again; nothing in its bytes alone shows that what it replaces was never answered. */
export const unopenableChange = (fields: Fields = {}): Uint8Array =>
  rawChange([...register(1).filter(([spec]) => spec !== 0x70), [0x70, [0x7f, 1]], [0x71, [0x7f, 0]], [0x73, [0x7f, 50]]], { startOp: 90, ...fields })

/** Cannot be applied: its value says that it is longer than the bytes there are. */
export const unreadableChange = (fields: Fields = {}): Uint8Array =>
  rawChange([...register(1).filter(([spec]) => spec !== 0x56 && spec !== 0x70), [0x56, [0x7f, ...uleb(2 ** 30 * 16 + 6)]], [0x57, [65]], [0x70, [0x7f, 0]]], fields)
