/** Automerge for the judge: the same wasm as the engine's, and payloads cut into changes without the engine's help. */
import * as A from '@automerge/automerge/slim'
import { partsReady } from './parts.ts'

export const readyAutomerge = (): Promise<typeof A> => partsReady().then(() => A)

const CHUNK_HEADER_BYTES = 8

/** Cuts concatenated change chunks apart: magic (4), checksum (4), type (1), length (LEB128), body. */
export function splitChunks(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    let end = at + CHUNK_HEADER_BYTES + 1
    let size = 0
    let scale = 1
    for (;;) {
      const byte = bytes[end++]
      if (byte === undefined) throw new Error('truncated Automerge chunk')
      size += (byte & 0x7f) * scale
      scale *= 128
      if (byte < 0x80) break
    }
    end += size
    if (end > bytes.length) throw new Error('truncated Automerge chunk')
    chunks.push(bytes.subarray(at, end))
    at = end
  }
  return chunks
}
