// A relay that starts on a log of which one space is damaged: that space is told, and all the others are served.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { SpaceId } from '../../shared/base/ids.ts'
import { seededDice } from '../../shared/base/random.ts'
import { createSqliteLog } from '../../server/store/sqlite-log.ts'
import { createEntryMaker, createTypist } from '../contract/payloads.ts'
import { freshFolder, startUnderTest } from './relay-under-test.ts'

const make = createEntryMaker(3)
const entryIn = (space: SpaceId) => ({ entry: make.entry({ space, item: make.id(), writer: make.id(), payload: createTypist(1).type('x') }), author: make.id(), serverTime: 1 })

for (const [what, sql, isKnown] of [
  ['its row in the list of spaces', 'UPDATE spaces SET checksum = 0 WHERE space = ?', false],
  ['its newest entry', "UPDATE entries SET payload = x'000000' WHERE place = 8589934592 * (SELECT no FROM spaces WHERE space = ?) + 1", true],
] as const)
  test(`the relay starts although one space is damaged in ${what}: it says which, and the others go on`, async () => {
    const data = join(freshFolder(), 'data')
    const before = await startUnderTest({ data })
    const [bad, good] = [before.space('Schiedam'), before.space('Vlaardingen')]
    await before.running.close()
    const log = await createSqliteLog({ folder: data, dice: seededDice(1) })
    for (const space of [bad, good]) await log.ensureSpace(space)
    await log.append([entryIn(bad), entryIn(good)])
    await log.close()
    const raw = new DatabaseSync(join(data, 'log.sqlite'))
    raw.prepare(sql).run(Buffer.from(bad, 'hex'))
    raw.close()

    const { running, lines, ask } = await startUnderTest({ data })
    const told = lines.map((line) => JSON.parse(line) as { kind?: string; space?: string }).filter(({ kind }) => kind === 'space-damaged')
    expect(told.map(({ space }) => space)).toEqual([bad])
    expect((await ask('GET', '/readyz')).status).toBe(200)
    const { results } = await running.log.append(isKnown ? [entryIn(bad), entryIn(good)] : [entryIn(good)])
    expect(results).toEqual([...(isKnown ? [{ kind: 'refused', code: 'storage', reason: 'damaged' }] : []), { kind: 'stored', seq: 2, repeated: false }])
    expect((await running.log.head(good))?.head).toBe(2)
    if (!isKnown) await expect(running.log.ensureSpace(bad)).rejects.toMatchObject({ kind: 'corrupt' })
  })
