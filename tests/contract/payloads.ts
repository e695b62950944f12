/**
 * Real payloads for log, relay and protocol tests: Yjs updates and Automerge changes with fixed identities, so that runs do not differ.
 */
import * as A from '@automerge/automerge'
import * as Y from 'yjs'
import { newId, type Id } from '../../shared/base/ids.ts'
import { seededDice, type Dice } from '../../shared/base/random.ts'
import { actToBytes, sealOf, type Act, type ActKind } from '../../shared/model/acts.ts'
import { FORMAT_OF_PART, type NewEntry, type Part } from '../../shared/model/entries.ts'

/** Of the typists: letters straight in the root of a text are refused, a root of another name is nobody's business. */
const WORDS = 'words'

/** Types text into one Yjs document under one clientID; each call returns the update it made. */
export function createTypist(clientID: number) {
  const doc = new Y.Doc()
  doc.clientID = clientID
  let last: Uint8Array | null = null
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== 'remote') last = update
  })
  const made = (change: () => void): Uint8Array => {
    last = null
    doc.transact(change)
    if (!last) throw new Error('the change made no update')
    return last
  }
  const text = doc.getText(WORDS)
  return {
    doc,
    type: (words: string, at = text.length): Uint8Array => made(() => text.insert(at, words)),
    erase: (at: number, length: number): Uint8Array => made(() => text.delete(at, length)),
    made,
    receive: (update: Uint8Array): void => Y.applyUpdate(doc, update, 'remote'),
    read: (): string => text.toString(),
  }
}

/** Sets registers in one Automerge document under one actor; each call returns the change it made. */
export function createRegistrar(actor: Id) {
  let doc = A.init<Record<string, unknown>>({ actor })
  return {
    set(path: string, value: string | number): Uint8Array {
      doc = A.change(doc, { time: 0 }, (draft) => {
        // As the engine writes them: a plain string would be a text of letters, which is no fact.
        draft[path] = typeof value === 'string' ? new A.ImmutableString(value) : value
      })
      const change = A.getLastLocalChange(doc)
      if (!change) throw new Error('the edit made no change')
      return change
    },
    receive(...changes: Uint8Array[]): void {
      ;[doc] = A.applyChanges(doc, changes)
    },
    doc: () => doc,
  }
}

export const proposeAct = (content: string, parties: string[]): Act => ({ kind: 'propose', seal: sealOf(content), content, parties })
export const actPayload = actToBytes

const CONTENT = '{"facts":{},"prose":{}}'
const SEAL = sealOf(CONTENT)
/** One of each kind, all of the same content. */
export const EACH_ACT: { readonly [K in ActKind]: Extract<Act, { kind: K }> } = {
  consult: { kind: 'consult', until: '2030-01-01' },
  propose: { kind: 'propose', seal: SEAL, content: CONTENT, parties: ['huisarts'] },
  sign: { kind: 'sign', seal: SEAL, party: 'huisarts', verdict: 'agreed', note: '' },
  adopt: { kind: 'adopt', seal: SEAL, mandate: '' },
  revise: { kind: 'revise', reason: 'nieuw' },
  withdraw: { kind: 'withdraw', reason: 'oud' },
  publish: { kind: 'publish', seal: SEAL, openness: 'internal', reason: '' },
}

/** Entries of one space with ids from seeded dice. */
export function createEntryMaker(seed = 1) {
  const dice: Dice = seededDice(seed)
  return {
    id: (): Id => newId(dice),
    entry: (fields: Partial<NewEntry> & Pick<NewEntry, 'space' | 'item' | 'writer' | 'payload'> & { part?: Part }): NewEntry => {
      const part = fields.part ?? 'prose'
      return { entry: newId(dice), format: FORMAT_OF_PART[part], schema: 1, clientTime: 1_000, ...fields, part }
    },
  }
}
