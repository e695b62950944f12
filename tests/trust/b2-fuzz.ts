/**
 * B2: random frames before login and frames that are nearly right after it, while somebody honest goes on typing.
 *
 * Memory is counted beside a second relay that gets the same honest edits at the same moments, and no frame: edits cost memory of their own (pages that SQLite
 * keeps, up to its limit; a thread that builds a snapshot, some 15 MiB for ten seconds of every 75), and whether the last frame falls into such a moment is chance.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import { must } from '../../shared/base/assert.ts'
import { newId, NO_ID } from '../../shared/base/ids.ts'
import { below, pick, randomBytes, type Dice } from '../../shared/base/random.ts'
import { encodeUp, PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import type { UpMessage } from '../../shared/protocol/messages/index.ts'
import { EMPTY_TAIL_HASH } from '../../shared/protocol/tail-hash.ts'
import { residentMiB } from '../bench/machine.ts'
import { dial, pushOf } from './client.ts'
import { withBystander, withCrowd, type Bystanding, type Crowd } from './crowd.ts'
import { createObserver } from './observer.ts'
import type { RelayProcess } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'

const SOCKETS_AT_ONCE = 16
const FRAMES_PER_SOCKET = 50
/** Random and nearly right frames by turns, so that the figure can tell what grows with frames from what a relay takes to be at work at all. */
const ROUNDS = 5
/**
 * How much higher the relay gets than at its fresh start, before the first frame; of a full run, which takes minutes of honest edits as well, beyond how much higher the one
 * beside it gets. What a relay takes to be at work with frames at all is in it: compiled code, the old generation's room for garbage, what malloc keeps. What came from
 * sockets is let go because the old generation is collected when it has grown by half (server/node-flags.mjs).
 */
const MEMORY_MIB_MAX = 50
/** How many sockets one address may open as nobody is limited (row A13); what is tried here is frames. */
const ADDRESSES_COUNT = 250
const SAMPLE_MS = 250
/** Edits that are on their way to the relay beside it. */
const REPEATED_AT_ONCE = 64

export const b2: Row = {
  id: 'B2',
  name: 'Protocol fuzz',
  promise: 'no frame, before login or after it, stops the relay, spoils the log or holds up the others',
  target: '1,000,000 + 1,000,000 frames by hand, 100,000 + 100,000 by default, 10,000 + 10,000 in CI: 0 exits, 0 bugs reported, memory at its highest +≤ 50 MB (of 1,000,000: beyond that of a relay beside it with the same honest edits and no frame), honest p95 ≤ 250 ms',
  run: (trial) => withBystander(trial, 'B2', (scene) => fuzz(scene, trial)),
}

async function fuzz(scene: Bystanding, trial: Trial): Promise<undefined> {
  // Too short for memory to say anything.
  if (trial.size === 'small') return void (await throwAll(scene, trial, () => undefined))
  const fuzzed = heightOf(scene.relay)
  await withCrowd(trial, 'B2 beside', 1, 1, async (beside) => {
    const repeated = await repeatEdits(scene, beside, trial)
    const calm = heightOf(beside.relay)
    const look = setInterval(() => {
      fuzzed.look()
      calm.look()
    }, SAMPLE_MS)
    let firstMiB = 0
    try {
      await throwAll(scene, trial, (round) => {
        if (round === 1) firstMiB = fuzzed.grownMiB()
      })
    } finally {
      clearInterval(look)
    }
    if (!scene.relay.isUp) return
    const [framesMiB, calmMiB] = [fuzzed.grownMiB() - calm.grownMiB(), calm.grownMiB()]
    trial.figure(`memory at its highest ${signed(fuzzed.grownMiB())}, ${signed(fuzzed.grownMiB() - firstMiB)} of it after the first fifth`)
    trial.figure(`beside it ${signed(calmMiB)} with ${count(repeated(), 'honest edit')}, the same, and no frame`)
    trial.figure(`so frames cost ${signed(framesMiB)}`)
    const judgedMiB = trial.size === 'full' ? framesMiB : fuzzed.grownMiB()
    if (judgedMiB > MEMORY_MIB_MAX) trial.missed(`memory ${signed(judgedMiB)}`)
  })
}

