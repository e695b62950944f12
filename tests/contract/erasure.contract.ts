/** What every log does with *definitief verwijderen*: the item, or what was deleted from its text, is gone and stays gone; everything else is as it was. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Id } from '../../shared/base/ids.ts'
import { bytesEqual } from '../../shared/base/bytes.ts'
import { newId } from '../../shared/base/ids.ts'
import { below, chance, pick, seededDice } from '../../shared/base/random.ts'
import type { Entry, NewEntry } from '../../shared/model/entries.ts'
import { encodeRanges } from '../../shared/protocol/erase-prose.ts'
import { EMPTY_TAIL_HASH, nextTailHash } from '../../shared/protocol/tail-hash.ts'
import { sha256 } from '../../shared/base/hash.ts'
import { deletedRanges } from '../../server/derive/deleted-ranges.ts'
import type { Erasure } from '../../server/store/erase.ts'
import type { Log } from '../../server/store/log.ts'
import { createEntryMaker, createRegistrar, createTypist } from './payloads.ts'
import type { LogUnderTest } from './log.contract.ts'

const AUTHOR = 'a0'.repeat(16)
const ALL = Number.MAX_SAFE_INTEGER

/** A space in which three people wrote in three items: prose that is deleted in part, and facts. */
export async function writeSome(log: Log, seed: number, token = '') {
  const dice = seededDice(seed)
  const make = createEntryMaker(seed)
  const space = make.id()
  await log.ensureSpace(space)
  const items = [make.id(), make.id(), make.id()]
  const typists = items.map((_, i) => ({ typist: createTypist(100 + i), writer: make.id() }))
  const registrars = items.map((_, i) => ({ registrar: createRegistrar(newId(seededDice(seed * 10 + i))), writer: make.id() }))
  const sent: NewEntry[] = []
  const send = async (entry: NewEntry): Promise<void> => {
    sent.push(entry)
    const { results: [result] } = await log.append([{ entry, author: AUTHOR, serverTime: sent.length }])
    expect(result).toMatchObject({ kind: 'stored', repeated: false })
  }
  for (let step = 0; step < 40; step++) {
    const at = below(dice, items.length)
    const item = items[at]!
    if (chance(dice, 0.2)) {
      const { registrar, writer } = registrars[at]!
      await send(make.entry({ space, item, writer, part: 'facts', payload: registrar.set(`f${below(dice, 3)}`, `feit${step}${token}`) }))
      continue
    }
    const { typist, writer } = typists[at]!
    const length = typist.read().length
    const payload = length > 4 && chance(dice, 0.3) ? typist.erase(below(dice, length - 2), 2) : typist.type(`woord${step}${token} `, below(dice, length + 1))
    await send(make.entry({ space, item, writer, payload }))
  }
  return { space, items, sent, make, typists }
}

export const historyOf = (erased: { space: Id; item: Id; id: Id }, entries: readonly { part: string; payload: Uint8Array }[]): Erasure => ({
  ...erased, mode: 'history', time: 9, by: AUTHOR, reason: 'naam van een cliënt', ranges: encodeRanges(deletedRanges(entries.filter(({ part }) => part === 'prose').map(({ payload }) => payload)), 100_000),
})

export const wholeOf = (erased: { space: Id; item: Id; id: Id }): Erasure => ({ ...erased, mode: 'whole', time: 9, by: null, reason: 'per ongeluk', ranges: [] })

export async function allOf(log: Log, space: Id): Promise<Entry[]> {
  const { epoch, entries, tailHashAfter } = await log.read(space, 0, ALL, 100_000)
  let tail: Uint8Array = EMPTY_TAIL_HASH
  const lastOf = new Map<Id, number>()
  for (const [i, { seq, entry, payload, item, prevItemSeq }] of entries.entries()) {
    expect([seq, prevItemSeq]).toEqual([i + 1, lastOf.get(item) ?? 0])
    lastOf.set(item, seq)
    tail = nextTailHash(tail, seq, entry, sha256(payload))
  }
  expect(bytesEqual(tail, tailHashAfter)).toBe(true)
  expect(await log.head(space)).toMatchObject({ epoch, head: entries.length })
  return entries
}

