/** Snapshots in memory and on a disk, by one contract; and what a disk can do to them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { must } from '../../shared/base/assert.ts'
import { newId } from '../../shared/base/ids.ts'
import { below, chance, namedDice } from '../../shared/base/random.ts'
import { createMemorySnapshots } from '../../server/store/memory-snapshots.ts'
import { forgetSnapshots, openSnapshotFile, SNAPSHOTS_FILE, verifySnapshotFile } from '../../server/store/snapshot-file.ts'
import { createThreadedSnapshots } from '../../server/store/threaded-snapshots.ts'
import { describeSnapshots, labelFor } from './snapshots.contract.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'samenpad-snapshots-'))

describeSnapshots('snapshots in memory', async () => ({ snapshots: createMemorySnapshots(), dispose: async () => undefined }))
describeSnapshots('snapshots in a file, in a thread', async () => {
  const where = folder()
  const snapshots = createThreadedSnapshots({ folder: where })
  return {
    snapshots,
    async dispose() {
      await snapshots.close()
      rmSync(where, { recursive: true })
    },
  }
})

/** A file with one large body, and what is done to its bytes. */
function damaged(change: (bytes: Buffer) => void): string {
  const where = folder()
  const file = openSnapshotFile(where)
  file.put(labelFor(), new Uint8Array(50_000).fill(0x5a))
  file.close()
  const path = join(where, SNAPSHOTS_FILE)
  const bytes = readFileSync(path)
  change(bytes)
  writeFileSync(path, bytes)
  return where
}

it('a body with a flipped bit is found by verify, thrown away when it is asked for, and the file goes on', () => {
  const where = damaged((bytes) => void (bytes[bytes.indexOf(Buffer.alloc(64, 0x5a)) + 7]! ^= 1))
  try {
    expect(verifySnapshotFile(where)).toEqual({ snapshots: 1, problems: [{ space: labelFor().space, text: expect.stringContaining('damaged') }] })
    const file = openSnapshotFile(where)
    const [label] = file.labels(labelFor().space)
    expect(file.body(label!)).toBeNull()
    expect(file.labels(labelFor().space)).toEqual([])
    file.put(labelFor(), Uint8Array.of(1))
    expect(file.body(labelFor())).toEqual(Uint8Array.of(1))
    file.close()
    expect(verifySnapshotFile(where)).toEqual({ snapshots: 1, problems: [] })
  } finally {
    rmSync(where, { recursive: true })
  }
})

it('a file that is no database any more is begun anew', () => {
  const where = damaged((bytes) => void bytes.fill(0x31, 0, 4_096))
  try {
    expect(verifySnapshotFile(where).problems).toHaveLength(1)
    const file = openSnapshotFile(where)
    expect(file.labels(labelFor().space)).toEqual([])
    file.close()
    forgetSnapshots(where)
    expect(verifySnapshotFile(where)).toEqual({ snapshots: 0, problems: [] })
  } finally {
    rmSync(where, { recursive: true })
  }
})

it('what is forgotten is in no free page either, also while somebody reads the file', () => {
  const where = damaged(() => undefined)
  const file = openSnapshotFile(where)
  const reader = new DatabaseSync(join(where, SNAPSHOTS_FILE), { readOnly: true })
  try {
    reader.exec('BEGIN')
    expect(reader.prepare('SELECT count(*) AS n FROM snapshots').get()).toEqual({ n: 1 })
    file.forget(labelFor().space)
    for (const name of readdirSync(where)) expect([name, readFileSync(join(where, name)).includes(Buffer.alloc(64, 0x5a))]).toEqual([name, false])
    file.put(labelFor(), Uint8Array.of(1))
    expect(file.body(labelFor())).toEqual(Uint8Array.of(1))
  } finally {
    reader.close()
    file.close()
    rmSync(where, { recursive: true })
  }
})

it('whatever is damaged in the file: only whole bodies are handed out, each question is refused once at most, and it works again', () => {
  const dice = namedDice(1, 'damaged snapshots') // always the same copies: the number of one is enough to look at it
  const whole = folder()
  const bodyOf = (at: number): Uint8Array => new Uint8Array(300 + 700 * (at % 12)).fill(at + 1)
  const spaces = Array.from({ length: 4 }, () => newId(dice))
  const labels = spaces.flatMap((space) => Array.from({ length: 12 }, () => ({ ...labelFor(), space, item: newId(dice) })))
  {
    const file = openSnapshotFile(whole)
    labels.forEach((label, i) => file.put(label, bodyOf(i)))
    for (const space of spaces) file.note(space, { seq: 40, tailHash: labelFor().tailHash }, labels.filter((label) => label.space === space).map(({ item, part }) => ({ item, part, entriesCount: 500, entriesBytes: 90_000 })))
    file.close()
  }
  const bytes = readFileSync(join(whole, SNAPSHOTS_FILE))
  const COPIES = 150
  let refused = 0
  for (let i = 0; i < COPIES; i++) {
    const where = folder()
    const copy = Buffer.from(bytes)
    const at = below(dice, copy.length)
    for (let k = 0; k < 1 + below(dice, 200); k++) copy[chance(dice, 0.7) ? Math.min(copy.length - 1, at + k) : below(dice, copy.length)] = below(dice, 256)
    writeFileSync(join(where, SNAPSHOTS_FILE), chance(dice, 0.15) ? copy.subarray(0, copy.length - 1 - below(dice, copy.length - 1)) : copy)
    const file = openSnapshotFile(where)
    /** Refused once, it is asked again: then it has to answer. */
    const asked = <T>(question: () => T): T => {
      try {
        return question()
      } catch (problem) {
        expect(problem, `copy ${i}`).toMatchObject({ kind: 'corrupt' })
        refused++
        return question()
      }
    }
    for (const [space, ofSpace] of Map.groupBy(labels, (label) => label.space)) {
      const kept = asked(() => file.labels(space))
      for (const label of kept) {
        const body = asked(() => file.body(label))
        const was = labels.findIndex(({ item }) => item === label.item)
        if (body) expect(Buffer.compare(body, bodyOf(was)), `copy ${i}`).toBe(0)
      }
      asked(() => file.due(space, 100))
      asked(() => file.notedUpTo(space))
      asked(() => file.note(space, { seq: 41, tailHash: labelFor().tailHash }, ofSpace.map(({ item, part }) => ({ item, part, entriesCount: 1, entriesBytes: 90 }))))
      for (const label of ofSpace.slice(0, 3)) asked(() => file.put({ ...label, toSeq: 41 }, Uint8Array.of(1)))
      for (const label of ofSpace.slice(0, 3)) expect(asked(() => file.body({ ...label, toSeq: 41 }))?.length ?? 1, `copy ${i}`).toBe(1)
    }
    const first = must(spaces[0], 'four spaces')
    file.forget(first)
    expect(file.labels(first), `copy ${i}`).toEqual([])
    file.close()
    // An erasure may have asked: nothing of that space stays in the file either.
    const left = readFileSync(join(where, SNAPSHOTS_FILE))
    expect(labels.flatMap(({ space }, at) => (space === first && left.includes(Buffer.alloc(64, at + 1)) ? [at] : [])), `copy ${i}`).toEqual([])
    rmSync(where, { recursive: true })
  }
  console.log(`${COPIES} damaged files: ${refused} questions refused`)
  rmSync(whole, { recursive: true })
})
