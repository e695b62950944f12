/**
 * What the store does when the disk, the folder or somebody's hands misbehave: a typed problem with a sentence, never a silent fresh start, never
 * an altered byte, never an acknowledgement that is not on the disk.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { below, seededDice, type Dice } from '../../shared/base/random.ts'
import { utf8 } from '../../shared/base/bytes.ts'
import { newId, type Id } from '../../shared/base/ids.ts'
import type { NewEntry } from '../../shared/model/entries.ts'
import { Worker } from 'node:worker_threads'
import { keepThread } from '../../server/store/thread-port.ts'
import { openLogDatabase, openLogFile } from '../../server/store/log-file.ts'
import { putLogInPlace, verifyLogFile } from '../../server/store/log-care.ts'
import { createLogWriter } from '../../server/store/log-writer.ts'
import { createSqliteLog, type StoredLog } from '../../server/store/sqlite-log.ts'
import { createThreadedLog } from '../../server/store/threaded-log.ts'
import { sha256OfFile, writeArchive } from '../../server/store/archive.ts'
import { makeBackup, restoreBackup } from '../../server/store/backup.ts'
import { openDatabase, type Database } from '../../server/store/database.ts'
import { createEntryMaker, createTypist } from './payloads.ts'

const AUTHOR = 'a0'.repeat(16)
const dice = seededDice(5)
let folder: string
let open: { close(): Promise<void> | void }[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'samenpad-store-'))
})
afterEach(async () => {
  for (const thing of open.reverse()) await thing.close()
  open = []
  rmSync(folder, { recursive: true, force: true })
})

const keep = <T extends { close(): Promise<void> | void }>(thing: T): T => {
  open.push(thing)
  return thing
}
const keepFolder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'samenpad-kopie-'))
  keep({ close: () => rmSync(path, { recursive: true, force: true }) })
  return path
}
const openLog = async (more: { bytesMax?: number } = {}): Promise<StoredLog> => keep(await createSqliteLog({ folder, dice, ...more }))
const logFile = (): string => join(folder, 'log.sqlite')

/** Entries of several spaces, committed in batches. */
async function fill(log: Pick<StoredLog, 'append' | 'ensureSpace'>, seed: number, spacesCount = 3, batches = 10): Promise<Map<Id, NewEntry[]>> {
  const make = createEntryMaker(seed)
  const bySpace = new Map<Id, NewEntry[]>()
  for (let s = 0; s < spacesCount; s++) {
    const space = make.id()
    await log.ensureSpace(space)
    bySpace.set(space, [])
  }
  const typists = [...bySpace.keys()].map((space) => ({ space, item: make.id(), writer: make.id(), typist: createTypist(7) }))
  for (let i = 0; i < batches; i++) {
    const batch = typists.map(({ space, item, writer, typist }) => make.entry({ space, item, writer, payload: typist.type(`regel ${i} `.repeat(5)) }))
    const { results } = await log.append(batch.map((entry) => ({ entry, author: AUTHOR, serverTime: i })))
    results.forEach((result, n) => {
      expect(result.kind).toBe('stored')
      bySpace.get(batch[n]!.space)!.push(batch[n]!)
    })
  }
  return bySpace
}

