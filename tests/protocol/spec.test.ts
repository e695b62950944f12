/** SPEC.md, the vectors and the code say the same. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../shared/base/bytes.ts'
import { decodeDown, decodeUp, encodeDown, encodeRun, encodeUp, PROTO_MAX, PROTO_MIN } from '../../shared/protocol/codec.ts'
import { DOWN_MESSAGES, PACKED_MESSAGES, UP_MESSAGES, type Down, type DownMessage, type UpMessage } from '../../shared/protocol/messages/index.ts'
import { asJson, fingerprint, SPEC_FILE, specWithParts, VECTORS_FILE, vectors, type Vector } from './spec-parts.ts'

const spec = readFileSync(SPEC_FILE, 'utf8')
const stored = JSON.parse(readFileSync(VECTORS_FILE, 'utf8')) as Vector[]

const fromJson = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(fromJson)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  if (entries.length === 1 && entries[0]![0] === 'hex') return fromHex(entries[0]![1] as string)
  return Object.fromEntries(entries.map(([name, field]) => [name, fromJson(field)]))
}

describe('vectors', () => {
  it('[WIR4] every frame decodes to its message and every message encodes to its frame', () => {
    for (const { name, direction, hex, message } of stored) {
      const decoded = direction === 'up' ? decodeUp(fromHex(hex)) : decodeDown(fromHex(hex))
      expect(decoded.map(asJson), name).toEqual([message])
      const encoded = direction === 'up' ? encodeUp(fromJson(message) as UpMessage) : direction === 'packed' ? encodeRun(fromJson(message) as Down<'entries'>, true) : encodeDown(fromJson(message) as DownMessage)
      expect(toHex(encoded), name).toBe(hex)
    }
  })

  it('[WIR4] there is one for every message, and the file is up to date (node tests/protocol/write-spec.ts)', () => {
    expect(stored.map(({ name }) => name).sort()).toEqual([...UP_MESSAGES, ...DOWN_MESSAGES, ...Object.values(PACKED_MESSAGES)].map(({ name }) => name).sort())
    expect(stored).toEqual(vectors())
  })
})

describe('SPEC.md', () => {
  it('its computed parts are up to date (node tests/protocol/write-spec.ts)', () => {
    expect(specWithParts(spec)).toBe(spec)
  })

  it('[WIR5] the messages have the fingerprint of the version this build speaks', () => {
    const versions = [...spec.matchAll(/^\| (\d+) \| `([0-9a-f]{16})` \|/gm)].map(([, version, print]) => ({ version: Number(version), print }))
    // A changed message needs a new version: raise PROTO_MAX, add a line to the history, say what changed.
    expect(versions.at(-1)).toEqual({ version: PROTO_MAX, print: fingerprint() })
    expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: PROTO_MAX }, (_, i) => i + 1))
    expect(PROTO_MIN).toBeLessThanOrEqual(PROTO_MAX)
  })

  it('[WIR5] codes and names are used once', () => {
    const all = [...UP_MESSAGES, ...DOWN_MESSAGES, ...Object.values(PACKED_MESSAGES)]
    expect(new Set(all.map(({ code }) => code)).size).toBe(all.length)
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
    for (const { code } of all) expect(code).toBeLessThan(64)
  })
})
