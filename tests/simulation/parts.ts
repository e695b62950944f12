/** The real parts under test, put together the way the composition roots do it; clock, dice, disk and line are handed in. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Engine } from '../../client/engine/api.ts'
import { createEngine, type EngineDeps } from '../../client/engine/engine.ts'
import { factsReady, initFacts } from '../../client/engine/facts.ts'
import type { Relay, RelayDeps } from '../../server/relay/api.ts'
import { createRelay } from '../../server/relay/relay.ts'

let ready: Promise<void> | null = null

/** Loads Automerge, once per process: loading is not part of any schedule. */
export function partsReady(): Promise<void> {
  if (!ready) {
    initFacts(() => Promise.resolve(readFileSync(createRequire(import.meta.url).resolve('@automerge/automerge/automerge.wasm'))))
    ready = factsReady()
  }
  return ready
}

export type EngineParts = Omit<EngineDeps, 'web' | 'build'>

/** Made once: an engine asks often, and walking the stack for each took longer than asking. */
const NO_WEB = new Error('no web in the simulator')
/** The questions over HTTP are no part of the log; here nobody answers them. */
const noWeb: EngineDeps['web'] = {
  report: () => Promise.reject(NO_WEB),
  people: () => Promise.reject(NO_WEB),
}

export const makeEngine = (parts: EngineParts): Promise<Engine> => createEngine({ ...parts, build: 'sim', web: noWeb })
export const makeRelay = (deps: RelayDeps): Relay => createRelay(deps)
