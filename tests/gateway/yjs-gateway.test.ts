/** The y-websocket gateway against stock clients: what they write is in the log, what others write reaches them, and nobody gets what is not theirs. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { afterEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { createEngineFacts, relayWriter } from './other-door.ts'
import { addParagraph, proseOf, setupGateway, textOf, whenClosed, whenCommitted, whenDoc, whenever, whenStatus, whenSynced, whenText, type GatewayWorld } from './world.ts'
import { materialise } from '../../server/derive/materialise.ts'
import { loadFacts } from '../../server/derive/facts-document.ts'
import { textOfProse } from '../../shared/derive/prose-json.ts'
import { GATEWAY_SCHEMA } from '../../shared/model/entries.ts'
import { namedDice } from '../../shared/base/random.ts'
import { COMMIT_BATCH_MS_MAX, COMMIT_HOLD_MS_MAX, COMMIT_READERS_PER_MS } from '../../shared/model/limits.ts'
import { createVirtualClock } from '../relay/world.ts'

let world: GatewayWorld
afterEach(() => world.dispose())

/** An item that has prose already, written by a stock client with its own token. */
async function startedItem(text = 'Begin.') {
  const item = world.newItem()
  const writer = world.token('member', world.space, 'first')
  const provider = world.stock(item, writer.token)
  await whenSynced(provider)
  addParagraph(provider.doc, text)
  await whenCommitted(world, () => world.gateway().counts().sockets > 0)
  await settled(item, text)
  return { item, provider, writer }
}

/** Resolves when the log holds prose of the item with this text. */
async function settled(item: string, text: string): Promise<void> {
  const read = async (): Promise<string> => {
    const space = await world.log.spaceOf(item)
    if (space === null) return ''
    const doc = new Y.Doc()
    for (const { payload } of await world.log.readItem(space, item, 'prose', 1, Number.MAX_SAFE_INTEGER, 100_000)) Y.applyUpdate(doc, payload)
    return textOf(doc)
  }
  let isThere = false
  await whenever(() => isThere, (ask) => {
    const look = (): void => void read().then((found) => {
      isThere ||= found.includes(text)
      ask()
    })
    const listening = world.relay().onDidCommit(look)
    look()
    return () => listening.dispose()
  })
}

const frame = (...parts: (number | Uint8Array | string)[]): Uint8Array => {
  const encoder = encoding.createEncoder()
  for (const part of parts) {
    if (typeof part === 'number') encoding.writeVarUint(encoder, part)
    else if (typeof part === 'string') encoding.writeVarString(encoder, part)
    else encoding.writeVarUint8Array(encoder, part)
  }
  return encoding.toUint8Array(encoder)
}

