/**
 * Acts: the formal steps, and the status that follows from them. `applyAct` is the only place where a status is decided; the
 * relay asks it before it commits an act, the engine asks it to show what was asked for, the export asks it again.
 *
 * Shapes travel as UTF-8 JSON in entries of part `act`, format `act1`. The seal is the SHA-256 (hex) of the UTF-8 bytes of
 * `content`: anybody can check it with `sha256sum`, without the product.
 */
import { fail, ok, type Result } from '../base/result.ts'
import { fromUtf8, toHex, utf8 } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import type { UserId } from '../base/ids.ts'
import { SEAL_BYTES_MAX } from './limits.ts'
import type { Operation } from './grants.ts'

export type Verdict = 'agreed' | 'reservation' | 'returned'

export type Act =
  | { kind: 'consult'; until: string }
  | { kind: 'propose'; seal: string; content: string; parties: string[] }
  | { kind: 'sign'; seal: string; party: string; verdict: Verdict; note: string }
  | { kind: 'adopt'; seal: string; mandate: string }
  | { kind: 'revise'; reason: string }
  | { kind: 'withdraw'; reason: string }
  | { kind: 'publish'; seal: string; openness: 'public' | 'internal' | 'partly'; reason: string }
export type ActKind = Act['kind']

export const STATUSES = ['concept', 'consultation', 'proposed', 'adopted', 'revision', 'withdrawn'] as const
export type Status = (typeof STATUSES)[number]

export interface Signature {
  party: string
  verdict: Verdict
  note: string
  by: UserId
  time: number
}

export interface ActsState {
  status: Status
  consultUntil: string | null
  /** What lies on the table, or was last adopted. */
  seal: string | null
  proposedAt: number | null
  parties: readonly string[]
  /** Of the seal on the table; the last word of each party counts. */
  signatures: readonly Signature[]
  adoptedSeal: string | null
  adoptedAt: number | null
  /** Counts adoptions: version 1 is the first adopted text. */
  version: number
  published: boolean
}

export const NO_ACTS: ActsState = {
  status: 'concept', consultUntil: null, seal: null, proposedAt: null, parties: [], signatures: [],
  adoptedSeal: null, adoptedAt: null, version: 0, published: false,
}

export type ActFailure =
  | { kind: 'wrong-status'; status: Status }
  | { kind: 'other-seal' }
  | { kind: 'unknown-party' }
  | { kind: 'not-all-agreed'; missing: string[] }
  | { kind: 'seal-mismatch' }
  | { kind: 'malformed' }

export const OPERATION_OF_ACT: Record<ActKind, Operation> = {
  consult: 'act.consult', propose: 'act.propose', sign: 'act.sign', adopt: 'act.adopt', revise: 'act.revise', withdraw: 'act.withdraw', publish: 'act.publish',
}

/** Which acts may follow which status: complete, so that a new status or act does not compile until it is decided here. */
const ALLOWED: Record<Status, Record<ActKind, boolean>> = {
  concept:      { consult: true,  propose: true,  sign: false, adopt: false, revise: false, withdraw: true,  publish: false },
  consultation: { consult: true,  propose: true,  sign: false, adopt: false, revise: true,  withdraw: true,  publish: false },
  // A new proposal replaces the seal on the table: the text changed, so everybody is asked again.
  proposed:     { consult: true,  propose: true,  sign: true,  adopt: true,  revise: true,  withdraw: true,  publish: false },
  adopted:      { consult: false, propose: false, sign: false, adopt: false, revise: true,  withdraw: true,  publish: true },
  revision:     { consult: true,  propose: true,  sign: false, adopt: false, revise: false, withdraw: true,  publish: true },
  withdrawn:    { consult: false, propose: false, sign: false, adopt: false, revise: true,  withdraw: false, publish: false },
}

/** Whether an act of this kind may follow this status; who may do it is another question (grants.ts). */
export const isAllowed = (status: Status, kind: ActKind): boolean => ALLOWED[status][kind]

export const sealOf = (content: string): string => toHex(sha256(utf8(content)))