describe('opening', () => {
  it('a folder that is not there is a problem, not a fresh start', async () => {
    await expect(createSqliteLog({ folder: join(folder, 'weg'), dice })).rejects.toMatchObject({ kind: 'missing-folder' })
    await expect(createThreadedLog({ folder: join(folder, 'weg') })).rejects.toMatchObject({ kind: 'missing-folder' })
    expect(existsSync(join(folder, 'weg'))).toBe(false)
  })

  it('a database that is gone or empty beside its generation is a problem, not a fresh start', async () => {
    const log = await openLog()
    await fill(log, 1)
    await log.close()
    const bytes = readFileSync(logFile())
    truncateSync(logFile())
    await expect(openLog()).rejects.toMatchObject({ kind: 'missing-store' })
    rmSync(logFile())
    await expect(openLog()).rejects.toMatchObject({ kind: 'missing-store' })
    expect(existsSync(logFile())).toBe(false)
    writeFileSync(logFile(), bytes)
    expect((await openLog()).restored).toBe(false)
  })

  it('a second relay on the same folder is fenced, in this process and from its threads, until the first one ends', async () => {
    const first = await openLog()
    await expect(createSqliteLog({ folder, dice })).rejects.toMatchObject({ kind: 'locked' })
    await expect(createThreadedLog({ folder })).rejects.toMatchObject({ kind: 'locked' })
    await first.close()
    keep(await createThreadedLog({ folder }))
    await expect(createSqliteLog({ folder, dice })).rejects.toMatchObject({ kind: 'locked' })
  })

  it('settings that survive a power cut are set, read back and demanded', async () => {
    const log = await openLog()
    expect(await log.settings()).toMatchObject({ journalMode: 'wal', synchronous: 2, mmapBytes: 0 })
    const threaded = mkdtempSync(join(folder, 't-'))
    expect(await keep(await createThreadedLog({ folder: threaded })).settings()).toMatchObject({ journalMode: 'wal', synchronous: 2, mmapBytes: 0 })
  })

  it('a newer database is refused untouched, with a sentence', async () => {
    await (await openLog()).close()
    const raw = new DatabaseSync(logFile())
    raw.exec('PRAGMA user_version=99')
    raw.close()
    const before = readFileSync(logFile())
    await expect(openLog()).rejects.toMatchObject({ kind: 'newer-schema', message: expect.stringContaining('newer version') })
    expect(readFileSync(logFile())).toEqual(before)
  })

  it('something that is not a log is refused untouched', async () => {
    writeFileSync(logFile(), 'geen databank '.repeat(100))
    await expect(openLog()).rejects.toMatchObject({ kind: 'corrupt' })
    expect(readFileSync(logFile(), 'utf8')).toContain('geen databank')
    rmSync(logFile())
    const other = new DatabaseSync(logFile())
    other.exec('CREATE TABLE t (x)')
    other.close()
    await expect(openLog()).rejects.toMatchObject({ kind: 'corrupt' })
  })

  it('a folder that may not be written in is a problem', (context) => {
    if (process.platform === 'win32') return context.skip('no POSIX permissions here')
    mkdirSync(join(folder, 'data'))
    const script = `
      import { createSqliteLog } from ${JSON.stringify(fileURLToPath(new URL('../../server/store/sqlite-log.ts', import.meta.url)))}
      const log = createSqliteLog({ folder: process.argv[1], dice: { uint32: () => 1 } })
      console.log(await log.then(() => 'opened', (problem) => problem.kind))`
    // The superuser may write anywhere, so it steps down first.
    const isRoot = process.getuid?.() === 0
    if (isRoot) spawnSync('chmod', ['755', folder])
    spawnSync('chmod', ['555', join(folder, 'data')])
    const child = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script, join(folder, 'data')], {
      encoding: 'utf8', ...(isRoot ? { uid: 65534, gid: 65534 } : {}),
    })
    spawnSync('chmod', ['755', join(folder, 'data')])
    if (child.status !== 0 && /EACCES|permission denied|ENOENT/i.test(child.stderr + String(child.error))) return context.skip('the program itself cannot be read by another account here')
    expect(child.stdout.trim()).toBe('read-only')
  })
})