describe('writing together', () => {
  test('two stock clients see each other type, both ways', async () => {
    world = await setupGateway()
    const { item, provider: a } = await startedItem('Van de eerste.')
    const b = world.stock(item, world.token('member').token)
    await whenText(b.doc, 'Van de eerste.')
    addParagraph(b.doc, 'Van de tweede.')
    await whenText(a.doc, 'Van de tweede.')
    expect(textOf(a.doc)).toBe(textOf(b.doc))
  })

  test('what a stock client writes are ordinary entries of its login, labelled as of the gateway', async () => {
    world = await setupGateway()
    const { item, writer } = await startedItem('Afspraak.')
    const prose = (await world.entries(item)).filter(({ part }) => part === 'prose')
    expect(prose.length).toBeGreaterThan(0)
    for (const entry of prose) expect(entry).toMatchObject({ author: writer.user, schema: GATEWAY_SCHEMA, format: 'yjs1', space: world.space })
  })

  test('an entry that came through another door reaches a stock client, and the other way round', async () => {
    world = await setupGateway()
    const { item, provider } = await startedItem('Begin.')
    const member = world.accounts.createPerson({ login: 'wijkteam@voorbeeld.nl', name: 'wijkteam', job: 'wijkteam', organisation: 'Wijkteam' })
    if (!member.ok) throw new Error('taken')
    world.accounts.setRole(member.value.user, world.space, 'member')
    const other = relayWriter(world, member.value.user, item)
    await other.catchUp()
    await other.write((doc) => addParagraph(doc, 'Vanuit het eigen programma.'))
    await whenText(provider.doc, 'Vanuit het eigen programma.')
    addParagraph(provider.doc, 'En terug.')
    await settled(item, 'En terug.')
    await other.catchUp()
    expect(textOf(other.doc)).toBe(textOf(provider.doc))
  })

  test('[2] the sender hears its own update back once it is committed', async () => {
    world = await setupGateway()
    const item = world.newItem()
    const socket = world.raw(`${item}?token=${world.token('member').token}`)
    const heard: Uint8Array[] = []
    socket.on('message', (data) => heard.push(new Uint8Array(data as Buffer)))
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send(frame(0, 0, Y.encodeStateVector(new Y.Doc())))
    const doc = new Y.Doc()
    addParagraph(doc, 'Mijn woorden')
    socket.send(frame(0, 2, Y.encodeStateAsUpdate(doc)))
    const echo = () => heard.find((bytes) => bytes[0] === 0 && bytes[1] === 2)
    await whenever(() => echo() !== undefined, (ask) => {
      socket.on('message', ask)
      return () => socket.off('message', ask)
    })
    const again = new Y.Doc()
    Y.applyUpdate(again, echo()!.subarray(3))
    expect(textOf(again)).toContain('Mijn woorden')
    expect((await world.entries(item)).some(({ part }) => part === 'prose')).toBe(true)
  })

  test('many keystrokes, deletions among them, end the same everywhere', async () => {
    world = await setupGateway()
    const { item, provider: a } = await startedItem('x')
    const b = world.stock(item, world.token('member').token)
    await whenSynced(b)
    const dice = namedDice(3, 'keys')
    const words = (doc: Y.Doc): Y.XmlText => (proseOf(doc).get(0) as Y.XmlElement).get(0) as Y.XmlText
    for (let i = 0; i < 200; i++) {
      const doc = i % 3 === 0 ? b.doc : a.doc
      const text = words(doc)
      if (text.length > 4 && dice.uint32() % 4 === 0) text.delete(dice.uint32() % (text.length - 2), 1 + (dice.uint32() % 2))
      else text.insert(dice.uint32() % (text.length + 1), String.fromCharCode(97 + (dice.uint32() % 26)))
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    addParagraph(a.doc, 'klaar a')
    addParagraph(b.doc, 'klaar b')
    await Promise.all([whenText(a.doc, 'klaar b'), whenText(b.doc, 'klaar a')])
    await whenDoc(a.doc, () => textOf(a.doc) === textOf(b.doc))
    await settled(item, textOf(a.doc))
    const fresh = world.stock(item, world.token('reader').token)
    await whenSynced(fresh)
    expect(textOf(fresh.doc)).toBe(textOf(a.doc))
    expect(world.reports.filter(({ kind }) => kind === 'gateway-refused')).toEqual([])
  })

  test('whoever types on while a first word is compared with the log does not wait for a comparison of every letter', async () => {
    world = await setupGateway()
    const { item, provider } = await startedItem('x')
    const second = world.stock(item, world.token('member').token)
    await whenSynced(second)
    const before = world.asked.filter((name) => name === 'novelty').length
    const text = (proseOf(second.doc).get(0) as Y.XmlElement).get(0) as Y.XmlText
    for (let i = 0; i < 100; i++) text.insert(text.length, String.fromCharCode(97 + (i % 26)))
    await whenDoc(provider.doc, () => textOf(provider.doc) === textOf(second.doc))
    await settled(item, textOf(second.doc))
    expect(world.asked.filter((name) => name === 'novelty').length - before).toBe(1)
    expect(world.reports.filter(({ kind }) => kind === 'gateway-refused')).toEqual([])
  })
})

describe('where many read along', () => {
  test('[FAN1] the first update is committed at once, what follows within some milliseconds together, and everybody has all of it', async () => {
    const time = createVirtualClock()
    world = await setupGateway({ relayClock: time.clock })
    let isBeginning = true
    const beginning = (async () => {
      while (isBeginning) await time.pass(COMMIT_BATCH_MS_MAX)
    })()
    const { item, provider } = await startedItem('x')
    const readers = await Promise.all(Array.from({ length: 2 * COMMIT_BATCH_MS_MAX * COMMIT_READERS_PER_MS }, async () => {
      const reader = world.stock(item, world.token('reader').token)
      await whenSynced(reader)
      return reader
    }))
    isBeginning = false
    await beginning
    await time.pass(COMMIT_HOLD_MS_MAX)
    const queued = async (count: number): Promise<void> => {
      while (world.relay().counts().queuedEntries !== count) await time.settle()
    }
    const frames: number[] = []
    readers[0]!.doc.on('update', (update: Uint8Array) => frames.push(update.length))
    const text = (proseOf(provider.doc).get(0) as Y.XmlElement).get(0) as Y.XmlText
    text.insert(text.length, 'a')
    await whenText(readers[0]!.doc, 'xa')
    expect(frames).toHaveLength(1)
    for (const letter of 'bcdef') text.insert(text.length, letter)
    await queued(5)
    await time.pass(COMMIT_BATCH_MS_MAX)
    expect(world.relay().counts().queuedEntries).toBe(5)
    await time.pass(COMMIT_HOLD_MS_MAX)
    for (const { doc } of [...readers, provider]) await whenText(doc, 'xabcdef')
    expect(frames).toHaveLength(2)
  })
})

describe('coming back', () => {
  test('[5] a client that was away sends what it wrote meanwhile, once, and goes on under its clientID', async () => {
    world = await setupGateway()
    const { item, provider } = await startedItem('Thuis.')
    const { clientID } = provider.doc
    provider.disconnect()
    addParagraph(provider.doc, 'In de trein geschreven.')
    provider.connect()
    await settled(item, 'In de trein geschreven.')
    await whenSynced(provider)
    addParagraph(provider.doc, 'Weer op kantoor.')
    await settled(item, 'Weer op kantoor.')
    expect(provider.doc.clientID).toBe(clientID)
    const fresh = world.stock(item, world.token('reader').token)
    await whenSynced(fresh)
    expect(textOf(fresh.doc)).toBe('Thuis.\nIn de trein geschreven.\nWeer op kantoor.\n')
  })

  test('coming back with nothing new adds nothing to the log, however much was deleted before', async () => {
    world = await setupGateway()
    const { item, provider } = await startedItem('Een lange zin die weer weg gaat.')
    ;((proseOf(provider.doc).get(0) as Y.XmlElement).get(0) as Y.XmlText).delete(0, 9)
    addParagraph(provider.doc, 'Slot.')
    await settled(item, 'Slot.')
    const before = (await world.entries(item)).length
    for (let i = 0; i < 3; i++) {
      provider.disconnect()
      provider.connect()
      await whenSynced(provider)
    }
    addParagraph(provider.doc, 'Na drie keer.')
    await settled(item, 'Na drie keer.')
    expect((await world.entries(item)).length).toBe(before + 1)
  })

  test('[1] the relay restarts under open clients: they come back, lose nothing and continue', async () => {
    world = await setupGateway()
    const { item, provider: a } = await startedItem('Voor de herstart.')
    const b = world.stock(item, world.token('member').token)
    await whenSynced(b)
    await world.restart()
    addParagraph(a.doc, 'Van a na de herstart.')
    addParagraph(b.doc, 'Van b na de herstart.')
    await Promise.all([whenText(a.doc, 'Van b na de herstart.'), whenText(b.doc, 'Van a na de herstart.')])
    await whenDoc(a.doc, () => textOf(a.doc) === textOf(b.doc))
    expect(textOf(a.doc).match(/Voor de herstart/g)).toHaveLength(1)
  })

  test('[4] an older backup is restored: what the clients still have comes back, whoever wrote it', async () => {
    world = await setupGateway()
    const { item, provider: a } = await startedItem('Van a, in de back-up.')
    const b = world.stock(item, world.token('member').token)
    await whenText(b.doc, 'Van a, in de back-up.')
    addParagraph(b.doc, 'Van b, in de back-up.')
    await whenText(a.doc, 'Van b, in de back-up.')
    const backup = world.backup()
    const words = (doc: Y.Doc, nth: number): Y.XmlText => (proseOf(doc).get(nth) as Y.XmlElement).get(0) as Y.XmlText
    for (let round = 0; round < 4; round++) {
      words(a.doc, 1).insert(0, `a${round} `)
      words(b.doc, 0).insert(0, `b${round} `)
      await whenDoc(a.doc, () => textOf(a.doc).includes(`b${round} `))
      await whenDoc(b.doc, () => textOf(b.doc).includes(`a${round} `))
    }
    const before = textOf(a.doc)
    await world.restart(backup)
    await settled(item, before)
    addParagraph(a.doc, 'En verder met a.')
    addParagraph(b.doc, 'En verder met b.')
    await Promise.all([whenText(a.doc, 'En verder met b.'), whenText(b.doc, 'En verder met a.')])
    const fresh = world.stock(item, world.token('reader').token)
    await whenSynced(fresh)
    expect(textOf(fresh.doc)).toBe(textOf(a.doc))
    expect(textOf(fresh.doc)).toContain(before)
  })

  test('one login in two places continues under two clientIDs', async () => {
    world = await setupGateway()
    const { item, provider: a, writer } = await startedItem('Een.')
    const b = world.stock(item, writer.token)
    await whenText(b.doc, 'Een.')
    addParagraph(a.doc, 'Twee.')
    addParagraph(b.doc, 'Drie.')
    await Promise.all([whenText(a.doc, 'Drie.'), whenText(b.doc, 'Twee.')])
    expect(world.reports).toEqual([])
  })
})

describe('new pages', () => {
  test('an unknown id under a token that may write begins a knowledge page of that space, called after its first line', async () => {
    world = await setupGateway()
    const { item } = await startedItem('Tolken in de buurt')
    await loadFacts()
    const { row, facts, prose } = materialise(await world.entries(item))
    expect(row).toMatchObject({ type: 'knowledge', title: 'Tolken in de buurt', space: world.space, gone: false })
    expect(facts.registers.type).toBe('knowledge')
    expect(textOfProse(prose)).toBe('Tolken in de buurt')
  })

  test('looking at an unknown id writes nothing', async () => {
    world = await setupGateway()
    const item = world.newItem()
    const provider = world.stock(item, world.token('member').token)
    await whenSynced(provider)
    expect(await world.log.spaceOf(item)).toBeNull()
  })

  test('an unknown id and an item of another space are answered alike: gone, and a stock client stays away', async () => {
    world = await setupGateway()
    const { item } = await startedItem('Van Schiedam.')
    const reader = world.token('reader', world.elsewhere).token
    for (const path of [item, world.newItem(), 'geen-id', 'A'.repeat(32)]) {
      expect(await whenClosed(world.raw(`${path}?token=${reader}`)), path).toEqual({ code: 4404, reason: 'gone' })
    }
    // A member of another space may begin pages there, and still sees nothing of this one.
    expect(await whenClosed(world.raw(`${item}?token=${world.token('member', world.elsewhere).token}`))).toEqual({ code: 4404, reason: 'gone' })
  })
})

describe('rights', () => {
  test('[A15] a reader reads along, gets auth-denied for what it writes, and changes nothing', async () => {
    world = await setupGateway()
    const { item, provider: writer } = await startedItem('Alleen lezen.')
    const socket = world.raw(`${item}?token=${world.token('reader').token}`)
    const denied: string[] = []
    socket.on('message', (data) => {
      const bytes = new Uint8Array(data as Buffer)
      if (bytes[0] === 2) denied.push(new TextDecoder().decode(bytes.subarray(3)))
    })
    await new Promise((resolve) => socket.once('open', resolve))
    const before = (await world.entries(item)).length
    const doc = new Y.Doc()
    addParagraph(doc, 'Toch geschreven.')
    socket.send(frame(0, 0, Y.encodeStateVector(doc)))
    socket.send(frame(0, 1, Y.encodeStateAsUpdate(doc)))
    socket.send(frame(0, 2, Y.encodeStateAsUpdate(doc)))
    await whenever(() => denied.length === 2, (ask) => {
      socket.on('message', ask)
      return () => socket.off('message', ask)
    })
    expect(denied).toEqual(['read-only', 'read-only'])
    addParagraph(writer.doc, 'Gaat door.')
    await settled(item, 'Gaat door.')
    expect((await world.entries(item)).length).toBe(before + 1)
    expect(textOf(writer.doc)).not.toContain('Toch geschreven')
  })

  test('[7] a role that is taken away ends the socket, and nothing more reaches it', async () => {
    world = await setupGateway()
    const { item, provider: a } = await startedItem('Samen.')
    const { token, user } = world.token('member')
    const b = world.stock(item, token)
    await whenText(b.doc, 'Samen.')
    world.accounts.setRole(user, world.space, null)
    await whenStatus(b, false)
    addParagraph(a.doc, 'Niet voor b.')
    await settled(item, 'Niet voor b.')
    expect(b.shouldConnect).toBe(false)
    expect(textOf(b.doc)).not.toContain('Niet voor b.')
  })

  test('a session cookie opens the same door, and signing out closes it', async () => {
    world = await setupGateway()
    const { item } = await startedItem('Met een cookie.')
    const made = world.accounts.createPerson({ login: 'jgz@voorbeeld.example', name: 'JGZ', job: 'jgz', organisation: 'JGZ' })
    if (!made.ok) throw new Error('taken')
    world.accounts.setRole(made.value.user, world.space, 'member')
    const { token, session } = world.accounts.startSession(made.value.user)
    const cookie = `samenpad-${world.accounts.installation.slice(0, 8)}=${token}`
    const socket = world.raw(item, { headers: { cookie, origin: world.origin() } })
    await new Promise((resolve) => socket.once('open', resolve))
    const answer = new Promise<Uint8Array>((resolve) => socket.once('message', (data) => resolve(new Uint8Array(data as Buffer))))
    socket.send(frame(0, 0, Y.encodeStateVector(new Y.Doc())))
    const doc = new Y.Doc()
    Y.applyUpdate(doc, (await answer).subarray(3))
    expect(textOf(doc)).toContain('Met een cookie.')
    const ended = whenClosed(socket)
    world.accounts.endSession(session.session)
    expect(await ended).toEqual({ code: 4401, reason: 'signed-out' })
    // A person with a session begins pages in the window: an unknown id is gone, however many spaces they may write in.
    const again = world.accounts.startSession(made.value.user)
    expect(await whenClosed(world.raw(world.newItem(), { headers: { cookie: `samenpad-${world.accounts.installation.slice(0, 8)}=${again.token}`, origin: world.origin() } }))).toEqual({ code: 4404, reason: 'gone' })
  })

  test('a member who becomes a reader goes on reading and stops writing', async () => {
    world = await setupGateway()
    const { item, provider: a } = await startedItem('Samen.')
    const { token, user } = world.token('member')
    const b = world.stock(item, token)
    await whenText(b.doc, 'Samen.')
    world.accounts.setRole(user, world.space, 'reader')
    addParagraph(b.doc, 'Komt niet aan.')
    addParagraph(a.doc, 'Komt wel aan.')
    await whenText(b.doc, 'Komt wel aan.')
    expect(textOf(a.doc)).not.toContain('Komt niet aan.')
  })

  test('nobody known, a token that ended and a page of another site are refused', async () => {
    world = await setupGateway()
    const { item, writer } = await startedItem('Besloten.')
    expect(await whenClosed(world.raw(item))).toEqual({ code: 4401, reason: 'signed-out' })
    expect(await whenClosed(world.raw(`${item}?token=${'0'.repeat(43)}`))).toEqual({ code: 4401, reason: 'signed-out' })
    const foreign = world.raw(`${item}?token=${writer.token}`, { headers: { origin: 'https://elders.example' } })
    const status = await new Promise<number>((resolve) => foreign.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0)))
    expect(status).toBe(403)
  })

  test('[A4] disabling a user ends the socket at once', async () => {
    world = await setupGateway()
    const { item } = await startedItem('Besloten.')
    const { token, user } = world.token('member')
    const socket = world.raw(`${item}?token=${token}`)
    await new Promise((resolve) => socket.once('open', resolve))
    const ended = whenClosed(socket)
    world.accounts.setDisabled(user, true)
    // Which of the two is heard first is all the same: a stock client stays away from both.
    expect([4401, 4403]).toContain((await ended).code)
  })
})

