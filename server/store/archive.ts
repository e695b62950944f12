/**
 * A few large files as one: the POSIX tar format, so that a backup can be opened without the product (`tar tf`). Written and read in
 * pieces, because a log may be larger than memory. Names are plain file names: nothing read from an archive can land outside its folder.
 */
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readSync, writeFileSync } from 'node:fs'
import { fail, ok, type Result } from '../../shared/base/result.ts'

export interface ArchivedFile {
  name: string
  bytes: number
  /** Hex. */
  sha256: string
}

export type ArchiveFailure = { kind: 'not-an-archive'; detail: string }

const BLOCK_BYTES = 512
const PIECE_BYTES = 1024 * 1024
const NAME = /^[a-z0-9][a-z0-9._-]{0,90}$/

/** All of the bytes, or an error: a disk that is nearly full takes a part of them and says nothing. */
export const writeWhole = (handle: number, bytes: Uint8Array): void => writeFileSync(handle, bytes)

/** Writes `sources` (name in the archive → bytes or path) to a new file, synced. Throws what the disk says. */
export function writeArchive(path: string, sources: readonly { name: string; from: { path: string; bytes: number } | Uint8Array }[]): void {
  const out = openSync(path, 'wx', 0o600)
  try {
    for (const { name, from } of sources) {
      const size = from instanceof Uint8Array ? from.length : from.bytes
      writeWhole(out, headerOf(name, size))
      if (from instanceof Uint8Array) writeWhole(out, from)
      else readPieces(from.path, 0, size, (piece) => writeWhole(out, piece))
      writeWhole(out, new Uint8Array(padding(size)))
    }
    writeWhole(out, new Uint8Array(2 * BLOCK_BYTES))
    fsyncSync(out)
  } finally {
    closeSync(out)
  }
}

/** Out: what is in the archive, with hashes of the bytes as they are read now. `take` gets every piece. */
export function readArchive(path: string, take: (name: string, piece: Uint8Array) => void): Result<ArchivedFile[], ArchiveFailure> {
  const files: ArchivedFile[] = []
  const header = new Uint8Array(BLOCK_BYTES)
  const input = openSync(path, 'r')
  try {
    for (let at = 0; ; ) {
      if (readSync(input, header, 0, BLOCK_BYTES, at) < BLOCK_BYTES) return fail({ kind: 'not-an-archive', detail: 'cut off' })
      at += BLOCK_BYTES
      if (header.every((byte) => byte === 0)) return ok(files)
      const read = readHeader(header)
      if (!read) return fail({ kind: 'not-an-archive', detail: `unreadable at byte ${at - BLOCK_BYTES}` })
      const hash = createHash('sha256')
      const isWhole = readPieces(path, at, read.bytes, (piece) => {
        hash.update(piece)
        take(read.name, piece)
      })
      if (!isWhole) return fail({ kind: 'not-an-archive', detail: 'cut off' })
      files.push({ ...read, sha256: hash.digest('hex') })
      at += read.bytes + padding(read.bytes)
    }
  } finally {
    closeSync(input)
  }
}

export function sha256OfFile(path: string, bytes: number): string {
  const hash = createHash('sha256')
  readPieces(path, 0, bytes, (piece) => hash.update(piece))
  return hash.digest('hex')
}

/** Out: false when the file ended early. */
function readPieces(path: string, from: number, bytes: number, take: (piece: Uint8Array) => void): boolean {
  const input = openSync(path, 'r')
  const buffer = new Uint8Array(Math.min(PIECE_BYTES, bytes))
  try {
    for (let done = 0; done < bytes; ) {
      const count = readSync(input, buffer, 0, Math.min(buffer.length, bytes - done), from + done)
      if (count === 0) return false
      take(buffer.subarray(0, count))
      done += count
    }
    return true
  } finally {
    closeSync(input)
  }
}

const padding = (bytes: number): number => (BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES

/** ustar: name, mode, owner, size, time, checksum, type; the size has 11 octal digits, 8 GiB. */
function headerOf(name: string, bytes: number): Uint8Array {
  if (!NAME.test(name) || bytes >= 8 ** 11) throw new Error(`Bug: ${name} of ${bytes} bytes does not fit in a backup`)
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`
  const block = new Uint8Array(BLOCK_BYTES)
  const put = (at: number, text: string): void => block.set(Buffer.from(text, 'latin1'), at)
  put(0, name)
  put(100, octal(0o600, 7))
  put(108, octal(0, 7))
  put(116, octal(0, 7))
  put(124, octal(bytes, 11))
  put(136, octal(0, 11))
  put(148, ' '.repeat(8))
  put(156, '0')
  put(257, 'ustar\x0000')
  put(148, `${checksumOf(block).toString(8).padStart(6, '0')}\0 `)
  return block
}

const checksumOf = (block: Uint8Array): number => block.reduce((sum, byte) => sum + byte, 0)

function readHeader(block: Uint8Array): { name: string; bytes: number } | undefined {
  const text = Buffer.from(block).toString('latin1')
  const field = (at: number, size: number): string => text.slice(at, at + size).split('\0')[0] ?? ''
  const name = field(0, 100)
  const bytes = Number.parseInt(field(124, 12), 8)
  const blank = block.slice()
  blank.fill(32, 148, 156)
  const isRight = field(257, 5) === 'ustar' && Number.parseInt(field(148, 8), 8) === checksumOf(blank)
  return isRight && NAME.test(name) && Number.isSafeInteger(bytes) && bytes >= 0 ? { name, bytes } : undefined
}