describe('a disk that refuses', () => {
  it('[INV1] a full store refuses the whole batch, keeps serving, and goes on once there is room', async () => {
    const log = await openLog({ bytesMax: 200 * 1024 })
    const make = createEntryMaker(3)
    const space = make.id()
    await log.ensureSpace(space)
    const typist = createTypist(1)
    const place = { space, item: make.id(), writer: make.id() }
    const stored: NewEntry[] = []
    let refused: NewEntry | null = null
    while (!refused) {
      const entry = make.entry({ ...place, payload: typist.type('x'.repeat(10_000)) })
      await log.append([{ entry, author: AUTHOR, serverTime: 1 }]).then(
        ({ results }) => {
          expect(results[0]?.kind).toBe('stored')
          stored.push(entry)
        },
        (problem: { kind: string; message: string }) => {
          expect(problem).toMatchObject({ kind: 'full', message: expect.stringContaining('Make room') })
          refused = entry
        },
      )
    }
    expect(stored.length).toBeGreaterThan(5)
    expect((await log.read(space, 0, 1e9, 1e6)).entries.map((entry) => entry.entry)).toEqual(stored.map((entry) => entry.entry))
    expect((await log.head(space))?.head).toBe(stored.length)
    await log.close()
    const roomy = await openLog()
    expect((await roomy.append([{ entry: refused, author: AUTHOR, serverTime: 1 }])).results[0]).toEqual({ kind: 'stored', seq: stored.length + 1, repeated: false })
    expect((await roomy.verify()).problems).toEqual([])
  })

  /** A writer on a real file whose commits can be made to fail, before or after they reached the disk. */
  function failingWriter() {
    const file = keep(openLogFile({ folder, dice }))
    const state = { fault: 'none' as 'none' | 'before' | 'after', opens: 0 }
    const wrapped = (database: Database): Database => ({
      ...database,
      transaction(work) {
        const { fault } = state
        if (fault === 'before') return database.transaction(() => {
          work()
          throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 1034 })
        })
        const result = database.transaction(work)
        if (fault === 'after') throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 1034 })
        return result
      },
    })
    const writer = keep(createLogWriter({
      dice,
      folder,
      open: () => wrapped(state.opens++ === 0 ? file.database : openLogDatabase(logFile(), 'write')),
    }))
    return { writer, state }
  }

  it('[INV1] after a failed commit the file is opened again, synced and compared before anything is acknowledged', () => {
    const { writer, state } = failingWriter()
    const make = createEntryMaker(4)
    const space = make.id()
    writer.ensureSpace(space)
    const typist = createTypist(1)
    const place = { space, item: make.id(), writer: make.id() }
    const next = () => ({ entry: make.entry({ ...place, payload: typist.type('woord ') }), author: AUTHOR, serverTime: 1 })
    const [first, second, third] = [next(), next(), next()]
    expect(writer.append([first]).results).toEqual([{ kind: 'stored', seq: 1, repeated: false }])

    state.fault = 'before'
    expect(() => writer.append([second])).toThrow(expect.objectContaining({ kind: 'failed' }))
    state.fault = 'none'
    // Not in memory either: what follows it is a gap.
    expect(writer.append([third]).results).toEqual([{ kind: 'refused', code: 'gap', reason: 'clock' }])
    expect(state.opens).toBe(2)

    state.fault = 'after'
    expect(() => writer.append([second])).toThrow(expect.objectContaining({ kind: 'failed' }))
    state.fault = 'none'
    expect(writer.append([second, third]).results).toEqual([{ kind: 'stored', seq: 2, repeated: true }, { kind: 'stored', seq: 3, repeated: false }])
    expect(state.opens).toBe(3)
    expect(verifyLogFile(logFile())).toMatchObject({ entries: 3, problems: [] })
    // Everything is in the database itself; the write-ahead log was emptied after the failure and holds at most what came since.
    expect(statSync(`${logFile()}-wal`).size).toBeLessThan(100_000)
  })

  it('[INV1] while it cannot be opened again nothing is acknowledged', () => {
    const { writer, state } = failingWriter()
    const make = createEntryMaker(4)
    const space = make.id()
    writer.ensureSpace(space)
    const entry = make.entry({ space, item: make.id(), writer: make.id(), payload: createTypist(1).type('woord ') })
    state.fault = 'before'
    for (let i = 0; i < 3; i++) expect(() => writer.append([{ entry, author: AUTHOR, serverTime: 1 }])).toThrow(expect.objectContaining({ kind: 'failed' }))
    state.fault = 'none'
    expect(writer.append([{ entry, author: AUTHOR, serverTime: 1 }]).results[0]?.kind).toBe('stored')
  })
})

