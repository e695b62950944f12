/** Erasing for good on a disk: the bytes are gone from every file, a cut in the middle is finished, and an older backup brings nothing back. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededDice } from '../../shared/base/random.ts'
import { backupLog, putLogInPlace, verifyLogFile } from '../../server/store/log-care.ts'
import { eraseInBackup } from '../../server/store/log-file.ts'
import { createSqliteLog, type StoredLog } from '../../server/store/sqlite-log.ts'
import { allOf, describeErasure, historyOf, wholeOf, writeSome } from './erasure.contract.ts'

const TOKEN = 'xq7Gz'
const dice = seededDice(3)
let folder: string
let log: StoredLog

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'samenpad-erase-'))
  log = await createSqliteLog({ folder, dice })
})
afterEach(async () => {
  await log.close()
  rmSync(folder, { recursive: true })
})

/** Names of files that hold the words somewhere, free pages and all. */
const filesWith = (words: string, path = folder): string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? filesWith(words, join(path, one.name)) : readFileSync(join(path, one.name)).includes(words) ? [one.name] : []))
const reopen = async (): Promise<void> => {
  await log.close()
  log = await createSqliteLog({ folder, dice })
}

describeErasure('sqlite log', async () => {
  const own = mkdtempSync(join(tmpdir(), 'samenpad-log-'))
  let opened = await createSqliteLog({ folder: own, dice })
  const world = {
    log: opened,
    async reopen() {
      await opened.close()
      return (world.log = opened = await createSqliteLog({ folder: own, dice }))
    },
    async dispose() {
      await opened.close()
      rmSync(own, { recursive: true })
    },
  }
  return world
})

describe('files of a log after an erasure', () => {
  it('[ERA6] no file of the folder holds a word of an item that was erased whole, while the relay runs and readers are open', async () => {
    const { space, items, make } = await writeSome(log, 1, TOKEN)
    const other = await writeSome(log, 2)
    expect(filesWith(TOKEN)).not.toEqual([])
    for (const item of items) expect((await log.erase(wholeOf({ space, item, id: make.id() }))).isScrubbed).toBe(true)
    expect(filesWith(TOKEN)).toEqual([])
    expect(await allOf(log, other.space)).toHaveLength(other.sent.length)
    expect((await log.verify()).problems).toEqual([])
    await log.backupTo(join(folder, 'backup'))
    expect(filesWith(TOKEN)).toEqual([])
  })

  it('[ERA6] no file of the folder holds what was deleted from a text and then erased', async () => {
    const make = (await writeSome(log, 4)).make
    const { space, items, sent, typists } = await writeSome(log, 5)
    const [item] = items
    const { typist, writer } = typists[0]!
    for (const payload of [typist.type(TOKEN, 0), typist.erase(0, TOKEN.length)]) {
      const entry = make.entry({ space, item: item!, writer, payload })
      sent.push(entry)
      await log.append([{ entry, author: make.id(), serverTime: 1 }])
    }
    // Another author than the one who began: the typist's own entries were refused, so its words are sent by who began.
    const { results } = await log.append(sent.slice(-2).map((entry) => ({ entry, author: 'a0'.repeat(16), serverTime: 1 })))
    expect(results.map(({ kind }) => kind)).toEqual(['stored', 'stored'])
    expect(filesWith(TOKEN)).not.toEqual([])
    expect(await log.erase(historyOf({ space, item: item!, id: make.id() }, sent.filter((one) => one.item === item)))).toMatchObject({ isScrubbed: true })
    expect(filesWith(TOKEN)).toEqual([])
    expect((await log.verify()).problems).toEqual([])
  })

  it('[ERA7] an erasure that was cut off after it was noted is carried out by the next opening', async () => {
    const { space, items, make } = await writeSome(log, 6, TOKEN)
    const before = join(folder, 'log.sqlite')
    await log.close()
    const old = readFileSync(before)
    log = await createSqliteLog({ folder, dice })
    for (const item of items) await log.erase(wholeOf({ space, item, id: make.id() }))
    await log.close()
    // The list beside it names what this database does not know.
    writeFileSync(before, old)
    expect(filesWith(TOKEN)).toEqual(['log.sqlite'])
    log = await createSqliteLog({ folder, dice })
    expect(filesWith(TOKEN)).toEqual([])
    expect(await allOf(log, space)).toEqual([])
    await reopen()
    expect((await log.erasures(space)).map(({ item }) => item)).toEqual(items)
  })

  it('[ERA8] an older backup that is put back comes without what was erased since', async () => {
    const { space, items, sent, make } = await writeSome(log, 9, TOKEN)
    const elsewhere = mkdtempSync(join(tmpdir(), 'samenpad-backup-'))
    backupLog(folder, join(elsewhere, 'backup'), dice)
    for (const item of items.slice(1)) await log.erase(wholeOf({ space, item, id: make.id() }))
    await log.erase(historyOf({ space, item: items[0]!, id: make.id() }, sent.filter((one) => one.item === items[0])))
    const after = await allOf(log, space)
    await log.close()
    cpSync(join(elsewhere, 'backup'), join(elsewhere, 'unpacked'))
    eraseInBackup(join(elsewhere, 'unpacked'), folder, dice)
    putLogInPlace(folder, join(elsewhere, 'unpacked'))
    log = await createSqliteLog({ folder, dice })
    expect(log.restored).toBe(true)
    expect((await allOf(log, space)).map(({ entry, payload }) => [entry, payload])).toEqual(after.map(({ entry, payload }) => [entry, payload]))
    expect(verifyLogFile(join(folder, 'log.sqlite')).problems).toEqual([])
    rmSync(elsewhere, { recursive: true })
  })

  it('a list of erasures that cannot be read is said, and nothing is served without it', async () => {
    const { space, items, make } = await writeSome(log, 10)
    await log.erase(wholeOf({ space, item: items[0]!, id: make.id() }))
    await log.close()
    writeFileSync(join(folder, 'erasures.json'), '{"format":1,"erasures":[{"id":')
    await expect(createSqliteLog({ folder, dice })).rejects.toMatchObject({ kind: 'unreadable-erasures' })
    rmSync(join(folder, 'erasures.json'))
    log = await createSqliteLog({ folder, dice })
    expect(readdirSync(folder)).toContain('erasures.json')
  })
})
