/**
 * Chance as an argument: `Dice` is handed in. `seededDice` is the reproducible one of tests and simulator
 * (xoshiro128** seeded by splitmix32, full 32-bit output); real programs hand in one over `crypto.getRandomValues`.
 */
export interface Dice {
  /** Uniform integer in [0, 2^32). */
  uint32(): number
}

/** Uniform in [0, 1), 32 bits of it. */
export const fraction = (dice: Dice): number => dice.uint32() / 0x1_0000_0000

/** Uniform integer in [0, count). Limits: 1 ≤ count ≤ 2^32. The bias of the multiplication is below count / 2^32. */
export const below = (dice: Dice, count: number): number => Math.floor(fraction(dice) * count)

export const pick = <T>(dice: Dice, list: readonly T[]): T => {
  if (list.length === 0) throw new Error('Bug: pick from an empty list')
  return list[below(dice, list.length)] as T
}

export const chance = (dice: Dice, probability: number): boolean => fraction(dice) < probability

export function randomBytes(dice: Dice, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i += 4) {
    const word = dice.uint32()
    for (let j = 0; j < 4 && i + j < size; j++) bytes[i + j] = (word >>> (8 * j)) & 0xff
  }
  return bytes
}

export function seededDice(seed: number): Dice {
  let mix = seed >>> 0
  const splitmix = () => {
    mix = (mix + 0x9e3779b9) >>> 0
    let z = mix
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  let a = splitmix()
  let b = splitmix()
  let c = splitmix()
  let d = splitmix() | 1
  const rotl = (x: number, k: number) => ((x << k) | (x >>> (32 - k))) >>> 0
  return {
    uint32() {
      const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0
      const t = b << 9
      c ^= a
      d ^= b
      b ^= c
      a ^= d
      c ^= t
      d = rotl(d, 11)
      return result
    },
  }
}

/** A stream of its own from a seed and a name, so that a new consumer does not shift the others. */
export function namedDice(seed: number, name: string): Dice {
  let hash = 0x811c9dc5 ^ seed
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return seededDice(hash >>> 0)
}
