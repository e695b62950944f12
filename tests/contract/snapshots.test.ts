/** Snapshots in memory and on a disk, by one contract; and what a disk can do to them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
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