describe('a folder that goes under a running relay', () => {
  const away = (): string => `${folder}-elders`
  afterEach(() => rmSync(away(), { recursive: true, force: true }))
  const begun = async (): Promise<{ log: StoredLog; push(): ReturnType<StoredLog['append']> }> => {
    const log = await openLog()
    const [space, item] = [newId(dice), newId(dice)]
    const [typist, make] = [createTypist(7), createEntryMaker(11)]
    await log.ensureSpace(space)
    const push = () => log.append([{ entry: make.entry({ space, item, writer: 'c0'.repeat(16), payload: typist.type('woord ') }), author: AUTHOR, serverTime: 1 }])
    expect((await push()).results[0]).toMatchObject({ kind: 'stored' })
    return { log, push }
  }

  it('[INV1] what is removed or moved away takes nothing, and one that is back in its place goes on', async () => {
    const { push } = await begun()
    renameSync(folder, away())
    await expect(push()).rejects.toMatchObject({ kind: 'missing-store' })
    await expect(push()).rejects.toMatchObject({ kind: 'missing-store' })
    expect(existsSync(folder)).toBe(false)
    renameSync(away(), folder)
    await push()
    expect(verifyLogFile(logFile()).problems).toEqual([])
    rmSync(folder, { recursive: true })
    await expect(push()).rejects.toMatchObject({ kind: 'missing-store' })
  })

  it('[INV1] another log in its place is not written in', async () => {
    const { push } = await begun()
    cpSync(folder, away(), { recursive: true })
    rmSync(folder, { recursive: true })
    renameSync(away(), folder)
    const before = readFileSync(logFile())
    await expect(push()).rejects.toMatchObject({ kind: 'missing-store' })
    await expect(push()).rejects.toMatchObject({ kind: 'missing-store' })
    expect(readFileSync(logFile())).toEqual(before)
  })

  it('[INV1] a write-ahead log that is removed takes nothing of what was acknowledged with it', async () => {
    const { log, push } = await begun()
    rmSync(`${logFile()}-wal`)
    await expect(push()).rejects.toMatchObject({ kind: 'missing-store' })
    await expect(push()).rejects.toMatchObject({ kind: 'missing-store' })
    // As after a kill: what is in the folder is all there is.
    cpSync(logFile(), join(away(), 'log.sqlite'))
    expect(verifyLogFile(join(away(), 'log.sqlite'))).toMatchObject({ entries: 2, problems: [] })
    await log.close()
  })
})

describe('damage', () => {
  it('every flipped bit in an entry is found before it is served, and other spaces go on', async () => {
    const log = await openLog()
    const bySpace = await fill(log, 6, 4, 30)
    await log.close()
    const clean = readFileSync(logFile())
    const chance = seededDice(99)
    let damaged = 0
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(clean)
      const flips = 1 + below(chance, 64)
      for (let i = 0; i < flips; i++) {
        const at = 4096 + below(chance, bytes.length - 4096)
        bytes[at]! ^= 1 << below(chance, 8)
      }
      const copy = mkdtempSync(join(folder, 'copy-'))
      writeFileSync(join(copy, 'log.sqlite'), bytes)
      copyFileSync(join(folder, 'generation'), join(copy, 'generation'))
      const opened = await createSqliteLog({ folder: copy, dice }).catch((problem: { kind: string }) => problem)
      if (!('append' in opened)) {
        expect(opened).toMatchObject({ kind: expect.stringMatching(/corrupt|failed|missing-store/) })
        damaged++
        continue
      }
      for (const [space, entries] of bySpace) {
        for (let from = 0; from < entries.length; from += 7) {
          const read = await opened.read(space, from, 1e6, 7).catch((problem: { kind: string }) => problem)
          if ('kind' in read) {
            expect(read.kind).toMatch(/corrupt|failed/)
            damaged++
            continue
          }
          for (const [i, entry] of read.entries.entries()) {
            const { seq: _seq, prevItemSeq: _prev, author, serverTime: _time, ...pushed } = entry
            expect({ ...pushed, author }).toEqual({ ...entries[from + i], author: AUTHOR })
          }
        }
      }
      await opened.close()
    }
    expect(damaged).toBeGreaterThan(20)
  })

  it('[SNP3] a hole among what a snapshot stands for stops the reading as much as one among what is sent', async () => {
    const log = await openLog()
    const [[space, [first]]] = [...(await fill(log, 12, 1, 10))] as [[Id, [NewEntry]]]
    await log.close()
    const clean = readFileSync(logFile())
    for (const seq of [3, 8, 10]) {
      writeFileSync(logFile(), clean)
      const raw = new DatabaseSync(logFile())
      raw.exec(`DELETE FROM entries WHERE place % 8589934592 = ${seq}`)
      raw.close()
      const damaged = await openLog()
      await expect(damaged.readSifted(space, 0, 10, [{ item: first.item, part: 'prose', upToSeq: 5 }], 1e9, 100), `entry ${seq}`).rejects.toMatchObject({ kind: 'corrupt' })
      await damaged.close()
    }
  })

  it('verify finds what is altered, missing or added, with a sentence', async () => {
    const log = await openLog()
    const [space] = [...(await fill(log, 8, 2, 10)).keys()]
    expect(await log.verify()).toMatchObject({ spaces: 2, entries: 20, problems: [] })
    await log.close()
    const clean = readFileSync(logFile())
    const doctored: [sql: string, text: RegExp][] = [
      ["UPDATE entries SET payload = x'00' WHERE place % 8589934592 = 4", /damaged/],
      ["UPDATE entries SET author = x'00000000000000000000000000000000' WHERE place % 8589934592 = 4", /damaged/],
      ['DELETE FROM entries WHERE place % 8589934592 = 5', /missing/],
      ['DELETE FROM entries WHERE place % 8589934592 = 10', /ends at entry 9/],
      ['UPDATE spaces SET head = 9', /ends at entry 10/],
      ["UPDATE spaces SET tail = x'00000000000000000000000000000000'", /its head says/],
    ]
    for (const [sql, text] of doctored) {
      writeFileSync(logFile(), clean)
      const raw = new DatabaseSync(logFile())
      raw.exec(sql)
      raw.close()
      const { problems } = verifyLogFile(logFile())
      expect(problems.some((problem) => problem.space === space && text.test(problem.text)), sql).toBe(true)
    }
  })

  it('a space whose end is damaged refuses entries for now; the others take them', async () => {
    const log = await openLog()
    const bySpace = await fill(log, 9, 2, 5)
    await log.close()
    const [bad, good] = [...bySpace.keys()] as [Id, Id]
    const raw = new DatabaseSync(logFile())
    raw.prepare('UPDATE entries SET payload = ? WHERE place = 8589934592 * (SELECT no FROM spaces WHERE space = ?) + 5').run(new Uint8Array(3), Buffer.from(bad, 'hex'))
    raw.close()
    const again = await openLog()
    expect(again.damagedSpaces).toEqual([bad])
    const make = createEntryMaker(10)
    const entryIn = (space: Id) => ({ entry: make.entry({ space, item: make.id(), writer: make.id(), payload: createTypist(1).type('x') }), author: AUTHOR, serverTime: 1 })
    expect((await again.append([entryIn(bad), entryIn(good)])).results).toEqual([{ kind: 'refused', code: 'storage', reason: 'damaged' }, { kind: 'stored', seq: 6, repeated: false }])
  })
})

