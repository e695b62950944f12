/** All messages; the unions of what goes up and what comes down. */
import type { MessageOf, MessageSpec } from '../schema.ts'
import { ack, nack } from './ack.ts'
import { entries, recv } from './entries.ts'
import { epoch } from './epoch.ts'
import { erased } from './erased.ts'
import { fetch, itemEntries } from './fetch.ts'
import { hello } from './hello.ts'
import { packedRun, packedSifted } from './packed.ts'
import { ping, pong } from './ping.ts'
import { presence, present } from './presence.ts'
import { push } from './push.ts'
import { scope } from './scope.ts'
import { sifted } from './sifted.ts'
import { snapshot } from './snapshot.ts'
import { sub, unsub } from './sub.ts'
import { subbed } from './subbed.ts'
import { welcome } from './welcome.ts'

const up = { hello, sub, unsub, push, fetch, presence, recv, ping }
const down = { welcome, scope, subbed, entries, snapshot, sifted, itemEntries, ack, nack, epoch, erased, present, pong }

export type UpMessage = { [K in keyof typeof up]: MessageOf<(typeof up)[K]> }[keyof typeof up]
export type DownMessage = { [K in keyof typeof down]: MessageOf<(typeof down)[K]> }[keyof typeof down]
export type Up<Name extends UpMessage['type']> = Extract<UpMessage, { type: Name }>
export type Down<Name extends DownMessage['type']> = Extract<DownMessage, { type: Name }>

export const UP_MESSAGES: readonly MessageSpec[] = Object.values(up) as unknown as MessageSpec[]
export const DOWN_MESSAGES: readonly MessageSpec[] = Object.values(down) as unknown as MessageSpec[]
/** Another form on the wire of the messages they are listed under. */
export const PACKED_MESSAGES: Readonly<Record<'entries' | 'sifted', MessageSpec>> = { entries: packedRun as unknown as MessageSpec, sifted: packedSifted as unknown as MessageSpec }
