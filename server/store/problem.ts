/**
 * What can be wrong with a store, as one error with a kind. It rejects appends and reads; nothing is acknowledged after it. The sentence
 * says what was found and what a person can do; it names files, never document text.
 */
export type StoreProblemKind =
  /** The data folder is not there. Creating it is the caller's decision, because it also means "start empty". */
  | 'missing-folder'
  /** The folder remembers a store, but the database is gone or empty. */
  | 'missing-store'
  /** The log of another installation, or one whose installation is not known here. */
  | 'foreign-store'
  | 'read-only'
  | 'full'
  | 'corrupt'
  /** The list of what was erased for good cannot be read: without it that would come back unnoticed. */
  | 'unreadable-erasures'
  /** Another relay works on this folder. */
  | 'locked'
  /** Written by a newer version of the program. */
  | 'newer-schema'
  /** SQLite too old, or a durability setting that did not stick. */
  | 'unsafe-settings'
  /** Anything else the disk said. */
  | 'failed'
  /** Used after close: a bug in the caller, or a shutdown racing with a push. */
  | 'closed'

export class StoreProblem extends Error {
  readonly kind: StoreProblemKind
  constructor(kind: StoreProblemKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'StoreProblem'
    this.kind = kind
  }
}
