/**
 * A relay on the real threaded log, pushed hard through its own sessions until somebody kills it. Writes one line per promise it made:
 * `a <entry>` acknowledged, `e <epoch> <seq> <entry>` fanned out. A pipe is written synchronously, so a line that was written was promised.
 *
 *   node tests/relay/kill-child.ts <folder> <life>
 */
import { createEmitter } from '../../shared/base/emitter.ts'
import { newId } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { decodeDown, encodeUp } from '../../shared/protocol/codec.ts'
import type { Up } from '../../shared/protocol/messages/index.ts'
import type { Directory } from '../../server/auth/directory.ts'
import { createRelay } from '../../server/relay/relay.ts'
import { createThreadedLog } from '../../server/store/threaded-log.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { createTypist } from '../contract/payloads.ts'
import { HELLO, subTo } from './world.ts'

const [folder = '', life = '0'] = process.argv.slice(2)
const SPACES = ['51', '52', '53'].map((byte) => byte.repeat(16))
const USER = 'a0'.repeat(16)
const PER_FRAME = 10

const directory: Directory = {
  person: (user) => ({ user, name: '', job: '', organisation: '', color: 1 }),
  spacesOf: () => [],
  may: () => true,
  onDidChangeRole: createEmitter<never>().event,
  onDidSignOut: createEmitter<never>().event,
}
const log = await createThreadedLog({ folder })
const relay = createRelay({ log, directory, clock: systemClock, dice: systemDice, build: 'kill', report: (event) => console.error(event) })
const dice = seededDice(Number(life) + 1)
console.log('ready')

for (let i = 0; i < 6; i++) {
  const space = SPACES[i % SPACES.length] as string
  const place = { space, item: newId(dice), writer: newId(dice) }
  const typist = createTypist(i + 1)
  const entryOfN = new Map<number, string>()
  let n = 0
  let acknowledged = 0
  const push = (): void => {
    const messages: Up<'push'>[] = []
    for (let k = 0; k < PER_FRAME; k++) {
      const entry = newId(dice)
      entryOfN.set(++n, entry)
      messages.push({
        type: 'push', n, ...place, entry, part: 'prose', format: 'yjs1', schema: 1, clientTime: 0, spans: new Uint8Array(), fragment: 0, fragments: 1,
        payload: typist.type(`leven ${life} woord ${n} `, 0),
      })
    }
    session.receive(encodeUp(...messages))
  }
  const session = relay.accept(
    {
      bufferedBytes: () => 0,
      close: (code, reason) => console.error('closed', code, reason),
      send(frame) {
        let lines = ''
        for (const message of decodeDown(frame)) {
          if (message.type === 'entries') for (const entry of message.entries) lines += `e ${message.epoch} ${entry.seq} ${entry.entry}\n`
          if (message.type === 'nack') lines += `refused ${message.code} ${message.reason}\n`
          if (message.type !== 'ack') continue
          for (let upTo = message.upToN; acknowledged < upTo; ) lines += `a ${entryOfN.get(++acknowledged)}\n`
          if (n - acknowledged < PER_FRAME) setImmediate(push)
        }
        if (lines) process.stdout.write(lines)
      },
    },
    USER,
  )
  session.receive(encodeUp(HELLO))
  if (i < SPACES.length) session.receive(encodeUp(subTo(space)))
  push()
}