describe('backup and restore', () => {
  /** As the command does, with a copy that is here to stay. */
  const putBack = (target: string, file: string): void => {
    const copy = join(target, 'terug.sqlite')
    copyFileSync(file, copy)
    putLogInPlace(target, copy)
  }
  const companion = { name: 'accounts.sqlite', applicationId: 0x74657374, migrations: ['CREATE TABLE people (name TEXT)'] }
  const fillCompanion = (): string => {
    const opened = openDatabase({ ...companion, path: join(folder, companion.name), mode: 'create' })
    if (!opened.ok) throw new Error(opened.failure.kind)
    opened.value.close()
    return join(folder, companion.name)
  }

  it('a backup taken while writing is a consistent prefix', async () => {
    const log = keep(await createThreadedLog({ folder }))
    const writing = fill(log, 11, 3, 150)
    const files: string[] = []
    for (let i = 0; i < 3; i++) {
      const file = join(folder, `kopie-${i}.sqlite`)
      await log.backupTo(file)
      files.push(file)
    }
    const bySpace = await writing
    for (const file of files) {
      const report = verifyLogFile(file)
      expect(report.problems).toEqual([])
      const target = mkdtempSync(join(folder, 'terug-'))
      putBack(target, file)
      const restored = keep(await createSqliteLog({ folder: target, dice }))
      let entries = 0
      for (const [space, pushed] of bySpace) {
        const read = await restored.read(space, 0, 1e9, 1e6)
        expect(read.entries.map((entry) => entry.entry)).toEqual(pushed.slice(0, read.entries.length).map((entry) => entry.entry))
        entries += read.entries.length
      }
      expect(entries).toBe(report.entries)
    }
    // One plain file each, nothing beside it.
    expect(readdirSync(folder).filter((name) => name.startsWith('kopie-'))).toEqual(['kopie-0.sqlite', 'kopie-1.sqlite', 'kopie-2.sqlite'])
    await expect(log.backupTo(files[0]!)).rejects.toMatchObject({ kind: 'failed', message: expect.stringContaining('exists already') })
  })

  it('[EPO2] a restored backup has a new epoch for every space, whichever way it was put back', async () => {
    const log = await openLog()
    const spaces = [...(await fill(log, 12)).keys()]
    const backup = join(folder, 'kopie.sqlite')
    await log.backupTo(backup)
    const epochsOf = async (of: StoredLog) => Promise.all(spaces.map(async (space) => (await of.head(space))!.epoch))
    const before = await epochsOf(log)
    await log.close()
    const oldFile = readFileSync(logFile())

    const reopened = await openLog()
    expect(reopened.restored).toBe(false)
    expect(await epochsOf(reopened)).toEqual(before)
    await reopened.close()

    const ways: [name: string, put: () => void][] = [
      ['by the command', () => putBack(folder, backup)],
      ['by copying the backup', () => copyFileSync(backup, logFile())],
      ['by copying back an older file', () => writeFileSync(logFile(), oldFile)],
      ['by losing the generation', () => rmSync(join(folder, 'generation'))],
    ]
    let last = before
    for (const [name, put] of ways) {
      put()
      const restored = await openLog()
      expect(restored.restored, name).toBe(true)
      const now = await epochsOf(restored)
      for (const [i, epoch] of now.entries()) expect(epoch, name).not.toBe(last[i])
      last = now
      await restored.close()
      const again = await openLog()
      expect(again.restored, name).toBe(false)
      expect(await epochsOf(again), name).toEqual(now)
      await again.close()
    }
  })

  it('[ADM7] after a restore laptops may offer each other\'s lost entries; elsewhere the author counts too', async () => {
    const make = createEntryMaker(13)
    const typist = createTypist(1)
    const place = { space: make.id(), item: make.id(), writer: make.id() }
    const [kept, lost] = [typist.type('een '), typist.type('twee ')].map((payload) => make.entry({ ...place, payload })) as [NewEntry, NewEntry]
    const log = await openLog()
    await log.ensureSpace(place.space)
    await log.append([{ entry: kept, author: AUTHOR, serverTime: 1 }])
    const byOther = { entry: lost, author: newId(dice), serverTime: 2 }
    expect((await log.append([byOther])).results[0]).toEqual({ kind: 'refused', code: 'invalid', reason: 'other-writer' })
    const backup = join(folder, 'kopie.sqlite')
    await log.backupTo(backup)
    await log.close()
    putBack(folder, backup)
    expect((await (await openLog()).append([byOther])).results[0]).toEqual({ kind: 'stored', seq: 2, repeated: false })
  })

  it('[ADM7] a space that a backup has in its accounts and not in its log counts as restored too', async () => {
    const log = await openLog()
    await fill(log, 16)
    const backup = join(folder, 'kopie.sqlite')
    await log.backupTo(backup)
    const make = createEntryMaker(17)
    const place = { space: make.id(), item: make.id(), writer: make.id() }
    await log.ensureSpace(place.space)
    await log.close()
    putBack(folder, backup)
    const restored = keep(await createSqliteLog({ folder, dice, lost: [place.space] }))
    const typist = createTypist(2)
    // A fellow member brings the first back, its author goes on.
    for (const author of [newId(dice), AUTHOR]) {
      expect((await restored.append([{ entry: make.entry({ ...place, payload: typist.type('woord ') }), author, serverTime: 1 }])).results[0]).toMatchObject({ kind: 'stored' })
    }
  })

  it('a backup during which another one was put back is not made: log and accounts would be of two moments', async () => {
    const log = await openLog()
    await fill(log, 1)
    await log.close()
    const accounts = fillCompanion()
    const outside = keepFolder()
    const about = { version: '0', now: 0 }
    expect(makeBackup(folder, join(outside, 'heel'), companion, { ...about, dice })).toMatchObject({ ok: true })
    // The log is copied; then somebody is faster.
    const swapping: Dice = { ...dice, uint32: () => {
      if (!existsSync(`${accounts}.oud`)) {
        renameSync(accounts, `${accounts}.oud`)
        copyFileSync(`${accounts}.oud`, accounts)
      }
      return dice.uint32()
    } }
    expect(makeBackup(folder, join(outside, 'half'), companion, { ...about, dice: swapping })).toMatchObject({ ok: false, failure: { kind: 'folder-changed' } })
    const losing: Dice = { ...dice, uint32: () => {
      rmSync(accounts, { force: true })
      return dice.uint32()
    } }
    expect(makeBackup(folder, join(outside, 'half'), companion, { ...about, dice: losing })).toMatchObject({ ok: false, failure: { kind: 'folder-changed' } })
    expect(readdirSync(outside)).toEqual(['heel'])
  })

  it('a backup that does not verify is not put back', async () => {
    const log = await openLog()
    await fill(log, 14)
    const outside = keepFolder()
    const spoilt = join(outside, 'log.sqlite')
    await log.backupTo(spoilt)
    await log.close()
    const raw = new DatabaseSync(spoilt)
    raw.exec("UPDATE entries SET payload = x'01' WHERE place % 8589934592 = 3")
    raw.close()
    const files = [spoilt, fillCompanion()].map((path, i) => {
      const bytes = statSync(path).size
      return { path, name: ['log.sqlite', companion.name][i]!, bytes, sha256: sha256OfFile(path, bytes) }
    })
    // What it says of itself is right.
    const manifest = utf8(JSON.stringify({ product: 'samenpad-backup', format: 1, files: files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })) }))
    writeArchive(join(outside, 'kopie'), [{ name: 'manifest.json', from: manifest }, ...files.map(({ name, path, bytes }) => ({ name, from: { path, bytes } }))])
    const before = [readdirSync(folder), readFileSync(logFile())]
    expect(restoreBackup(folder, join(outside, 'kopie'), companion, { mayReplace: true, prepare: () => null, now: 0, dice })).toMatchObject({ ok: false, failure: { kind: 'log-damaged' } })
    expect([readdirSync(folder), readFileSync(logFile())]).toEqual(before)
    expect((await openLog()).restored).toBe(false)
  })

  it('a backup is not called good when its accounts could not be put back', async () => {
    await fill(await openLog(), 15)
    const accounts = fillCompanion()
    const outside = keepFolder()
    const make = () => makeBackup(folder, join(outside, 'kopie'), companion, { version: '0', now: 0, dice })
    const raw = new DatabaseSync(accounts)
    raw.exec('INSERT INTO people VALUES (NULL)')
    raw.enableDefensive(false)
    raw.exec("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE people (name TEXT NOT NULL)'")
    raw.close()
    expect(make()).toMatchObject({ ok: false, failure: { kind: 'damaged', path: accounts } })
    expect(readdirSync(outside)).toEqual([])
  })
})

