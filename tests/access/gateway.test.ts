// A1, A15: stock y-websocket clients of every role at the gateway, against the grants table; each is accounted for.
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { newId } from '../../shared/base/ids.ts'
import { may, ROLES, type Role } from '../../shared/model/grants.ts'
import { setupGateway, whenClosed, whenever } from '../gateway/world.ts'

const written = (doc: Y.Doc): string => doc.getXmlFragment('prose').toString()
const write = (doc: Y.Doc, words: string): void => doc.getXmlFragment('prose').insert(0, [new Y.XmlText(words)])

test.each<Role | 'neighbour'>([...ROLES.filter((role) => role !== 'programme-leader'), 'neighbour'])('the stock client of somebody who is %s reads and writes as the table says, and leaves its records', async (actor) => {
  const world = await setupGateway()
  try {
    const item = newId(world.dice)
    const owner = world.stock(item, world.token('member').token)
    await whenever(() => owner.synced, (ask) => (owner.on('sync', ask), () => owner.off('sync', ask)))
    write(owner.doc, 'van de eigenaar')
    const readsIt = (doc: Y.Doc, words: string): Promise<void> => whenever(() => written(doc).includes(words), (ask) => (doc.on('update', ask), () => doc.off('update', ask)))
    const second = world.stock(item, world.token('member').token)
    await readsIt(second.doc, 'van de eigenaar')

    const { token, user } = actor === 'neighbour' ? world.token('admin', world.elsewhere) : world.token(actor)
    world.accounted.length = 0
    const client = world.stock(item, token)
    if (actor === 'neighbour') {
      await whenever(() => world.accounted.length > 0, (ask) => (client.on('connection-close', ask), () => client.off('connection-close', ask)))
      expect(written(client.doc)).toBe('')
      expect(world.accounted.filter(({ who }) => who === user)[0]).toMatchObject({ operation: 'space.read', item, result: 'refused' })
      return
    }
    await readsIt(client.doc, 'van de eigenaar')
    write(client.doc, 'van de ander')
    const isAllowed = may(actor, 'item.write')
    if (isAllowed) await readsIt(second.doc, 'van de ander')
    else await whenever(() => world.accounted.some(({ operation }) => operation === 'item.write'), inEveryTurn)
    expect(written(second.doc).includes('van de ander')).toBe(isAllowed)
    expect(world.accounted.filter(({ who }) => who === user).map(({ operation, result, from }) => [operation, result, from])).toEqual([
      ['space.read', 'done', '127.0.0.1'], ['item.write', isAllowed ? 'done' : 'refused', '127.0.0.1'],
    ])
  } finally {
    world.dispose()
  }
})

test('an unknown id that is refused leaves one record, as a forbidden one does', async () => {
  const world = await setupGateway()
  try {
    const { token, user } = world.token('reader')
    const item = newId(world.dice)
    const socket = world.raw(`${item}?token=${token}`)
    expect(await whenClosed(socket)).toEqual({ code: 4404, reason: 'gone' })
    const { records } = world.accounts.audit.page({ who: user }, 10)
    expect(records.map(({ operation, space, subject, from, result }) => ({ operation, space, subject, from, result }))).toEqual([
      { operation: 'space.read', space: null, subject: item, from: '127.0.0.1', result: 'refused' },
    ])
  } finally {
    world.dispose()
  }
})

/** A refusal changes nothing here that could be listened to. Out: what stops asking. */
function inEveryTurn(ask: () => void): () => void {
  let isOver = false
  const turn = (): void => {
    if (isOver) return
    ask()
    setImmediate(turn)
  }
  turn()
  return () => {
    isOver = true
  }
}
