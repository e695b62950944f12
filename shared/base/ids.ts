/**
 * Identifiers: 128 random bits, written as 32 lower-case hex digits everywhere but on the wire (16 bytes there).
 * The aliases say which noun of the design an id names; they are not interchangeable in meaning.
 */
import { randomBytes, type Dice } from './random.ts'
import { toHex } from './bytes.ts'

export type Id = string
export type SpaceId = Id
export type ItemId = Id
/** Idempotency key of a log row: minted with the outbox row, unique per space for ever. */
export type EntryId = Id
/** Names one life of a space's log: new at creation and at every restore. */
export type Epoch = Id
/** Who may continue a Yjs clientID or an Automerge actor; lives in memory and in outbox rows only. */
export type WriterId = Id
export type DeviceId = Id
export type UserId = Id

export const ID_BYTES = 16
export const NO_ID: Id = '0'.repeat(32)

export const newId = (dice: Dice): Id => toHex(randomBytes(dice, ID_BYTES))
export const isId = (text: unknown): text is Id =>
  typeof text === 'string' && /^[0-9a-f]{32}$/.test(text)
