/**
 * Brings the computed parts of shared/protocol/SPEC.md and the vectors up to date: `node tests/protocol/write-spec.ts`. The history line with the
 * fingerprint is for the person who changes the protocol: a new version, and what is different in it.
 */
import { fingerprint, writeSpec } from './spec-parts.ts'

writeSpec()
console.log(`fingerprint ${fingerprint()}`)
