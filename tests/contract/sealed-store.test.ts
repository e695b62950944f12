// The store whose contents are sealed keeps the contract of every store, whatever it is laid around, and keeps no word in clear.
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { createCipher, makeBox, openBox } from '../../client/engine/cipher.ts'
import { openDexieStore } from '../../client/engine/dexie-store.ts'
import { createMemoryDevice } from '../../client/engine/memory-store.ts'
import { createSealedStore } from '../../client/engine/sealed-store.ts'
import type { EngineStore } from '../../client/engine/store.ts'
import { deletedRanges } from '../../server/derive/deleted-ranges.ts'
import { must } from '../../shared/base/assert.ts'
import { bytesEqual, fromUtf8, utf8 } from '../../shared/base/bytes.ts'
import { dice, edit, engineStoreContract, id, received, spaceRow, TAIL } from './engine-store.contract.ts'

const cipherOf = async () => createCipher(crypto, must(await openBox(crypto, await makeBox(crypto, 'een zin die klopt', 1_000), 'een zin die klopt'), 'the passphrase it was made with'))
const cipher = await cipherOf()

const around = (open: () => Promise<EngineStore>) => async () => {
  const stores: EngineStore[] = []
  return {
    open: async () => {
      const store = createSealedStore(await open(), cipher)
      stores.push(store)
      return store
    },
    dispose: async () => {
      for (const store of stores) await store.close()
    },
  }
}
engineStoreContract('the sealed store around the memory store', () => {
  const device = createMemoryDevice()
  return around(async () => device.openStore())()
})
engineStoreContract('the sealed store around the Dexie store', () => {
  const [user, indexedDB] = [id(), new IDBFactory()]
  return around(() => openDexieStore({ user, dice, dexie: { indexedDB, IDBKeyRange } }))()
})

const words = utf8('Kanariezin')
const setup = async () => {
  const below = createMemoryDevice().openStore()
  return { below, store: createSealedStore(below, cipher), space: id(), item: id(), epoch: id() }
}

test('edits that are stored at the same time are stored in the order of asking, however long their sealing takes', async () => {
  const { below, item, space } = await setup()
  const slow: typeof cipher = { ...cipher, seal: async (bytes, about) => (bytes.length > 100 ? new Promise((resolve) => setTimeout(() => resolve(cipher.seal(bytes, about)), 5)) : cipher.seal(bytes, about)) }
  const store = createSealedStore(below, slow)
  const [long, short] = [edit(space, item, { payload: new Uint8Array(1000) }), edit(space, item)]
  await Promise.all([store.putLocal([long], 1), store.putLocal([short], 2)])
  expect((await store.outbox()).map(({ entry }) => entry)).toEqual([long.entry, short.entry])
})

test('an answer that takes longer to open is not overtaken by one that was asked for later', async () => {
  const { below, item, space } = await setup()
  const slow: typeof cipher = { ...cipher, open: async (bytes, about) => (bytes.length > 100 ? new Promise((resolve) => setTimeout(() => resolve(cipher.open(bytes, about)), 5)) : cipher.open(bytes, about)) }
  const store = createSealedStore(below, slow)
  await store.putLocal([edit(space, item, { payload: new Uint8Array(1000) }), edit(space, item)], 1)
  const heard: string[] = []
  await Promise.all([store.outbox().then(() => heard.push('all')), store.outbox(1).then(() => heard.push('last'))])
  expect(heard).toEqual(['all', 'last'])
})

test('bytes that were altered under a right checksum are never content, and never sent', async () => {
  const { below, store, space, item } = await setup()
  const one = edit(space, item, { payload: words })
  await store.putLocal([one], 1)
  const spoil = (payload: Uint8Array): void => void (payload[20]! ^= 1)
  spoil(must((await below.outbox())[0], 'is there').payload)
  expect(await store.outbox()).toMatchObject([{ state: 'parked', code: 'invalid', payload: new Uint8Array(0) }])
  expect((await store.entriesOf(item, 'prose')).entries).toMatchObject([{ quarantined: 'checksum', payload: new Uint8Array(0) }])
})

test('sealed bytes that were put in the place of others do not open', async () => {
  const { below, store, space, item } = await setup()
  const [a, b] = [edit(space, item, { payload: words }), edit(space, item, { payload: utf8('een andere zin') })]
  await store.putLocal([a, b], 1)
  const [first, second] = await below.outbox()
  must(first, 'is there').payload = must(second, 'is there').payload
  expect((await store.outbox()).map(({ state }) => state)).toEqual(['parked', 'waiting'])
})

test('another key opens nothing', async () => {
  const { below, store, space, item } = await setup()
  await store.putLocal([edit(space, item, { payload: words })], 1)
  await store.putValue('people', ['Kanarie'])
  const other = createSealedStore(below, await cipherOf())
  expect((await other.outbox()).map(({ state }) => state)).toEqual(['parked'])
  await expect(other.getValue('people')).rejects.toMatchObject({ failure: { kind: 'unavailable' } })
})