describe('threads', () => {
  /** Answers `twice`, dies when asked to `die`. */
  const worker = (): Worker => new Worker(`
    const { parentPort } = require('node:worker_threads')
    let lives = 0
    parentPort.on('message', ({ id, name, args }) => {
      if (name === 'die') process.exit(3)
      parentPort.postMessage({ id, value: name === 'twice' ? args[0] * 2 : undefined })
    })`, { eval: true })
  type Far = { open(): void; twice(n: number): number; die(): void; close(): void }

  it('[INV1] a thread that dies answers nothing of what it was asked, and the next question starts it again', async () => {
    let opens = 0
    const died: unknown[] = []
    const kept = keepThread<Far>(worker, ['open', 'twice', 'die', 'close'], (ask) => {
      opens++
      return ask.open()
    }, (problem) => void died.push(problem))
    const ask = await kept.ask()
    expect(await ask.twice(21)).toBe(42)
    const questions = [ask.die(), ask.twice(1), ask.twice(2)]
    for (const question of questions) await expect(question).rejects.toMatchObject({ kind: 'failed' })
    await expect(ask.twice(3)).rejects.toMatchObject({ kind: 'failed' })
    expect(died).toHaveLength(1)
    expect(await (await kept.ask()).twice(4)).toBe(8)
    expect(opens).toBe(2)
    await kept.close()
    await expect(kept.ask()).rejects.toMatchObject({ kind: 'closed' })
    expect(died).toHaveLength(1)
  })

  it('readers do not keep the write-ahead log from being emptied', async () => {
    const log = await openLog()
    const [space] = [...(await fill(log, 15)).keys()] as [Id]
    await log.read(space, 0, 1, 1)
    await log.readItem(space, newId(dice), null, 0, 10, 10)
    const raw = new DatabaseSync(logFile())
    expect(raw.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()).toMatchObject({ busy: 0 })
    raw.close()
  })
})
