/**
 * What the window asks of the relay over HTTP: who am I, sign in and out, links, members, spaces. Edits never go this way.
 *
 * Every call resolves to a result; no answer at all is `offline`, an answer that says no is `refused` with the relay's code.
 */
import { fail, ok, type Result } from '../../shared/base/result.ts'
import type { ItemId, SpaceId, UserId } from '../../shared/base/ids.ts'
import type { HttpErrorCode } from '../../shared/model/errors.ts'
import type { AnyOperation, Role, SpaceKind } from '../../shared/model/grants.ts'
import type { Person } from '../../shared/model/people.ts'
import type { ItemRow } from '../../shared/model/rows.ts'

export type HttpFailure = { kind: 'offline' } | { kind: 'refused'; code: HttpErrorCode }
export type Answer<T> = Promise<Result<T, HttpFailure>>

export interface Identity {
  person: Person
  installationAdmin: boolean
}

/** How somebody signs in: the organisation also gives the name. */
export interface Profile {
  login: string
  source: 'password' | 'organisation' | 'link'
  /** Also beside the organisation, for who joined the two. */
  hasPassword: boolean
  createdAt: number
}

export interface Device {
  id: string
  /** "Chrome · Windows", one of the two, or empty. */
  device: string
  begunAt: number
  seenAt: number
  isThis: boolean
}

export interface PendingInvitation {
  id: string
  role: Role
  by: Person | null
  createdAt: number
  expiresAt: number
}

export interface LinkView {
  kind: 'setup' | 'invitation' | 'sign-in' | 'reset'
  space: { space: SpaceId; name: string; kind: SpaceKind } | null
  role: Role | null
  expiresAt: number | string
  person: Person | null
}

export interface NewAccount {
  login: string
  name: string
  job: string
  organisation: string
  password: string
}

export interface Member {
  person: Person
  role: Role
}

export interface Invitation {
  link: string
  expiresAt: number | string
  role: Role
}

export interface Installation {
  version: string
  startedAt: number
  ready: boolean
  checks: Record<string, string>
  usedBytes: number
  freeBytes: number
  spacesCount: number
  peopleCount: number
  socketsCount: number
  queuedCount: number
  backupAt: number | null
  restoreAt: number | null
  verifyAt: number | null
  /** How long the account of who did what is kept. */
  auditDays: number
  /** Where a weakness can be told; null: nowhere yet. */
  securityContact: string | null
}

export interface Participation {
  programme: SpaceId
  name: string
  takesPart: boolean
}

export interface AuditRecord {
  seq: number
  time: number
  who: UserId | null
  name: string | null
  role: string | null
  operation: AnyOperation
  space: SpaceId | null
  subject: string
  from: string
  request: string | null
  result: 'done' | 'refused'
  hash: string
}

export interface AuditFilter {
  who?: UserId
  result?: 'done' | 'refused'
  operation?: string
  /** From this moment on, and up to that one, ms. */
  since?: number
  until?: number
  /** Where the answer before this one says that the next goes on. */
  before?: number
  count: number
}

export interface Http {
  me(): Answer<Identity & Profile>
  changeMe(details: Pick<Person, 'name' | 'job' | 'organisation'>): Answer<{ person: Person }>
  changePassword(old: string, next: string): Answer<null>
  /** Out: where the organisation asks who this is; the browser comes back from there. */
  joinOrganisation(password: string): Answer<{ continueAt: string }>
  partOrganisation(password: string): Answer<null>
  devices(): Answer<Device[]>
  endDevice(id: string): Answer<null>
  /** `continueAt`: as of `signOut`. */
  endAllDevices(): Answer<{ continueAt: string } | null>
  /** Everything that is kept about whoever asks, as the relay says it. */
  myData(): Answer<unknown>
  /** `continueAt`: as of `signOut`. */
  leave(proof: { password: string } | { login: string }): Answer<{ continueAt: string } | null>
  /** Whether people can sign in with their organisation. */
  ways(): Answer<{ isOffered: boolean }>
  signIn(login: string, password: string): Answer<{ person: Person }>
  /** `continueAt`: where to sign out of the organisation as well. */
  signOut(): Answer<{ continueAt: string } | null>
  link(token: string): Answer<LinkView>
  acceptLink(token: string, account: NewAccount | { password: string } | null): Answer<{ person: Person }>
  members(space: SpaceId): Answer<Member[]>
  invite(space: SpaceId, role: Role): Answer<Invitation>
  invitations(space: SpaceId): Answer<PendingInvitation[]>
  endInvitation(space: SpaceId, id: string): Answer<null>
  resetPassword(space: SpaceId, user: UserId): Answer<{ link: string; expiresAt: number }>
  changeRole(space: SpaceId, user: UserId, role: Role | null): Answer<null>
  createSpace(kind: SpaceKind, name: string): Answer<{ space: SpaceId }>
  /** null: no limit. */
  limitOffline(space: SpaceId, daysMax: number | null): Answer<null>
  installation(): Answer<Installation>
  participations(space: SpaceId): Answer<Participation[]>
  takePart(space: SpaceId, programme: SpaceId, takesPart: boolean): Answer<null>
  /** Exactly what a programme sees of this space. */
  seenByProgrammes(space: SpaceId): Answer<{ municipalities: { space: SpaceId; rows: ItemRow[] }[]; computedAt: number }>
  /** null: of the whole installation. */
  audit(space: SpaceId | null, filter: AuditFilter): Answer<{ records: AuditRecord[]; before: number | null }>
  erase(space: SpaceId, order: { item: ItemId; mode: 'whole' | 'history'; reason: string }): Answer<{ entriesCount: number }>
}

