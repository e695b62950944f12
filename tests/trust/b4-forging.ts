/** B4: one member speaks in the name of another, two hundred times and through every door. Nothing of it is taken, and who somebody is comes from the login. */
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import * as Y from 'yjs'
import { createFactsDocument, factsReady } from '../../client/engine/facts.ts'
import './engine-laptop.ts' // says where the wasm of facts is
import { must } from '../../shared/base/assert.ts'
import { newId, type Id } from '../../shared/base/ids.ts'
import { below, namedDice } from '../../shared/base/random.ts'
import { utf8 } from '../../shared/base/bytes.ts'
import type { Part } from '../../shared/model/entries.ts'
import { decodeUp, encodeDown, PROTO_MIN, encodeUp } from '../../shared/protocol/codec.ts'
import type { DownMessage } from '../../shared/protocol/messages/index.ts'
import { createObserver } from './observer.ts'
import { dial, pushOf } from './client.ts'
import { createSyncDoor, openYjs, pushByTwin, yjsFrame, type Said } from './doors.ts'
import { settle } from './people.ts'
import { relayProcess, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'

const FORGED = 'Burgemeester Vals'
const AWARENESS = 1

export const b4: Row = {
  id: 'B4',
  name: 'Identity forging',
  promise: 'nobody writes, signs or is shown in the name of another',
  target: '200 attempts, 30 in CI: 0 accepted',
  run: (trial) => withFolder((folder) => forge(join(folder, 'data'), trial)),
}

async function forge(data: string, trial: Trial): Promise<void> {
  const attemptsCount = trial.count(30, 200, 200)
  const dice = namedDice(trial.seed, 'B4')
  const { members, ...group } = settle(data, 1, 2)
  const space = group.space(0)
  const [victim, forger] = [must(members[0], 'a member'), must(members[1], 'a member')]
  const relay = relayProcess({ data })
  await Promise.all([relay.start(), factsReady()])
  try {
    const item = newId(dice)
    const writers: Record<Part, Id> = { prose: newId(dice), facts: newId(dice), act: newId(dice) }
    const doc = new Y.Doc()
    doc.clientID = dice.uint32()
    doc.getXmlFragment('prose').insert(0, [new Y.XmlText('van mij')])
    const facts = createFactsDocument(newId(dice))
    const begin = must(facts.change([['type', 'agreement'], ['title', 'van mij']], 0, victim.person.user), 'a change')
    const pushBy = (part: Part, payload: Uint8Array, entry: Id, writer: Id) => pushOf({ space, entry, item, part, writer, payload })
    const honest = createSyncDoor(relay.address, victim.cookie, dice)
    const ownEntry = newId(dice)
    if ((await honest.push(pushBy('facts', begin, newId(dice), writers.facts))) !== 'taken' || (await honest.push(pushBy('prose', Y.encodeStateAsUpdate(doc), ownEntry, writers.prose))) !== 'taken') throw new Error('the honest work was not taken')
    // What comes next of the victim, as a forger who has all that it has would make it.
    const before = Y.encodeStateVector(doc)
    doc.getXmlFragment('prose').insert(0, [new Y.XmlText('vals')])
    const nextProse = Y.encodeStateAsUpdate(doc, before)
    const nextFacts = must(facts.change([['title', 'vals']], 0, victim.person.user), 'a change')

    const shown: DownMessage[] = []
    const watcher = await dial(relay.address, victim.cookie, dice, (message) => void shown.push(message))
    watcher.send({ type: 'sub', space, epoch: '0'.repeat(32), cursor: 0, tailHash: new Uint8Array(16) }, { type: 'presence', space, item, open: true, bytes: utf8('{}') })
    const awareness: string[] = []
    const stock = await openYjs(relay.address, victim.cookie, item, (frame) => void (frame[0] === AWARENESS && awareness.push(Buffer.from(frame).toString())))
    const shownClient = 4_242
    stock.socket.send(yjsFrame(AWARENESS, yjsFrame(1, shownClient, 1, JSON.stringify({ user: { name: 'x' } }))))

    const door = createSyncDoor(relay.address, forger.cookie, dice)
    const push = (part: Part, payload: Uint8Array, entry: Id, writer: Id): Promise<Said> =>
      below(dice, 2) === 0 ? door.push(pushBy(part, payload, entry, writer)) : pushByTwin(relay.address, forger.cookie, pushBy(part, payload, entry, writer))
    /** Must be refused, or the connection closed. */
    const refused = (said: Said, what: string): void => {
      if (said === 'taken' || said === 'silent') trial.violation(`${what}: ${said}`)
    }
    const hello = { type: 'hello', protoMin: PROTO_MIN, protoMax: PROTO_MIN, build: FORGED, device: newId(dice), pendingCount: 0 } as const
    const silentlySay = async (bytes: Uint8Array): Promise<void> => {
      const client = await dial(relay.address, forger.cookie, dice, () => undefined)
      client.socket.send(bytes)
      await Promise.race([client.closed, sleep(150)])
      client.cut()
    }
    const state = JSON.stringify({ user: { name: FORGED, color: '#123456', avatar: 'https://voorbeeld.test/x.png', id: victim.person.user }, cursor: null })
    const attempts: Record<string, () => Promise<void>> = {
      'the clientID of another, own writer': async () => refused(await push('prose', nextProse, newId(dice), newId(dice)), 'clientID'),
      'the clientID of another, its writer off the wire': async () => refused(await push('prose', nextProse, newId(dice), writers.prose), 'clientID and writer'),
      'the actor of another, own writer': async () => refused(await push('facts', nextFacts, newId(dice), newId(dice)), 'actor'),
      'the actor of another, its writer off the wire': async () => refused(await push('facts', nextFacts, newId(dice), writers.facts), 'actor and writer'),
      'the entry of another with other bytes': async () => refused(await push('prose', nextProse, ownEntry, writers.prose), 'entry'),
      'a step with an author inside': async () => refused(await push('act', utf8(JSON.stringify({ kind: 'sign', seal: 'a'.repeat(64), party: 'gemeente', verdict: 'agreed', note: '', by: victim.person.user, author: victim.person.user, time: 1 })), newId(dice), writers.act), 'act'),
      'what only the relay says': () => silentlySay(encodeDown({ type: 'ack', upToN: 99, serverTime: 1 })),
      'entries as the relay hands them on': () => silentlySay(encodeDown({ type: 'entries', space, epoch: newId(dice), cursorAfter: 99, tailHashAfter: new Uint8Array(16), more: false, entries: [{ ...pushBy('prose', nextProse, newId(dice), writers.prose), seq: 3, prevItemSeq: 0, author: victim.person.user, serverTime: 1 }] })),
      'somebody’s presence, as the relay says it': () => silentlySay(encodeDown({ type: 'present', space, item, session: newId(dice), who: { ...victim.person, name: FORGED }, open: true, bytes: utf8('{}') })),
      'a hello of another device': async () => {
        if (decodeUp(encodeUp(hello)).length !== 1) throw new Error('Bug: a hello')
        await silentlySay(encodeUp(hello))
      },
      'a name in presence': async () => silentlySay(encodeUp({ type: 'presence', space, item, open: true, bytes: utf8(state) })),
      'awareness with a name, and for the clientID of another': async () => {
        const { socket, closed } = await openYjs(relay.address, forger.cookie, item, () => undefined)
        socket.send(yjsFrame(AWARENESS, yjsFrame(2, shownClient, 99, state, 5_000 + below(dice, 1_000), 1, state)))
        await Promise.race([closed, sleep(250)])
        socket.terminate()
      },
    }
    const names = Object.keys(attempts)
    for (let i = 0; i < attemptsCount && relay.isUp; i++) {
      const name = must(names[i % names.length], 'in range')
      await must(attempts[name], 'an attempt')().catch((error: unknown) => trial.violation(`${name}: ${error instanceof Error ? error.message : String(error)}`))
      trial.progress(`${i + 1} of ${attemptsCount}: ${name}`)
    }
    await sleep(300)
    // Who the others are, as the victim was told.
    const present = shown.filter((message) => message.type === 'present')
    for (const { who, session } of present) if (who.user !== forger.person.user && who.user !== victim.person.user) trial.violation(`session ${session.slice(0, 6)} is shown as somebody else`)
    for (const { who } of present) if (who.name !== forger.person.name && who.name !== victim.person.name) trial.violation(`shown under the name ${who.name}`)
    if (!present.some(({ who }) => who.user === forger.person.user)) trial.violation('nobody was shown at all: the trial proves nothing')
    if (!awareness.some((text) => text.includes(forger.person.name))) trial.violation('no awareness reached the other: the trial proves nothing')
    for (const text of awareness) if (text.includes(FORGED) || text.includes('#123456') || text.includes('avatar')) trial.violation('awareness carries what the sender said of itself')
    const reader = createObserver(space, dice, trial.violation)
    await reader.connect(relay.address, victim.cookie)
    for (const { author, seq } of reader.seen) if (author !== victim.person.user) trial.violation(`entry ${seq} was taken`)
    if (reader.seen.length !== 2) trial.violation(`the log has ${reader.seen.length} entries, not 2`)
    if (!relay.isUp || /a bug in the relay|unhandled|uncaught/i.test(relay.output())) trial.violation(`the relay: ${relay.output().slice(-300)}`)
    trial.figure(`${count(attemptsCount, 'attempt')} of ${names.length} kinds`)
    trial.figure(`${reader.seen.length - 2} accepted`)
    trial.figure(`${count(present.length + awareness.length, 'showing')} of people under the names of their logins`)
    for (const end of [() => watcher.cut(), () => stock.socket.terminate(), () => door.cut(), () => honest.cut(), () => reader.cut()]) end()
    facts.dispose()
  } finally {
    await relay.kill()
  }
}
