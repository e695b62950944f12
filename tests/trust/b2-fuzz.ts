/** B2: random frames before login and frames that are nearly right after it, while somebody honest goes on typing. */
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import WebSocket from 'ws'
import { must } from '../../shared/base/assert.ts'
import { newId } from '../../shared/base/ids.ts'
import { below, namedDice, pick, randomBytes, type Dice } from '../../shared/base/random.ts'
import { encodeUp, PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import type { UpMessage } from '../../shared/protocol/messages/index.ts'
import { quantile, residentMiB } from '../bench/machine.ts'
import { settle } from './people.ts'
import { pushOf } from './client.ts'
import { createObserver } from './observer.ts'
import { relayProcess, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { createWriter } from './writer.ts'

const SOCKETS_AT_ONCE = 16
const FRAMES_PER_SOCKET = 50
const MEMORY_MIB_MAX = 50
const HONEST_P95_MS_MAX = 250

export const b2: Row = {
  id: 'B2',
  name: 'Protocol fuzz',
  promise: 'no frame, before login or after it, stops the relay, spoils the log or holds up the others',
  target: '1,000,000 + 1,000,000 frames by hand, 100,000 + 100,000 by default, 10,000 + 10,000 in CI: 0 exits, 0 bugs reported, memory +≤ 50 MB, honest p95 ≤ 250 ms',
  run: (trial) => withFolder((folder) => fuzz(folder, trial)),
}

async function fuzz(folder: string, trial: Trial): Promise<void> {
  const frames = trial.count(10_000, 100_000, 1_000_000)
  const dice = namedDice(trial.seed, 'B2')
  const data = join(folder, 'data')
  const { members, ...group } = settle(data, 1, 2)
  const space = group.space(0)
  const [honest, hostile] = [must(members[0], 'a member'), must(members[1], 'a member')]
  const relay = relayProcess({ data })
  await relay.start()
  const pid = relay.pid
  const times: number[] = []
  try {
    const observer = createObserver(space, dice, trial.violation)
    await observer.connect(relay.address, honest.cookie)
    let last = performance.now()
    const writer = createWriter({
      space, dice, window: 1,
      onAcknowledged() {
        times.push(performance.now() - last)
        last = performance.now()
      },
    })
    const { gone } = await writer.connect(relay.address, honest.cookie)
    let isHonestGone = false
    void gone.then(() => (isHonestGone = true))
    const memoryBefore = residentMiB(pid)
    const sent: Record<string, number> = {}
    for (const [when, cookie, greeted, make] of [
      ['before login', '', false, () => randomBytes(dice, below(dice, 3) === 0 ? below(dice, 20_000) : below(dice, 64))],
      ['after login', hostile.cookie, true, () => nearlyRight(dice, space, must(writer.item, 'an item'))],
    ] as const) {
      sent[when] = 0
      const dig = async (): Promise<void> => {
        while ((sent[when] ?? 0) < frames && relay.isUp) {
          sent[when] = (sent[when] ?? 0) + (await throwAt(relay.address, cookie, greeted, dice, make))
          trial.progress(`${sent[when]} of ${frames} ${when}`)
        }
      }
      await Promise.all(Array.from({ length: SOCKETS_AT_ONCE }, dig))
    }
    await sleep(100)
    if (!relay.isUp || relay.pid !== pid) trial.violation(`the relay ended: ${relay.output().slice(-500)}`)
    if (isHonestGone) trial.violation('somebody honest was cut off')
    if (/a bug in the relay|unhandled|uncaught/i.test(relay.output())) trial.violation(`the relay reports: ${/.*(a bug in the relay|unhandled|uncaught).*/i.exec(relay.output())?.[0].slice(0, 400)}`)
    const memory = residentMiB(pid) - memoryBefore
    writer.isTyping = false
    while (writer.waitingCount > 0 && relay.isUp && !isHonestGone) await sleep(5)
    writer.cut()
    const fresh = createObserver(space, dice, trial.violation)
    await fresh.connect(relay.address, honest.cookie)
    for (const entry of writer.acknowledged) if (!fresh.byEntry.has(entry)) trial.violation(`acknowledged entry ${entry.slice(0, 6)} is lost`)
    trial.figure(`${count(sent['before login'] ?? 0, 'frame')} before login, ${count(sent['after login'] ?? 0, 'frame')} after it`)
    trial.figure(`${count(writer.acknowledged.size, 'honest edit')} acknowledged meanwhile`)
    if (trial.size !== 'small') {
      times.sort((a, b) => a - b)
      const p95 = quantile(times, 0.95)
      trial.figure(`honest p95 ${p95.toFixed(0)} ms, worst ${quantile(times, 1).toFixed(0)} ms, memory ${memory >= 0 ? '+' : ''}${memory.toFixed(0)} MiB`)
      if (p95 > HONEST_P95_MS_MAX) trial.missed(`honest p95 ${p95.toFixed(0)} ms`)
      if (memory > MEMORY_MIB_MAX) trial.missed(`memory +${memory.toFixed(0)} MiB`)
    }
  } finally {
    await relay.kill()
  }
}

/** One socket and what it says until it is closed. Out: frames that left. */
function throwAt(address: string, cookie: string, greeted: boolean, dice: Dice, make: () => Uint8Array): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${address.replace('http', 'ws')}/sync`, { headers: { ...(cookie === '' ? {} : { cookie }), origin: address }, perMessageDeflate: false })
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
