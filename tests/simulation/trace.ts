/**
 * The trace of a run: everything that happened, in order, folded into one 53-bit hash. Two runs of one seed must print the same hash;
 * a difference means that somebody read a real clock, rolled real dice or hopped through a real timer. Lines are kept on request only.
 */
export interface Trace {
  add(line: string): void
  bytes(what: string, bytes: Uint8Array): void
  readonly lines: readonly string[]
  readonly count: number
  hash(): string
}

export function createTrace(now: () => number, isKept: boolean): Trace {
  // cyrb53: two 32-bit lanes; quick, and good enough to tell two runs apart.
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  let count = 0
  const lines: string[] = []
  const mix = (code: number): void => {
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  const add = (line: string): void => {
    count++
    mix(now())
    for (let i = 0; i < line.length; i++) mix(line.charCodeAt(i))
    if (isKept) lines.push(`${String(now()).padStart(8)} ${line}`)
  }
  return {
    add,
    bytes(what, bytes) {
      for (const byte of bytes) mix(byte)
      add(`${what} ${bytes.length} B`)
    },
    lines,
    get count() {
      return count
    },
    hash() {
      const x = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
      const y = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
      return (4294967296 * (2097151 & y) + (x >>> 0)).toString(16).padStart(14, '0')
    },
  }
}
