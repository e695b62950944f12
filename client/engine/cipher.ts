/**
 * The key of a locked laptop and what is done with it, by Web Crypto alone: a data key (AES-GCM, 256 bits, made at random) that seals bytes, and a
 * box that holds this key wrapped by one derived from a passphrase (PBKDF2). The passphrase and the data key are never stored; the key that is
 * handed out cannot be read out of the browser's crypto again.
 *
 * Sealed bytes: 12 random bytes, then the ciphertext with its tag. `about` says what they are (the tag covers it): sealed bytes that are put in
 * another place do not open.
 */
import { utf8 } from '../../shared/base/bytes.ts'

/** How the data key is kept: everything that is needed to open it but the passphrase. Stored as it is; later builds add, never change. */
export interface KeyBox {
  derive: { name: 'PBKDF2'; hash: 'SHA-256'; rounds: number; salt: Uint8Array }
  wrap: { name: 'AES-GCM'; iv: Uint8Array }
  wrapped: Uint8Array
  /** What the data key is for. */
  cipher: 'AES-GCM-256'
}

/** OWASP's figure for PBKDF2 with SHA-256: 1.3 s on two cores with a load of 14 [measured, Chromium 153]. The box says its own, so it can rise. */
export const DERIVE_ROUNDS = 600_000
const SALT_BYTES = 16
const IV_BYTES = 12
/** Ids of sealed bytes: no two have the same, since the same beginning twice under one key would be the end of it anyway. */
export const SEAL_HEAD_BYTES = IV_BYTES

export interface Cipher {
  seal(bytes: Uint8Array, about: string): Promise<Uint8Array>
  /** Out: null for bytes that were altered, put elsewhere, or sealed by another key. */
  open(sealed: Uint8Array, about: string): Promise<Uint8Array | null>
}

/** Web Crypto takes no shared memory, and nothing here is in any. */
const source = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>
const random = (web: Crypto, count: number): Uint8Array<ArrayBuffer> => web.getRandomValues(new Uint8Array(count))

/** One way of writing what a person types on different keyboards. */
const bytesOf = (passphrase: string): Uint8Array<ArrayBuffer> => source(utf8(passphrase.normalize('NFKC')))

async function wrappingKey(web: Crypto, passphrase: string, { hash, rounds, salt }: KeyBox['derive']): Promise<CryptoKey> {
  const typed = await web.subtle.importKey('raw', bytesOf(passphrase), 'PBKDF2', false, ['deriveKey'])
  return web.subtle.deriveKey({ name: 'PBKDF2', hash, iterations: rounds, salt: source(salt) }, typed, { name: 'AES-GCM', length: 256 }, false, ['wrapKey', 'unwrapKey'])
}

async function boxOf(web: Crypto, data: CryptoKey, passphrase: string, rounds: number): Promise<KeyBox> {
  const derive: KeyBox['derive'] = { name: 'PBKDF2', hash: 'SHA-256', rounds, salt: random(web, SALT_BYTES) }
  const iv = random(web, IV_BYTES)
  const wrapped = await web.subtle.wrapKey('raw', data, await wrappingKey(web, passphrase, derive), { name: 'AES-GCM', iv })
  return { derive, wrap: { name: 'AES-GCM', iv }, wrapped: new Uint8Array(wrapped), cipher: 'AES-GCM-256' }
}

async function unwrap(web: Crypto, { derive, wrap, wrapped }: KeyBox, passphrase: string, mayLeave: boolean): Promise<CryptoKey | null> {
  const key = await wrappingKey(web, passphrase, derive)
  try {
    return await web.subtle.unwrapKey('raw', source(wrapped), key, { name: 'AES-GCM', iv: source(wrap.iv) }, { name: 'AES-GCM', length: 256 }, mayLeave, ['encrypt', 'decrypt'])
  } catch (error) {
    if (error instanceof DOMException && error.name === 'OperationError') return null // the tag does not fit: another passphrase
    throw error
  }
}

/** A fresh data key in a box. */
export async function makeBox(web: Crypto, passphrase: string, rounds = DERIVE_ROUNDS): Promise<KeyBox> {
  return boxOf(web, await web.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt', 'decrypt']), passphrase, rounds)
}

/** Out: the data key, which the browser does not give out again; null for another passphrase. */
export const openBox = (web: Crypto, box: KeyBox, passphrase: string): Promise<CryptoKey | null> => unwrap(web, box, passphrase, false)

/** The same data key under another passphrase: nothing that it sealed has to be written again. Out: null when the old passphrase is not the one. */
export async function rewrapBox(web: Crypto, box: KeyBox, passphrase: string, next: string, rounds = DERIVE_ROUNDS): Promise<KeyBox | null> {
  const data = await unwrap(web, box, passphrase, true)
  return data && boxOf(web, data, next, rounds)
}

export function createCipher(web: Crypto, key: CryptoKey): Cipher {
  return {
    async seal(bytes, about) {
      const iv = random(web, IV_BYTES)
      const sealed = await web.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: source(utf8(about)) }, key, source(bytes))
      const whole = new Uint8Array(IV_BYTES + sealed.byteLength)
      whole.set(iv)
      whole.set(new Uint8Array(sealed), IV_BYTES)
      return whole
    },
    async open(sealed, about) {
      if (sealed.byteLength <= IV_BYTES) return null
      try {
        const iv = source(sealed.subarray(0, IV_BYTES))
        return new Uint8Array(await web.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: source(utf8(about)) }, key, source(sealed.subarray(IV_BYTES))))
      } catch (error) {
        if (error instanceof DOMException && error.name === 'OperationError') return null
        throw error
      }
    },
  }
}