describe('presence', () => {
  test('[B4] a name and a colour come from the login, a caret from the client, and nothing else passes', async () => {
    world = await setupGateway()
    const { item, provider: a } = await startedItem('Samen.')
    const b = world.stock(item, world.token('member', world.space, 'script van het wijkteam').token)
    await whenSynced(b)
    const cursor = { anchor: { type: null, tname: 'prose', item: null, assoc: 0 }, head: { type: null, tname: 'prose', item: null, assoc: 0 } }
    b.awareness.setLocalState({ user: { name: '<b>wethouder</b>', color: 'url(//elders.example)' }, cursor, picture: 'https://elders.example/x.png' })
    const ofB = () => a.awareness.getStates().get(b.doc.clientID)
    await whenever(() => ofB() !== undefined, (ask) => {
      a.awareness.on('change', ask)
      return () => a.awareness.off('change', ask)
    })
    expect(ofB()).toEqual({ user: { name: 'script van het wijkteam', color: expect.stringMatching(/^#[0-9A-F]{6}$/) as string }, cursor })
  })

  test('who looks through our own door is seen by stock clients, and the other way round', async () => {
    world = await setupGateway()
    const { item, provider } = await startedItem('Samen.')
    const seen: { name: string; text: string; gone: boolean }[] = []
    world.relay().onDidLook(({ viewer, gone }) => seen.push({ name: viewer.who.name, text: new TextDecoder().decode(viewer.bytes), gone }))
    const cursor = { anchor: { tname: 'prose', assoc: 0 }, head: { tname: 'prose', assoc: 0 } }
    provider.awareness.setLocalStateField('cursor', cursor)
    await whenever(() => seen.some(({ text }) => text === JSON.stringify({ cursor })), (ask) => {
      const listening = world.relay().onDidLook(ask)
      return () => listening.dispose()
    })

    const made = world.accounts.createPerson({ login: 'jgz@voorbeeld.nl', name: 'JGZ', job: 'jgz', organisation: 'JGZ', color: 3 })
    if (!made.ok) throw new Error('taken')
    world.accounts.setRole(made.value.user, world.space, 'member')
    const session = world.newItem()
    world.relay().look(made.value.user, session, world.space, item, new TextEncoder().encode(JSON.stringify({ cursor })))
    const ofViewer = () => [...provider.awareness.getStates()].find(([id]) => id !== provider.doc.clientID)?.[1]
    const changes = (ask: () => void) => {
      provider.awareness.on('change', ask)
      return () => provider.awareness.off('change', ask)
    }
    await whenever(() => ofViewer() !== undefined, changes)
    expect(ofViewer()).toEqual({ user: { name: 'JGZ', color: '#3D55A8' }, cursor })
    world.relay().look(made.value.user, session, world.space, item, null)
    await whenever(() => ofViewer() === undefined, changes)
  })

  test('a socket that closes takes its presence along, for everybody', async () => {
    world = await setupGateway()
    const { item, provider: a } = await startedItem('Samen.')
    const b = world.stock(item, world.token('member').token)
    b.awareness.setLocalStateField('cursor', null)
    const changes = (ask: () => void) => {
      a.awareness.on('change', ask)
      return () => a.awareness.off('change', ask)
    }
    await whenever(() => a.awareness.getStates().has(b.doc.clientID), changes)
    const gone = new Promise<void>((resolve) => {
      world.relay().onDidLook(({ gone: isGone }) => isGone && resolve())
    })
    b.ws?.close()
    b.shouldConnect = false
    await whenever(() => !a.awareness.getStates().has(b.doc.clientID), changes)
    await gone
  })

  test('[A2] whoever waits for the same unknown id hears of nobody before it is begun, and of nobody from elsewhere afterwards', async () => {
    world = await setupGateway()
    const item = world.newItem()
    const people = [world.token('member', world.space, 'Schiedam een'), world.token('member', world.elsewhere, 'Tilburg'), world.token('member', world.space, 'Schiedam twee')]
    const heard: string[][] = []
    const sockets = await Promise.all(people.map(async ({ token }, index) => {
      const socket = world.raw(`${item}?token=${token}`)
      const words: string[] = (heard[index] = [])
      socket.on('message', (data) => words.push((data as Buffer).toString('latin1')))
      await new Promise((resolve) => socket.once('open', resolve))
      socket.send(frame(0, 0, new Uint8Array([0])))
      return socket
    }))
    const [first, elsewhere] = [sockets[0]!, sockets[1]!]
    const soon = (index: number, isSo: () => boolean): Promise<void> =>
      whenever(isSo, (ask) => {
        sockets[index]!.on('message', ask)
        return () => sockets[index]!.off('message', ask)
      })
    // Each hears its own name: what was shown before that has been told to whoever may hear it.
    const shows = async (index: number, clock: number): Promise<void> => {
      const before = heard[index]!.length
      sockets[index]!.send(frame(1, frame(1, 100 + index, clock, JSON.stringify({ cursor: { anchor: `hier-${index}`, head: clock } }))))
      await soon(index, () => heard[index]!.slice(before).some((words) => words.includes(`hier-${index}`)))
    }
    for (const clock of [1, 2]) for (const index of [0, 1, 2]) await shows(index, clock)
    for (const index of [0, 1, 2]) {
      const before = heard[index]!.length
      sockets[index]!.send(frame(3))
      await soon(index, () => heard[index]!.slice(before).some((words) => words.includes(`hier-${index}`)))
      for (const other of [0, 1, 2].filter((one) => one !== index)) expect(heard[index]!.join(), `${index} of ${other}`).not.toContain(`hier-${other}`)
    }
    const refused = whenClosed(elsewhere)
    const doc = new Y.Doc()
    addParagraph(doc, 'Begonnen in Schiedam.')
    first.send(frame(0, 2, Y.encodeStateAsUpdate(doc)))
    expect(await refused).toEqual({ code: 4404, reason: 'gone' })
    await soon(0, () => heard[0]!.some((words) => words.includes('hier-2')))
    await soon(2, () => heard[2]!.some((words) => words.includes('hier-0')))
    await shows(0, 3)
    expect(heard[1]!.join()).not.toMatch(/Schiedam|hier-[02]/)
    for (const index of [0, 2]) expect(heard[index]!.join()).not.toMatch(/Tilburg|hier-1/)
  })

  test('nobody speaks for a clientID that another socket introduced', async () => {
    world = await setupGateway()
    const { item, provider: a } = await startedItem('Samen.')
    a.awareness.setLocalStateField('cursor', null)
    const watcher = world.stock(item, world.token('reader').token)
    await whenever(() => watcher.awareness.getStates().has(a.doc.clientID), (ask) => {
      watcher.awareness.on('change', ask)
      return () => watcher.awareness.off('change', ask)
    })
    const nameBefore = (watcher.awareness.getStates().get(a.doc.clientID) as { user: { name: string } }).user.name
    const forger = world.raw(`${item}?token=${world.token('member', world.space, 'forger').token}`)
    await new Promise((resolve) => forger.once('open', resolve))
    const state = frame(1, a.doc.clientID, 999_999, JSON.stringify({ user: { name: 'forged' } }))
    const echo = new Promise((resolve) => forger.once('message', resolve))
    forger.send(frame(1, state))
    await echo
    expect((watcher.awareness.getStates().get(a.doc.clientID) as { user: { name: string } }).user.name).toBe(nameBefore)
  })

  test('every twenty seconds there is a sign of life, also for those who say nothing', async () => {
    const timers: { at: number; call: () => void }[] = []
    let now = 1_000
    const clock = {
      now: () => now,
      after(delayMs: number, call: () => void) {
        const timer = { at: now + delayMs, call }
        timers.push(timer)
        return { dispose: () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0) }
      },
    }
    world = await setupGateway({ clock })
    const socket = world.raw(`${world.newItem()}?token=${world.token('member').token}`)
    await new Promise((resolve) => socket.once('open', resolve))
    const heard = new Promise<Uint8Array>((resolve) => socket.once('message', (data) => resolve(new Uint8Array(data as Buffer))))
    await whenever(() => world.gateway().counts().sockets === 1, (ask) => {
      const timer = setInterval(ask, 1)
      return () => clearInterval(timer)
    })
    now += 20_000
    for (const timer of timers.splice(0)) timer.call()
    expect((await heard)[0]).toBe(1)
  })
})

describe('a slow reader', () => {
  test('[L2] costs a place in the log, not a buffer, and has everything in the end', async () => {
    world = await setupGateway()
    const { item } = await startedItem('Begin.')
    const slow = world.raw(`${item}?token=${world.token('reader').token}`)
    const doc = new Y.Doc()
    const heard = new Promise<void>((resolve) => slow.on('message', (data) => {
      const bytes = new Uint8Array(data as Buffer)
      if (bytes[0] !== 0 || bytes[1] === 0) return
      const decoder = decoding.createDecoder(bytes.subarray(2))
      Y.applyUpdate(doc, decoding.readVarUint8Array(decoder))
      resolve()
    }))
    await new Promise((resolve) => slow.once('open', resolve))
    slow.send(frame(0, 0, new Uint8Array([0])))
    await heard
    slow.pause()

    const member = world.accounts.createPerson({ login: 'wijkteam@voorbeeld.example', name: 'wijkteam', job: 'wijkteam', organisation: 'Wijkteam' })
    if (!member.ok) throw new Error('taken')
    world.accounts.setRole(member.value.user, world.space, 'member')
    const writer = relayWriter(world, member.value.user, item)
    await writer.catchUp()
    const chapters = Array.from({ length: 30 }, (_, index) => `${index} ${'x'.repeat(500_000)} einde ${index}.`)
    let bufferedMax = 0
    for (const chapter of chapters) {
      await writer.write((own) => addParagraph(own, chapter))
      bufferedMax = Math.max(bufferedMax, world.gateway().counts().bufferedBytes)
    }
    // 15 MB were written; what the kernel took for the socket is not ours to count.
    expect(bufferedMax).toBeGreaterThan(1024 * 1024)
    expect(bufferedMax).toBeLessThan(2.5 * 1024 * 1024)
    slow.resume()
    await whenDoc(doc, () => proseOf(doc).length === 1 + chapters.length)
    expect(textOf(doc)).toBe(textOf(writer.doc))
  })

  test('[L2] who asks over and over and never reads costs one answer, and has it when it reads', async () => {
    world = await setupGateway()
    const { item, provider } = await startedItem(`Begin. ${'x'.repeat(500_000)}`)
    // So that who is there is worth asking as well.
    provider.awareness.setLocalStateField('cursor', { anchor: 'a'.repeat(1_500), head: 'b'.repeat(1_500) })
    const asker = world.raw(`${item}?token=${world.token('member').token}`)
    let closed: number | null = null
    asker.on('close', (code) => (closed = code))
    await new Promise((resolve) => asker.once('open', resolve))
    asker.pause()
    let bufferedMax = 0
    const own = new Y.Doc()
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 5; i++) asker.send(frame(0, 0, new Uint8Array([0])))
      for (let i = 0; i < 1_000; i++) asker.send(frame(3))
      // What it writes comes after its questions, and is taken although it does not read.
      const before = Y.encodeStateVector(own)
      addParagraph(own, `ronde ${round}.`)
      asker.send(frame(0, 2, Y.encodeStateAsUpdate(own, before)))
      await whenText(provider.doc, `ronde ${round}.`)
      bufferedMax = Math.max(bufferedMax, world.gateway().counts().bufferedBytes)
    }
    // 50 MB of answers and 60 MB of presence were asked for.
    expect(bufferedMax).toBeLessThan(2.5 * 1024 * 1024)
    expect(closed).toBeNull()
    const last = frame(0, 0, Y.encodeStateVector(provider.doc))
    const heard = new Y.Doc()
    let answersCount = 0
    asker.on('message', (data) => {
      const decoder = decoding.createDecoder(new Uint8Array(data as Buffer))
      if (decoding.readVarUint(decoder) !== 0) return
      const step = decoding.readVarUint(decoder)
      if (step === 1) answersCount += 1
      if (step > 0) Y.applyUpdate(heard, decoding.readVarUint8Array(decoder))
    })
    asker.send(last)
    asker.resume()
    await whenDoc(heard, () => textOf(heard) === textOf(provider.doc))
    expect(answersCount).toBeLessThan(30)
  })
})

describe('bad input', () => {
  test('a subdocument is refused with a close that keeps the client away', async () => {
    world = await setupGateway()
    const { item } = await startedItem('Goed.')
    const doc = new Y.Doc()
    doc.getMap('x').set('sub', new Y.Doc())
    const socket = world.raw(`${item}?token=${world.token('member').token}`)
    await new Promise((resolve) => socket.once('open', resolve))
    const ended = whenClosed(socket)
    socket.send(frame(0, 2, Y.encodeStateAsUpdate(doc)))
    expect(await ended).toEqual({ code: 4403, reason: 'subdocument' })
  })

  test('malformed frames end their own socket, and the others notice nothing', async () => {
    world = await setupGateway()
    const { item, provider } = await startedItem('Goed.')
    const { token } = world.token('member', world.space, 'hostile')
    const dice = namedDice(9, 'garbage')
    const garbage = Array.from({ length: 40 }, () => Uint8Array.from({ length: 1 + (dice.uint32() % 40) }, () => dice.uint32() & 0xff))
    const hostile: (Uint8Array | string)[] = [
      ...garbage, new Uint8Array(), 'tekst', frame(0), frame(0, 0), frame(0, 7), frame(0, 0, new Uint8Array([255, 255, 255, 255, 255])), frame(0, 2, new Uint8Array([255, 255, 255, 127])),
      frame(1, new Uint8Array([200, 200, 200, 200, 1])), frame(1, frame(1, 5, 5, '{')), frame(2, 0, 'x'), frame(3), frame(9, 9),
    ]
    for (const bytes of hostile) {
      const socket = world.raw(`${item}?token=${token}`)
      await new Promise((resolve) => socket.once('open', resolve))
      socket.send(bytes)
      socket.send(frame(0, 7)) // whatever became of the first, this one ends it
      expect((await whenClosed(socket)).code).toBeGreaterThan(1000)
    }
    addParagraph(provider.doc, 'Nog steeds goed.')
    await settled(item, 'Nog steeds goed.')
    const fresh = world.stock(item, world.token('reader').token)
    await whenSynced(fresh)
    expect(textOf(fresh.doc)).toBe('Goed.\nNog steeds goed.\n')
  })

  test('an update with a gap is not taken: the client is told to come back with all it has', async () => {
    world = await setupGateway()
    const { item } = await startedItem('Goed.')
    const doc = new Y.Doc()
    addParagraph(doc, 'Eerst.')
    const before = Y.encodeStateVector(doc)
    addParagraph(doc, 'Dan.')
    const socket = world.raw(`${item}?token=${world.token('member').token}`)
    await new Promise((resolve) => socket.once('open', resolve))
    const ended = whenClosed(socket)
    socket.send(frame(0, 2, Y.encodeStateAsUpdate(doc, before)))
    expect((await ended).code).toBe(1013)
    expect((await world.entries(item)).filter(({ part }) => part === 'prose')).toHaveLength(1)
  })

  test('[7] nobody continues the clientID of somebody else', async () => {
    world = await setupGateway()
    const { item, provider } = await startedItem('Van a.')
    const forged = new Y.Doc()
    Y.applyUpdate(forged, Y.encodeStateAsUpdate(provider.doc))
    forged.clientID = provider.doc.clientID
    const before = Y.encodeStateVector(forged)
    addParagraph(forged, 'Alsof van a.')
    const socket = world.raw(`${item}?token=${world.token('member', world.space, 'forger').token}`)
    await new Promise((resolve) => socket.once('open', resolve))
    const ended = whenClosed(socket)
    socket.send(frame(0, 2, Y.encodeStateAsUpdate(forged, before)))
    expect((await ended).code).toBe(4403)
    expect(textOf(provider.doc)).not.toContain('Alsof')
  })
})

test('facts made by the engine read the same in the relay', async () => {
  world = await setupGateway()
  await loadFacts()
  const { entries, engineView } = await createEngineFacts(world)
  expect(materialise(entries).facts).toEqual(engineView)
})
