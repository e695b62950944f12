/**
 * Who is signed in on this browser, kept so that the workspace opens from cold without the relay. The relay still asks for its own
 * cookie at every door; this says only whose local store to open and which name to show.
 */
import { isId } from '../../shared/base/ids.ts'
import type { Identity } from './http.ts'
import { isRecord, isText, type Storage } from './storage.ts'

export const IDENTITY_KEY = 'identity'

const isIdentity = (value: unknown): value is Identity => {
  if (!isRecord(value) || typeof value['installationAdmin'] !== 'boolean') return false
  const person = value['person']
  return isRecord(person) && isId(person['user']) && isText(person['name']) && isText(person['job']) && isText(person['organisation']) && typeof person['color'] === 'number'
}

export const readIdentity = (storage: Storage): Identity | null => storage.read(IDENTITY_KEY, isIdentity)
export const keepIdentity = (storage: Storage, { person, installationAdmin }: Identity): void => storage.write(IDENTITY_KEY, { person, installationAdmin })
export const forgetIdentity = (storage: Storage): void => storage.remove(IDENTITY_KEY)
