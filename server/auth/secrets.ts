/**
 * Secrets: link, session and script tokens, and passwords. A token is 256 random bits; only its SHA-256 is stored, so a stolen
 * database opens no door. Passwords are stretched with scrypt, in the thread pool and few at a time: a flood of guesses may not
 * take the memory of the relay or hold up its sockets.
 */
import { createHash, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'
import { randomBytes, type Dice } from '../../shared/base/random.ts'

export const TOKEN_BYTES = 32
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/

/** Shape of a token in a URL, a cookie or a header: 43 characters, base64url. */
export const isToken = (text: unknown): text is string => typeof text === 'string' && TOKEN_PATTERN.test(text)

export const newToken = (dice: Dice): string => Buffer.from(randomBytes(dice, TOKEN_BYTES)).toString('base64url')

/** What is stored instead of a token. A plain hash suffices: there is nothing to guess in 256 random bits. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')

/** N=2^15, r=8, p=1: 32 MiB and about 60 ms a guess (OWASP's second setting for scrypt is 2^16; we also limit the rate). */
export const PASSWORD_COST_LOG2 = 15
const BLOCK_SIZE = 8
const SALT_BYTES = 16
const KEY_BYTES = 32
/** 32 MiB each: at most 64 MiB for sign-in, whatever is asked at once. */
const CONCURRENT_COUNT_MAX = 2

let running = 0
const waiting: (() => void)[] = []

async function stretch(password: string, salt: Uint8Array, costLog2: number, blockSize: number): Promise<Buffer> {
  if (running >= CONCURRENT_COUNT_MAX) await new Promise<void>((resolve) => waiting.push(resolve))
  running++
  const options: ScryptOptions = { N: 2 ** costLog2, r: blockSize, p: 1, maxmem: 256 * 2 ** costLog2 * blockSize }
  try {
    return await new Promise((resolve, reject) => {
      // NFC: the same é from a Mac and from Windows is the same password.
      scrypt(password.normalize('NFC'), salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)))
    })
  } finally {
    running--
    waiting.shift()?.()
  }
}

/** Out: `scrypt$<log2 N>$<r>$<salt>$<key>`, with what is needed to check it later under other settings. */
export async function hashPassword(password: string, dice: Dice, costLog2: number): Promise<string> {
  const salt = randomBytes(dice, SALT_BYTES)
  const key = await stretch(password, salt, costLog2, BLOCK_SIZE)
  return ['scrypt', costLog2, BLOCK_SIZE, Buffer.from(salt).toString('base64url'), key.toString('base64url')].join('$')
}

/** In: `stored` null for an unknown login, with the cost that a known one has; takes as long as a known one, so that the answer's time tells nothing. */
export async function checkPassword(password: string, stored: string | null, costLog2: number): Promise<boolean> {
  const [scheme, storedCostLog2, blockSize, salt, key] = (stored ?? '').split('$')
  if (scheme !== 'scrypt' || !storedCostLog2 || !blockSize || !salt || !key) {
    await stretch(password, new Uint8Array(SALT_BYTES), costLog2, BLOCK_SIZE)
    return false
  }
  const found = await stretch(password, Buffer.from(salt, 'base64url'), Number(storedCostLog2), Number(blockSize))
  return timingSafeEqual(found, Buffer.from(key, 'base64url'))
}