/**
 * The state after one act, or why it cannot follow.
 * In: the act as checked by `readAct`; who did it and the relay's time. Rule of adoption: every party's last word is agreed or agreed with
 * reservation, or a mandate with its reason is given.
 */
export function applyAct(state: ActsState, act: Act, by: UserId, time: number): Result<ActsState, ActFailure> {
  if (!ALLOWED[state.status][act.kind]) return fail({ kind: 'wrong-status', status: state.status })
  switch (act.kind) {
    case 'consult':
      return ok({ ...state, status: 'consultation', consultUntil: act.until })
    case 'propose':
      if (sealOf(act.content) !== act.seal) return fail({ kind: 'seal-mismatch' })
      return ok({ ...state, status: 'proposed', seal: act.seal, proposedAt: time, parties: act.parties, signatures: [] })
    case 'sign': {
      if (act.seal !== state.seal) return fail({ kind: 'other-seal' })
      if (!state.parties.includes(act.party)) return fail({ kind: 'unknown-party' })
      const { party, verdict, note } = act
      const signatures = [...state.signatures.filter((other) => other.party !== party), { party, verdict, note, by, time }]
      return ok({ ...state, signatures })
    }
    case 'adopt': {
      if (act.seal !== state.seal) return fail({ kind: 'other-seal' })
      const missing = missingParties(state)
      if (missing.length > 0 && act.mandate.trim() === '') return fail({ kind: 'not-all-agreed', missing })
      return ok({ ...state, status: 'adopted', adoptedSeal: act.seal, adoptedAt: time, version: state.version + 1 })
    }
    case 'revise':
      return ok({ ...state, status: state.version > 0 ? 'revision' : 'concept' })
    case 'withdraw':
      return ok({ ...state, status: 'withdrawn' })
    case 'publish':
      if (act.seal !== state.adoptedSeal) return fail({ kind: 'other-seal' })
      return ok({ ...state, published: act.openness !== 'internal' })
  }
}

/** Parties whose last word is not (yet) an agreement. */
export const missingParties = (state: ActsState): string[] =>
  state.parties.filter((party) => !state.signatures.some((s) => s.party === party && s.verdict !== 'returned'))

export const actToBytes = (act: Act): Uint8Array => utf8(JSON.stringify(act))

const isText = (value: unknown, charsMax: number): value is string => typeof value === 'string' && value.length <= charsMax
const isSeal = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const isDate = (value: unknown): value is string => typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)

/** Reads an act from the wire: every field is checked, unknown fields are dropped. */
export function readAct(payload: Uint8Array): Result<Act, ActFailure> {
  let raw: Record<string, unknown>
  try {
    const parsed: unknown = JSON.parse(fromUtf8(payload))
    if (typeof parsed !== 'object' || parsed === null) return fail({ kind: 'malformed' })
    raw = parsed as Record<string, unknown>
  } catch {
    return fail({ kind: 'malformed' }) // not UTF-8 or not JSON: said to the sender, nothing to add
  }
  const { kind, seal, content, parties, party, verdict, note, mandate, reason, until, openness } = raw
  if (kind === 'consult' && isDate(until)) return ok({ kind, until })
  if (kind === 'propose' && isSeal(seal) && isText(content, SEAL_BYTES_MAX) && Array.isArray(parties) && parties.length <= 60 && parties.every((p) => isText(p, 200) && p !== ''))
    return ok({ kind, seal, content, parties: [...new Set(parties as string[])] })
  if (kind === 'sign' && isSeal(seal) && isText(party, 200) && isText(note, 4000) && (verdict === 'agreed' || verdict === 'reservation' || verdict === 'returned'))
    return ok({ kind, seal, party, verdict, note })
  if (kind === 'adopt' && isSeal(seal) && isText(mandate, 4000)) return ok({ kind, seal, mandate })
  if ((kind === 'revise' || kind === 'withdraw') && isText(reason, 4000)) return ok({ kind, reason })
  if (kind === 'publish' && isSeal(seal) && isText(reason, 4000) && (openness === 'public' || openness === 'internal' || openness === 'partly'))
    return ok({ kind, seal, openness, reason })
  return fail({ kind: 'malformed' })
}