export function describeErasure(name: string, setup: () => Promise<LogUnderTest>): void {
  describe(`${name}: erasing for good`, () => {
    let world: LogUnderTest
    beforeEach(async () => void (world = await setup()))
    afterEach(() => world.dispose())
    const SEEDS = [1, 2, 3, 4, 5, 6]

    it('[INV2] [ERA1] an item that is erased whole leaves no entry, the others keep theirs in order, under a new epoch', async () => {
      for (const seed of SEEDS) {
        const { space, items, sent } = await writeSome(world.log, seed)
        const before = await world.log.head(space)
        const item = items[seed % 3]!
        const done = await world.log.erase(wholeOf({ space, item, id: newId(seededDice(seed)) }))
        const left = await allOf(world.log, space)
        expect(left.map(({ entry }) => entry)).toEqual(sent.filter((one) => one.item !== item).map(({ entry }) => entry))
        expect(left.every(({ entry, payload }) => bytesEqual(payload, sent.find((one) => one.entry === entry)!.payload))).toBe(true)
        expect(done).toMatchObject({ head: left.length, entriesCount: sent.length - left.length })
        expect(done.epoch).toBe((await world.log.head(space))?.epoch)
        expect(done.epoch).not.toBe(before?.epoch)
        expect(await world.log.spaceOf(item)).toBeNull()
      }
    })

    it('[ERA2] what is offered of an item that was erased whole is refused as deleted, also after opening again', async () => {
      const { space, items, sent, make } = await writeSome(world.log, 7)
      const [item] = items
      await world.log.erase(wholeOf({ space, item: item!, id: make.id() }))
      const head = (await world.log.head(space))?.head
      for (const isAgain of [false, true]) {
        const log = isAgain ? await world.reopen() : world.log
        const fresh = make.entry({ space, item: item!, writer: make.id(), payload: createTypist(9).type('weer') })
        const { results } = await log.append([...sent.filter((one) => one.item === item), fresh].map((entry) => ({ entry, author: AUTHOR, serverTime: 1 })))
        for (const result of results) expect(result).toEqual({ kind: 'refused', code: 'deleted', reason: 'erased' })
        expect((await log.head(space))?.head).toBe(head)
      }
    })

    it('[INV5] [ERA3] a text without its deleted words keeps every entry in its place, and old copies are acknowledged and not taken', async () => {
      for (const seed of SEEDS) {
        const { space, items, sent, make, typists } = await writeSome(world.log, seed + 20)
        const item = items[seed % 3]!
        const own = sent.filter((one) => one.item === item)
        const { epoch } = await world.log.erase(historyOf({ space, item, id: make.id() }, own))
        const after = await allOf(world.log, space)
        expect(after.map(({ entry }) => entry)).toEqual(sent.map(({ entry }) => entry))
        expect(after.filter(({ entry, payload }) => !bytesEqual(payload, sent.find((one) => one.entry === entry)!.payload)).every((one) => one.item === item && one.part === 'prose')).toBe(true)
        const reader = createTypist(1)
        for (const one of after) if (one.item === item && one.part === 'prose') reader.receive(one.payload)
        expect(reader.read()).toBe(typists[seed % 3]!.typist.read())
        const again = await world.log.append(sent.map((entry) => ({ entry, author: AUTHOR, serverTime: 1 })))
        expect(again.results.every((result) => result.kind === 'stored' && result.repeated)).toBe(true)
        expect((await world.log.head(space))?.epoch).toBe(epoch)
        // Who writes on is taken in, deletions of others' words included.
        const { typist, writer } = typists[seed % 3]!
        const next = make.entry({ space, item, writer, payload: typist.type('verder', pick(seededDice(seed), [0, typist.read().length])) })
        expect((await world.log.append([{ entry: next, author: AUTHOR, serverTime: 1 }])).results).toEqual([{ kind: 'stored', seq: sent.length + 1, repeated: false }])
      }
    })

    it('[ERA4] an entry that the log lost comes back without what was erased', async () => {
      const make = createEntryMaker(50)
      const [space, item, writer] = [make.id(), make.id(), make.id()]
      await world.log.ensureSpace(space)
      const typist = createTypist(5)
      const entries = [typist.type('eerst '), typist.type('GEHEIM'), typist.erase(6, 6), typist.type('laatst')].map((payload) => make.entry({ space, item, writer, payload }))
      // The first alone is in this log, as in an older backup; the erasure knows of all.
      await world.log.append([{ entry: entries[0]!, author: AUTHOR, serverTime: 1 }])
      await world.log.erase(historyOf({ space, item, id: make.id() }, entries))
      const { results, runs } = await world.log.append(entries.map((entry) => ({ entry, author: AUTHOR, serverTime: 1 })))
      expect(results.map((result) => result.kind)).toEqual(['stored', 'stored', 'stored', 'stored'])
      const reader = createTypist(1)
      for (const { payload } of await allOf(world.log, space)) {
        expect(Buffer.from(payload).includes('GEHEIM')).toBe(false)
        reader.receive(payload)
      }
      for (const { payload } of runs.flatMap((run) => run.entries)) expect(Buffer.from(payload).includes('GEHEIM')).toBe(false)
      expect(reader.read()).toBe('eerst laatst')
    })

    it('[ERA5] erasures of a space are listed with who, when and why, and no content', async () => {
      const { space, items, sent, make } = await writeSome(world.log, 8)
      const erasures = [historyOf({ space, item: items[0]!, id: make.id() }, sent.filter((one) => one.item === items[0])), wholeOf({ space, item: items[1]!, id: make.id() })]
      for (const one of erasures) await world.log.erase(one)
      expect(await world.log.erasures(space)).toEqual(erasures)
      expect(await (await world.reopen()).erasures(space)).toEqual(erasures)
      expect(await world.log.erasures(make.id())).toEqual([])
    })
  })
}
