// The data key of a locked laptop, its box and what it seals.
import { expect, test } from 'vitest'
import { createCipher, DERIVE_ROUNDS, makeBox, openBox, rewrapBox, type KeyBox } from '../../client/engine/cipher.ts'
import { must } from '../../shared/base/assert.ts'
import { utf8 } from '../../shared/base/bytes.ts'

const ROUNDS = 1_000
const cipherFrom = async (box: KeyBox, passphrase: string) => createCipher(crypto, must(await openBox(crypto, box, passphrase), 'the right passphrase'))
const words = utf8('een regel tekst')

test('what is sealed opens with the passphrase, and with no other', async () => {
  const box = await makeBox(crypto, 'lopen over water', ROUNDS)
  const sealed = await (await cipherFrom(box, 'lopen over water')).seal(words, 'a')
  expect(await (await cipherFrom(box, 'lopen over water')).open(sealed, 'a')).toEqual(words)
  for (const wrong of ['lopen over wate', 'Lopen over water', '', ' lopen over water']) expect(await openBox(crypto, box, wrong)).toBeNull()
})

test('the box says how it was made, with no fewer than 600,000 rounds, and never twice the same salt, key or beginning', async () => {
  const box = await makeBox(crypto, 'lopen over water')
  expect(box).toMatchObject({ derive: { name: 'PBKDF2', hash: 'SHA-256', rounds: DERIVE_ROUNDS }, wrap: { name: 'AES-GCM' }, cipher: 'AES-GCM-256' })
  expect(DERIVE_ROUNDS).toBeGreaterThanOrEqual(600_000)
  const [a, b] = [await makeBox(crypto, 'x', ROUNDS), await makeBox(crypto, 'x', ROUNDS)]
  expect([a.derive.salt, a.wrap.iv, a.wrapped]).not.toEqual([b.derive.salt, b.wrap.iv, b.wrapped])
  const cipher = await cipherFrom(a, 'x')
  expect(await cipher.seal(words, 'a')).not.toEqual(await cipher.seal(words, 'a'))
})

test('the key that is handed out cannot be read out again', async () => {
  const key = must(await openBox(crypto, await makeBox(crypto, 'x', ROUNDS), 'x'), 'the right passphrase')
  expect(key.extractable).toBe(false)
  await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
})

test('one flipped bit anywhere, a cut, and another place: nothing opens', async () => {
  const cipher = await cipherFrom(await makeBox(crypto, 'x', ROUNDS), 'x')
  const sealed = await cipher.seal(words, 'a')
  for (let at = 0; at < sealed.length; at++) {
    const spoiled = sealed.slice()
    spoiled[at]! ^= 1
    expect(await cipher.open(spoiled, 'a')).toBeNull()
  }
  expect(await cipher.open(sealed.subarray(0, sealed.length - 1), 'a')).toBeNull()
  expect(await cipher.open(new Uint8Array(3), 'a')).toBeNull()
  expect(await cipher.open(sealed, 'b')).toBeNull()
})

test('a changed passphrase wraps the same key again: what was sealed before opens, and the old passphrase opens nothing', async () => {
  const box = await makeBox(crypto, 'oud', ROUNDS)
  const sealed = await (await cipherFrom(box, 'oud')).seal(words, 'a')
  expect(await rewrapBox(crypto, box, 'fout', 'nieuw', ROUNDS)).toBeNull()
  const next = must(await rewrapBox(crypto, box, 'oud', 'nieuw', ROUNDS), 'the right passphrase')
  expect(await (await cipherFrom(next, 'nieuw')).open(sealed, 'a')).toEqual(words)
  expect(await openBox(crypto, next, 'oud')).toBeNull()
})

test('a passphrase typed with composed and with single accents is the same', async () => {
  expect(await openBox(crypto, await makeBox(crypto, 'één', ROUNDS), 'e\u0301e\u0301n')).not.toBeNull()
})
