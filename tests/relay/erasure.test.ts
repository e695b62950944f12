/** What a connection hears of an erasure. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Erasure } from '../../server/store/erase.ts'
import type { Log } from '../../server/store/log.ts'
import { createMemoryLog } from '../../server/store/memory-log.ts'
import { seededDice } from '../../shared/base/random.ts'
import { createEntryMaker, createTypist } from '../contract/payloads.ts'
import { ANNE, BEN, HELLO, setupRelay, SPACE, subTo } from './world.ts'

describe('erasing for good', () => {
  let world: ReturnType<typeof setupRelay>
  const make = createEntryMaker(9)
  const [item, writer] = [make.id(), make.id()]
  const erasure = (): Erasure => ({ id: make.id(), space: SPACE, item, mode: 'whole', time: 5, by: ANNE, reason: 'per ongeluk', ranges: [] })

  beforeEach(() => {
    world = setupRelay()
    for (const user of [ANNE, BEN]) world.people.give(user, SPACE, 'leader')
  })

  it('[ERA9] open subscriptions end with EPOCH, pushes go on, and the next SUB hears what was erased before it is subscribed', async () => {
    const anne = await world.join(ANNE)
    anne.push(make.entry({ space: SPACE, item, writer, payload: createTypist(1).type('weg') }))
    await world.pass(100)
    const before = await world.log.head(SPACE)
    const { epoch } = await world.relay.erase(erasure())
    expect(anne.of('epoch')).toEqual([{ type: 'epoch', space: SPACE, epoch }])
    anne.say(subTo(SPACE, before!.epoch, 1, before!.tailHash))
    await world.settle()
    expect(anne.closed).toMatchObject({ code: 4426 })

    const ben = world.connect(BEN)
    ben.say({ ...HELLO, protoMax: 3 }, subTo(SPACE, before!.epoch, 1, before!.tailHash))
    await world.settle()
    const heard = ben.received.map(({ type }) => type).filter((type) => type === 'erased' || type === 'subbed')
    expect(heard).toEqual(['erased', 'subbed'])
    expect(ben.of('erased')).toMatchObject([{ item, mode: 'whole', time: 5, reason: 'per ongeluk' }])
    expect(ben.of('subbed')).toMatchObject([{ epoch, head: 0, mode: 'recover', commonSeq: 0 }])
    const other = make.entry({ space: SPACE, item: make.id(), writer: make.id(), payload: createTypist(2).type('blijft') })
    ben.push(make.entry({ space: SPACE, item, writer, payload: createTypist(1).type('weer') }), other)
    await world.pass(100)
    expect(ben.of('nack')).toMatchObject([{ n: 1, code: 'deleted' }])
    expect(ben.of('ack').at(-1)).toMatchObject({ upToN: 2 })
    expect(ben.seqs()).toEqual([1])
  })

  it('[INV2] [ERA9] what is read of the log after an erasure, before the relay hears of that, leaves under no old name', async () => {
    const steps: (() => void)[] = []
    const inner = createMemoryLog({ dice: seededDice(1), schedule: (_step, run) => void steps.push(run) })
    let mayRead = Promise.resolve()
    const log: Log = { ...inner, read: (...question) => mayRead.then(() => inner.read(...question)) }
    world = setupRelay({ log })
    world.people.give(ANNE, SPACE, 'leader')
    world.people.give(BEN, SPACE, 'leader')
    const step = async (): Promise<void> => {
      steps.shift()?.()
      await world.settle()
    }
    const anne = await world.join(ANNE)
    anne.push(make.entry({ space: SPACE, item, writer, payload: createTypist(1).type('weg') }), make.entry({ space: SPACE, item: make.id(), writer: make.id(), payload: createTypist(2).type('blijft') }))
    await world.pass(10)
    await step()
    await step()
    expect(anne.seqs()).toEqual([1, 2])

    // Ben's catch-up asks for the entries of the log that is, and reads those of the log that will be.
    let letRead: () => void = () => undefined
    mayRead = new Promise((resolve) => (letRead = resolve))
    const ben = world.connect(BEN)
    ben.say({ ...HELLO, protoMax: 3 }, subTo(SPACE))
    await world.settle()
    const before = ben.of('subbed')[0]!.epoch
    const erased = world.relay.erase(erasure())
    await world.settle()
    await step()
    letRead()
    mayRead = Promise.resolve()
    await world.settle()
    const after = (await log.head(SPACE))!.epoch
    expect(after).not.toBe(before)
    expect(ben.seqs()).toEqual([])
    expect(ben.of('epoch')).toEqual([{ type: 'epoch', space: SPACE, epoch: after }])

    // He asks again at once; when the relay hears of it, everybody it knows is told to, and he asks once more.
    const sub = subTo(SPACE, before, 0, new Uint8Array(16))
    ben.say(sub)
    await world.settle()
    await step()
    await erased
    expect(ben.of('epoch')).toHaveLength(2)
    ben.say(sub)
    await world.settle()
    expect(ben.of('subbed').at(-1)).toMatchObject({ epoch: after, head: 1, mode: 'recover' })
    expect(ben.of('entries').map(({ epoch }) => epoch).every((epoch) => epoch === after)).toBe(true)
    anne.push(make.entry({ space: SPACE, item: make.id(), writer: make.id(), payload: createTypist(3).type('nieuw') }))
    await world.pass(10)
    await step()
    await step()
    expect(ben.seqs().at(-1)).toBe(2)
  })

  it('[ERA11] a laptop that cannot be told of an erasure is asked to renew itself, one that begins anew is let in', async () => {
    await world.log.ensureSpace(SPACE)
    const before = await world.log.head(SPACE)
    await world.relay.erase(erasure())
    const anne = world.connect(ANNE)
    anne.say(HELLO, subTo(SPACE, before!.epoch, 0, before!.tailHash))
    await world.settle()
    expect(anne.closed).toMatchObject({ code: 4426 })
    const ben = await world.join(BEN)
    expect(ben.closed).toBeNull()
    expect(ben.of('subbed')).toMatchObject([{ mode: 'resume' }])
    expect(ben.of('erased')).toEqual([])
  })
})
