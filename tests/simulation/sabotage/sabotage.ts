/**
 * Seams at which a misbehaving part can be put between honest ones. The judge sits outside of them, so what it must find is the damage
 * and not the trick. Every hook gets the honest thing and gives back what the world uses instead.
 */
import type { Engine } from '../../../client/engine/api.ts'
import type { EngineStore } from '../../../client/engine/store.ts'
import type { Directory } from '../../../server/auth/directory.ts'
import type { Erasure } from '../../../server/store/erase.ts'
import type { Log } from '../../../server/store/log.ts'
import type { Snapshots } from '../../../server/store/snapshots.ts'
import type { SpaceId } from '../../../shared/base/ids.ts'
import type { Dice } from '../../../shared/base/random.ts'
import type { Rule } from '../checker.ts'
import type { Direction, VirtualConnection } from '../network.ts'
import type { Scheduler } from '../scheduler.ts'

export interface SabotageContext {
  readonly scheduler: Scheduler
  readonly seed: number
  readonly spaces: readonly SpaceId[]
}

export interface Hooks {
  log?(log: Log): Log
  /** `log`: the honest one, to lie well. */
  snapshots?(snapshots: Snapshots, log: Log): Snapshots
  /** The list of erasures that lies beside a log when a backup is put back. */
  erasures?(honest: readonly Erasure[]): readonly Erasure[]
  directory?(directory: Directory): Directory
  store?(store: EngineStore, tab: string): EngineStore
  engine?(engine: Engine, tab: string): Engine
  engineDice?(honest: Dice, device: number, tab: string): Dice
  /** What a misbehaving relay sends instead; null: nothing. */
  relayFrame?(frame: Uint8Array): Uint8Array | null
  /** What a misbehaving network carries instead; null: the frame vanishes. */
  frame?(connection: VirtualConnection, direction: Direction, frame: Uint8Array): Uint8Array | null
}

export interface Sabotage {
  /** What is broken, as one would say it. */
  readonly what: string
  /** Rules of which one must be reported. */
  readonly breaks: readonly Rule[]
  create(context: SabotageContext): Hooks
}