test('no payload, name or value stands in the store below as it was given, and all come back', async () => {
  const { below, store, space, item, epoch } = await setup()
  await store.putSpace(spaceRow(space, { name: 'Kanarie', epoch }))
  const [own, other] = [edit(space, item, { payload: words }), edit(space, item, { payload: words })]
  await store.putLocal([own], 1)
  await store.putRun(space, epoch, [received(other, 1, epoch)], 1, TAIL)
  await store.acknowledge([own.entry], epoch, 1)
  await store.putValue('people', ['Kanarie'])
  await store.putTexts([])
  await store.putSnapshot({ item, part: 'prose', space, version: 1, upToSeq: 1, upToAt: 2, payload: words, attribution: words, changedAt: 1, changedBy: own.author }, [], 0)
  const seen = [
    ...(await below.historyOf(item)).map(({ payload }) => payload), ...(await below.archive(space)).map(({ payload }) => payload),
    must((await below.entriesOf(item, 'prose')).snapshot, 'is there').payload, must(must((await below.entriesOf(item, 'prose')).snapshot, 'is there').attribution, 'is there'),
    utf8(JSON.stringify([await below.spaces(), await below.getValue('people')])),
  ]
  for (const bytes of seen) expect(new TextDecoder().decode(bytes)).not.toContain('Kanarie')
  expect((await store.historyOf(item)).map(({ payload }) => fromUtf8(payload))).toEqual(['Kanariezin', 'Kanariezin'])
  expect((await store.archive(space)).map(({ payload }) => bytesEqual(payload, words))).toEqual([true])
  expect((await store.entriesOf(item, 'prose')).snapshot).toMatchObject({ payload: words, attribution: words })
  expect([(await store.spaces())[0]?.name, await store.getValue('people'), await store.getValue('nothing')]).toEqual(['Kanarie', ['Kanarie'], undefined])
})

/** Typing a secret and taking it out again, and what that erases for good. */
function secret() {
  const doc = new Y.Doc()
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => void updates.push(update))
  const text = doc.getXmlFragment('prose')
  const line = new Y.XmlText()
  text.insert(0, [line])
  line.insert(0, 'Eerst GEHEIM daarna')
  line.delete(6, 6)
  return { updates, whole: Y.encodeStateAsUpdate(doc), ranges: deletedRanges(updates) }
}
const openDexie = () => {
  const [user, indexedDB] = [id(), new IDBFactory()]
  return openDexieStore({ user, dice, dexie: { indexedDB, IDBKeyRange } })
}

test.each([['memory', async () => createMemoryDevice().openStore()], ['Dexie', openDexie]] as const)(
  'ranges that were erased for good go out of sealed rows as out of open ones, also when a row comes in between: %s',
  async (_name, openBelow) => {
    const { updates, whole, ranges } = secret()
    const [space, item, epoch, next] = [id(), id(), id(), id()]
    const edits = updates.map((payload) => edit(space, item, { payload }))
    const late = edit(space, item, { payload: must(updates[1], 'the secret was typed') })
    const said = async (isSealed: boolean) => {
      const below = await openBelow()
      let isDisturbed = false
      const disturbed: EngineStore = {
        ...below,
        async recheckSpace(...args) {
          if (isSealed && !isDisturbed) {
            isDisturbed = true
            await createSealedStore(below, cipher).putLocal([late], 9)
          }
          return below.recheckSpace(...args)
        },
      }
      const store = isSealed ? createSealedStore(disturbed, cipher) : below
      await store.putSpace(spaceRow(space, { epoch }))
      await store.putLocal(edits, 1)
      await store.putRun(space, epoch, edits.map((one, i) => received(one, i + 1, epoch)), edits.length, TAIL)
      await store.acknowledge([must(edits[0], 'one').entry], epoch, 2)
      await store.putSnapshot({ item, part: 'prose', space, version: 1, upToSeq: 1, upToAt: 1, payload: whole, changedAt: 1, changedBy: id(), epoch }, [], 0)
      if (!isSealed) await store.putLocal([late], 9)
      await store.recheckSpace(space, next, edits.length, TAIL, [{ item, mode: 'history', time: 1, reason: 'naam', ranges }])
      expect(isDisturbed).toBe(isSealed)
      const { snapshot } = await store.entriesOf(item, 'prose')
      const payloads = [...(await store.historyOf(item)), ...(await store.outbox()), ...(await store.archive(space)), must(snapshot, 'is there')].map(({ payload }) => payload)
      const epochs = (await store.spaces()).map((row) => row.epoch)
      await store.close()
      return { payloads, epochs }
    }
    const [open, sealed] = [await said(false), await said(true)]
    expect(sealed).toEqual(open)
    expect(sealed.epochs).toEqual([next])
    expect(updates.map((bytes) => new TextDecoder('latin1').decode(bytes)).join()).toContain('GEHEIM')
    for (const bytes of sealed.payloads) expect(new TextDecoder('latin1').decode(bytes)).not.toContain('GEHEIM')
  },
)