const signed = (mib: number): string => `${mib >= 0 ? '+' : ''}${mib.toFixed(0)} MiB`

/** How far the memory of a relay rose above what it is now, at its highest. */
function heightOf(relay: RelayProcess): { look(): void; grownMiB(): number } {
  const atStart = residentMiB(relay.pid)
  let highest = atStart
  const look = (): void => {
    if (relay.isUp) highest = Math.max(highest, residentMiB(relay.pid))
  }
  return {
    look,
    grownMiB() {
      look()
      return highest - atStart
    },
  }
}

/** Whoever is honest does the same in another relay: each of their edits goes there as soon as it is committed here. Out: how many it has acknowledged. */
async function repeatEdits({ relay, group, space, dice, honest, connect }: Bystanding, beside: Crowd, trial: Trial): Promise<() => number> {
  const theirs = must(group.members[0], 'the first one is honest').person.user
  const [there, cookie, writer] = [beside.group.space(0), beside.group.cookie(0), newId(dice)]
  // As many who read along there as here: the one of the scene, and whoever repeats.
  for (let i = 0; i < 2; i++) await createObserver(there, dice, trial.violation).connect(beside.relay.address, cookie)
  const payloads: Uint8Array[] = []
  let [sentCount, acknowledgedCount] = [0, 0]
  const goOn = (): void => {
    while (sentCount < payloads.length && sentCount - acknowledgedCount < REPEATED_AT_ONCE) {
      const payload = must(payloads[sentCount], 'there is one more')
      hand.send(pushOf({ n: ++sentCount, space: there, entry: newId(dice), item: honest.item, writer, payload }))
    }
  }
  const hand = await dial(beside.relay.address, cookie, dice, (message) => {
    if (message.type === 'nack') trial.violation(`the relay beside it refused an edit: ${message.code} ${message.reason}`)
    if (message.type !== 'ack') return
    acknowledgedCount = message.upToN
    goOn()
  })
  await beside.connect(1, async () => hand)
  await connect(1, async () => {
    const ear = await dial(relay.address, group.cookie(0), dice, (message) => {
      if (message.type !== 'entries') return
      payloads.push(...message.entries.filter(({ item, author }) => item === honest.item && author === theirs).map(({ payload }) => payload))
      goOn()
      ear.send({ type: 'recv', space, cursor: message.cursorAfter })
    })
    ear.send({ type: 'sub', space, epoch: NO_ID, cursor: 0, tailHash: EMPTY_TAIL_HASH })
    return ear
  })
  while (acknowledgedCount === 0 && relay.isUp) await sleep(5)
  return () => acknowledgedCount
}

async function throwAll({ relay, group, space, dice, honest }: Bystanding, trial: Trial, onRound: (round: number) => void): Promise<void> {
  const frames = trial.count(10_000, 100_000, 1_000_000)
  let socketsCount = 0
  const kinds = [
    { when: 'before login', cookie: '', greeted: false, sent: 0, make: () => randomBytes(dice, below(dice, 3) === 0 ? below(dice, 20_000) : below(dice, 64)) },
    { when: 'after login', cookie: group.cookie(1), greeted: true, sent: 0, make: () => nearlyRight(dice, space, honest.item) },
  ]
  for (let round = 1; round <= ROUNDS; round++) {
    for (const kind of kinds) {
      const dig = async (): Promise<void> => {
        while (kind.sent < (frames * round) / ROUNDS && relay.isUp) {
          const sent = await throwAt(relay.address, `127.0.0.${2 + (socketsCount++ % ADDRESSES_COUNT)}`, kind.cookie, kind.greeted, dice, kind.make)
          kind.sent += sent // not in one expression: what the others counted while this one waited would be gone
          trial.progress(`${kind.sent} of ${frames} ${kind.when}`)
        }
      }
      await Promise.all(Array.from({ length: SOCKETS_AT_ONCE }, dig))
    }
    await sleep(100)
    onRound(round)
  }
  trial.figure(kinds.map(({ when, sent }) => `${count(sent, 'frame')} ${when}`).join(', '))
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
