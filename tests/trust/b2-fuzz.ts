/** B2: random frames before login and frames that are nearly right after it, while somebody honest goes on typing. */
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import { newId } from '../../shared/base/ids.ts'
import { below, pick, randomBytes, type Dice } from '../../shared/base/random.ts'
import { encodeUp, PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import type { UpMessage } from '../../shared/protocol/messages/index.ts'
import { residentMiB } from '../bench/machine.ts'
import { pushOf } from './client.ts'
import { withBystander, type Bystanding } from './crowd.ts'
import { count, type Row, type Trial } from './row.ts'

const SOCKETS_AT_ONCE = 16
const FRAMES_PER_SOCKET = 50
/** Random and nearly right frames by turns, so that the figure can tell what grows with frames from what a relay takes to be at work at all. */
const ROUNDS = 5
/**
 * From a fresh start, before the first frame. What a relay takes to be at work at all is in it: the young generation, compiled code, the pages that SQLite keeps. What
 * came from sockets is let go because the old generation is collected when it has grown by half (server/node-flags.mjs).
 */
const MEMORY_MIB_MAX = 50
/** How many sockets one address may open as nobody is limited (row A13); what is tried here is frames. */
const ADDRESSES_COUNT = 250

export const b2: Row = {
  id: 'B2',
  name: 'Protocol fuzz',
  promise: 'no frame, before login or after it, stops the relay, spoils the log or holds up the others',
  target: '1,000,000 + 1,000,000 frames by hand, 100,000 + 100,000 by default, 10,000 + 10,000 in CI: 0 exits, 0 bugs reported, memory +≤ 50 MB, honest p95 ≤ 250 ms',
  run: (trial) => withBystander(trial, 'B2', (scene) => fuzz(scene, trial)),
}

async function fuzz({ relay, group, space, dice, honest }: Bystanding, trial: Trial): Promise<undefined> {
  const frames = trial.count(10_000, 100_000, 1_000_000)
  const memoryAtStart = residentMiB(relay.pid)
  let [memoryAfterFirst, socketsCount] = [0, 0]
  const kinds = [
    { when: 'before login', cookie: '', greeted: false, sent: 0, make: () => randomBytes(dice, below(dice, 3) === 0 ? below(dice, 20_000) : below(dice, 64)) },
    { when: 'after login', cookie: group.cookie(1), greeted: true, sent: 0, make: () => nearlyRight(dice, space, honest.item) },
  ]
  for (let round = 1; round <= ROUNDS; round++) {
    for (const kind of kinds) {
      const dig = async (): Promise<void> => {
        while (kind.sent < (frames * round) / ROUNDS && relay.isUp) {
          kind.sent += await throwAt(relay.address, `127.0.0.${2 + (socketsCount++ % ADDRESSES_COUNT)}`, kind.cookie, kind.greeted, dice, kind.make)
          trial.progress(`${kind.sent} of ${frames} ${kind.when}`)
        }
      }
      await Promise.all(Array.from({ length: SOCKETS_AT_ONCE }, dig))
    }
    await sleep(100)
    if (round === 1 && relay.isUp) memoryAfterFirst = residentMiB(relay.pid)
  }
  trial.figure(kinds.map(({ when, sent }) => `${count(sent, 'frame')} ${when}`).join(', '))
  if (trial.size === 'small' || !relay.isUp) return
  const now = residentMiB(relay.pid)
  const signed = (mib: number): string => `${mib >= 0 ? '+' : ''}${mib.toFixed(0)} MiB`
  trial.figure(`memory ${signed(now - memoryAtStart)}, ${signed(now - memoryAfterFirst)} of it after the first fifth`)
  if (now - memoryAtStart > MEMORY_MIB_MAX) trial.missed(`memory ${signed(now - memoryAtStart)}`)
}

/** One socket and what it says until it is closed. Out: frames that left. */
function throwAt(address: string, localAddress: string, cookie: string, greeted: boolean, dice: Dice, make: () => Uint8Array): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${address.replace('http', 'ws')}/sync`, { headers: { ...(cookie === '' ? {} : { cookie }), origin: address }, localAddress, perMessageDeflate: false })
    let sent = 0
    socket.on('error', () => undefined) // its close follows
    socket.on('close', () => resolve(sent))
    socket.on('open', () => {
      if (greeted) socket.send(encodeUp({ type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MAX, build: 'fuzz', device: newId(dice), pendingCount: 0 }))
      for (; sent < FRAMES_PER_SOCKET; sent++) socket.send(make(), { binary: true })
      socket.close()
    })
  })
}

const NUMBERS = [0, 1, 2, 127, 128, 255, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1]

/** A message that could be one, with a field or a byte that is not. */
function nearlyRight(dice: Dice, space: string, item: string): Uint8Array {
  const number = (): number => pick(dice, NUMBERS)
  const id = (): string => (below(dice, 2) === 0 ? newId(dice) : pick(dice, [space, item, '0'.repeat(32), 'f'.repeat(32)]))
  const bytes = (): Uint8Array => randomBytes(dice, below(dice, 200))
  const makers: (() => UpMessage)[] = [
    () => ({ type: 'hello', protoMin: number(), protoMax: number(), build: 'x'.repeat(below(dice, 40)), device: id(), pendingCount: number() }),
    () => ({ type: 'sub', space: id(), epoch: id(), cursor: number(), tailHash: randomBytes(dice, 16) }),
    () => ({ type: 'unsub', space: id() }),
    () => ({ ...pushOf({ n: 1 + below(dice, 60), space, entry: id(), item: id(), part: pick(dice, ['prose', 'facts', 'act'] as const), writer: id(), payload: bytes() }), fragment: below(dice, 3), fragments: 1 + below(dice, 3) }),
    () => ({ ...pushOf({ n: 1 + below(dice, 60), space: id(), entry: id(), item, writer: id(), payload: Uint8Array.of(1, 1, 200 + below(dice, 50), 1, 0, 4, 1, 5, 112, 114, 111, 115, 101, below(dice, 255), ...bytes()) }) }),
    () => ({ type: 'fetch', request: number(), space: id(), item: id(), part: pick(dice, ['prose', 'facts', 'act'] as const), from: number(), upTo: number() }),
    () => ({ type: 'presence', space: id(), item: id(), open: below(dice, 2) === 0, bytes: bytes() }),
    () => ({ type: 'recv', space: id(), cursor: number() }),
    () => ({ type: 'ping', pendingCount: number(), oldestPendingAgeMs: number() }),
  ]
  const frame = Buffer.from(encodeUp(...Array.from({ length: 1 + below(dice, 3) }, () => pick(dice, makers)())))
  switch (below(dice, 6)) {
    case 0:
      frame[below(dice, frame.length)] = below(dice, 256)
      return frame
    case 1:
      return frame.subarray(0, below(dice, frame.length))
    case 2:
      return Buffer.concat([frame, randomBytes(dice, below(dice, 40))])
    case 3:
      return Buffer.concat([frame.subarray(0, below(dice, frame.length)), randomBytes(dice, 1 + below(dice, 9)), frame.subarray(below(dice, frame.length))])
    default:
      return frame
  }
}
