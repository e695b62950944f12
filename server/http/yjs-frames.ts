/**
 * The y-websocket wire, as stock clients speak it: binary frames, one message each. Types 0 sync (0 step1 = state vector, 1 step2 = update,
 * 2 update), 1 awareness, 2 auth (0 denied, reason), 3 query awareness. Reading trusts no length: lib0 throws at the end of the bytes.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

const SYNC = 0
const AWARENESS = 1
const AUTH = 2
const QUERY_AWARENESS = 3

const STEP_1 = 0
const STEP_2 = 1
const UPDATE = 2
const DENIED = 0

export type YjsMessage =
  | { kind: 'step1'; stateVector: Uint8Array }
  | { kind: 'step2' | 'update'; update: Uint8Array }
  | { kind: 'awareness'; states: AwarenessState[] }
  | { kind: 'query-awareness' }
  /** Understood and of no interest: an answer about rights, or a message type of somebody's own. */
  | { kind: 'ignored' }

export interface AwarenessState {
  clientId: number
  clock: number
  /** JSON text; `null` means gone. */
  json: string
}

/** Of one frame: a socket speaks for itself and perhaps a few tabs of the same browser. */
const AWARENESS_STATES_COUNT_MAX = 64

/** Errors: throws on a malformed frame. Bytes in the answer are copies, so the frame can be let go. */
export function readYjsMessage(frame: Uint8Array): YjsMessage {
  const decoder = decoding.createDecoder(frame)
  const type = decoding.readVarUint(decoder)
  if (type === QUERY_AWARENESS) return { kind: 'query-awareness' }
  if (type === AWARENESS) return { kind: 'awareness', states: readStates(decoding.readVarUint8Array(decoder)) }
  if (type !== SYNC) return { kind: 'ignored' }
  const step = decoding.readVarUint(decoder)
  if (step === STEP_1) return { kind: 'step1', stateVector: decoding.readVarUint8Array(decoder).slice() }
  if (step === STEP_2) return { kind: 'step2', update: decoding.readVarUint8Array(decoder).slice() }
  if (step === UPDATE) return { kind: 'update', update: decoding.readVarUint8Array(decoder).slice() }
  throw new Error('unknown sync message')
}

function readStates(bytes: Uint8Array): AwarenessState[] {
  const decoder = decoding.createDecoder(bytes)
  const count = decoding.readVarUint(decoder)
  if (count > AWARENESS_STATES_COUNT_MAX) throw new Error('too many awareness states')
  return Array.from({ length: count }, () => ({ clientId: decoding.readVarUint(decoder), clock: decoding.readVarUint(decoder), json: decoding.readVarString(decoder) }))
}

const frameOf = (write: (encoder: encoding.Encoder) => void): Uint8Array => {
  const encoder = encoding.createEncoder()
  write(encoder)
  return encoding.toUint8Array(encoder)
}

const syncFrame = (step: number, bytes: Uint8Array): Uint8Array =>
  frameOf((encoder) => {
    encoding.writeVarUint(encoder, SYNC)
    encoding.writeVarUint(encoder, step)
    encoding.writeVarUint8Array(encoder, bytes)
  })

export const step1Frame = (stateVector: Uint8Array): Uint8Array => syncFrame(STEP_1, stateVector)
export const step2Frame = (update: Uint8Array): Uint8Array => syncFrame(STEP_2, update)
export const updateFrame = (update: Uint8Array): Uint8Array => syncFrame(UPDATE, update)

export const deniedFrame = (reason: string): Uint8Array =>
  frameOf((encoder) => {
    encoding.writeVarUint(encoder, AUTH)
    encoding.writeVarUint(encoder, DENIED)
    encoding.writeVarString(encoder, reason)
  })

export const awarenessFrame = (states: readonly AwarenessState[]): Uint8Array =>
  frameOf((encoder) => {
    encoding.writeVarUint(encoder, AWARENESS)
    encoding.writeVarUint8Array(
      encoder,
      frameOf((inner) => {
        encoding.writeVarUint(inner, states.length)
        for (const { clientId, clock, json } of states) {
          encoding.writeVarUint(inner, clientId)
          encoding.writeVarUint(inner, clock)
          encoding.writeVarString(inner, json)
        }
      }),
    )
  })