/** A relay that is behind a captive portal answers with a page; that is no answer of the relay. */
const isJson = (response: Response): boolean => (response.headers.get('content-type') ?? '').includes('json')

export function createHttp(send: typeof fetch): Http {
  async function ask<T>(method: string, path: string, body?: unknown): Answer<T> {
    let response: Response
    try {
      response = await send(path, {
        method,
        credentials: 'same-origin',
        headers: body === undefined ? { accept: 'application/json' } : { accept: 'application/json', 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    } catch {
      return fail({ kind: 'offline' }) // fetch rejects for every kind of network trouble and says no more than that
    }
    if (response.status === 204) return ok(null as T)
    if (!isJson(response)) return fail(response.status >= 500 || response.ok ? { kind: 'offline' } : { kind: 'refused', code: 'internal' })
    const answer: unknown = await response.json()
    if (response.ok) return ok(answer as T)
    const code = (answer as { error?: HttpErrorCode }).error ?? 'internal'
    return fail({ kind: 'refused', code })
  }
  const part = encodeURIComponent
  return {
    me: () => ask('GET', '/api/me'),
    changeMe: (details) => ask('PUT', '/api/me', details),
    changePassword: (old, next) => ask('PUT', '/api/me/password', { old, next }),
    joinOrganisation: (password) => ask('POST', '/api/me/organisation', { password }),
    partOrganisation: (password) => ask('DELETE', '/api/me/organisation', { password }),
    devices: () => ask('GET', '/api/me/sessions'),
    endDevice: (id) => ask('DELETE', `/api/me/sessions/${part(id)}`),
    endAllDevices: () => ask('DELETE', '/api/me/sessions'),
    myData: () => ask('GET', '/api/me/export'),
    leave: (proof) => ask('DELETE', '/api/me', proof),
    ways: () => ask('GET', '/api/oidc'),
    signIn: (login, password) => ask('POST', '/api/session', { login, password }),
    signOut: () => ask('DELETE', '/api/session'),
    link: (token) => ask('GET', `/api/links/${part(token)}`),
    acceptLink: (token, account) => ask('POST', `/api/links/${part(token)}`, account ?? {}),
    members: (space) => ask('GET', `/api/spaces/${part(space)}/members`),
    invite: (space, role) => ask('POST', `/api/spaces/${part(space)}/invitations`, { role }),
    invitations: (space) => ask('GET', `/api/spaces/${part(space)}/invitations`),
    endInvitation: (space, id) => ask('DELETE', `/api/spaces/${part(space)}/invitations/${part(id)}`),
    resetPassword: (space, user) => ask('POST', `/api/spaces/${part(space)}/members/${part(user)}/reset`),
    changeRole: (space, user, role) => ask('PUT', `/api/spaces/${part(space)}/members/${part(user)}`, { role }),
    createSpace: (kind, name) => ask('POST', '/api/spaces', { kind, name }),
    limitOffline: (space, daysMax) => ask('PUT', `/api/spaces/${part(space)}/offline`, { daysMax }),
    installation: () => ask('GET', '/api/installation'),
    participations: (space) => ask('GET', `/api/spaces/${part(space)}/participations`),
    takePart: (space, programme, takesPart) => ask('PUT', `/api/spaces/${part(space)}/participations/${part(programme)}`, { takesPart }),
    seenByProgrammes: (space) => ask('GET', `/api/spaces/${part(space)}/report`),
    audit: (space, filter) => ask('GET', `${space === null ? '/api/audit' : `/api/spaces/${part(space)}/audit`}?${new URLSearchParams(Object.entries(filter).map(([name, value]) => [name, String(value)])).toString()}`),
    erase: (space, order) => ask('POST', `/api/spaces/${part(space)}/erasures`, order),
  }
}
