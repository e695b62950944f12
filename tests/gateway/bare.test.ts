/** What no window can draw, offered at the three doors of one relay by somebody with a program of their own. */
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { newId, type ItemId } from '../../shared/base/ids.ts'
import { namedDice } from '../../shared/base/random.ts'
import { startUnderTest } from '../server/relay-under-test.ts'
import { createSyncDoor, pushByTwin, pushByYjs } from '../trust/doors.ts'

const dice = namedDice(1, 'bare')

async function threeDoors() {
  const relay = await startUnderTest()
  await relay.administrator()
  const space = relay.space()
  const { cookie } = await relay.member(space, 'member')
  const sync = createSyncDoor(relay.origin, cookie, dice)
  const item = newId(dice)
  const message = (payload: Uint8Array, of: ItemId = item) =>
    ({ type: 'push', space, entry: newId(dice), item: of, part: 'prose', format: 'yjs1', schema: 1, clientTime: 0, writer: newId(dice), spans: new Uint8Array(), fragment: 0, fragments: 1, payload }) as const
  const doors: Record<string, (payload: Uint8Array) => Promise<string>> = {
    socket: (payload) => sync.push(message(payload)),
    twin: (payload) => pushByTwin(relay.origin, cookie, message(payload)),
    'gateway, typed': (payload) => pushByYjs(relay.origin, cookie, item, payload, true, false),
    'gateway, brought along': (payload) => pushByYjs(relay.origin, cookie, item, payload, true, true),
  }
  /** The text as anybody reads it who comes to the gateway. */
  const said = async (): Promise<Y.Doc> => {
    const doc = new Y.Doc()
    for (const { payload } of await relay.running.log.readItem(space, item, 'prose', 1, Number.MAX_SAFE_INTEGER, 1_000)) Y.applyUpdate(doc, payload)
    return doc
  }
  return { doors, said, sync }
}

const made = (change: (doc: Y.Doc) => void): Uint8Array => {
  const doc = new Y.Doc()
  doc.clientID = dice.uint32()
  doc.transact(() => change(doc))
  return Y.encodeStateAsUpdate(doc)
}
const block = (what: unknown): Y.XmlElement => {
  const element = new Y.XmlElement('paragraph')
  element.insert(0, [what as Y.XmlText])
  return element
}

test('letters straight in a text are taken at every door: what a program keeps there is its own, and windows leave it out', async () => {
  const { doors, said, sync } = await threeDoors()
  expect(await doors.socket?.(made((doc) => doc.getXmlFragment('prose').insert(0, [block(new Y.XmlText('Begin.'))])))).toBe('taken')
  for (const [name, push] of Object.entries(doors)) {
    const answer = name.startsWith('gateway') ? 'dealt with' : 'taken'
    expect(await push(made((doc) => doc.getText('prose').insert(0, `${name};`))), name).toBe(answer)
    expect(await push(made((doc) => doc.getXmlFragment('prose').insert(0, [block('kaal')]))), name).toBe(answer)
  }
  const text = (await said()).getText('prose').toString()
  for (const name of Object.keys(doors)) expect(text).toContain(`${name};`)
  sync.cut()
})

test('what other programs write beside the text goes on at every door', async () => {
  const { doors, said, sync } = await threeDoors()
  expect(await doors.socket?.(made((doc) => doc.getXmlFragment('prose').insert(0, [block(new Y.XmlText('Begin.'))])))).toBe('taken')
  for (const [name, push] of Object.entries(doors))
    expect(await push(made((doc) => {
      doc.getText('quill').insert(0, `${name};`)
      doc.getArray('lijst').push([name])
    })), name).toBe(name.startsWith('gateway') ? 'dealt with' : 'taken')
  const doc = await said()
  expect(doc.getText('quill').toJSON().split(';').filter(Boolean).sort()).toEqual(Object.keys(doors).sort())
  expect(doc.getArray('lijst').toJSON().sort()).toEqual(Object.keys(doors).sort())
  sync.cut()
})
