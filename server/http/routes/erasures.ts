/** *Definitief verwijderen* over HTTP: by somebody whose role may, or by whoever can read the data folder of the running relay (the command line). */
import { timingSafeEqual } from 'node:crypto'
import * as v from 'valibot'
import { must } from '../../../shared/base/assert.ts'
import { utf8 } from '../../../shared/base/bytes.ts'
import { ERASE_REASON_CHARS_MAX } from '../../../shared/model/limits.ts'
import type { EraseOrder, Eraser } from '../../derive/eraser.ts'
import { ERASE_MODES } from '../../store/erase.ts'
import { defineRoute, type Answer, type Asked, type Route } from '../route.ts'
import { id, spaceParams } from '../schemas.ts'

export interface ErasureRoutesDeps {
  eraser: Eraser
  /** Known to this process and to who can read its folder. */
  controlSecret: string
}

const order = { item: id, mode: v.picklist(ERASE_MODES), reason: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(ERASE_REASON_CHARS_MAX)) }
const outcome = v.object({ entriesCount: v.number(), sealsCount: v.number(), factsEntriesCount: v.number(), isScrubbed: v.boolean() })

export function erasureRoutes({ eraser, controlSecret }: ErasureRoutesDeps): Route[] {
  async function erase(order: EraseOrder, note: Asked<unknown, unknown, unknown>['note']): Promise<Answer> {
    note({ space: order.space, subject: `${order.item} ${order.mode} ${order.reason}` })
    const done = await eraser.erase(order)
    if (done.ok) return { status: 200, body: done.value }
    return { error: done.failure.kind === 'unknown-item' ? 'not-found' : 'storage' }
  }
  return [
    defineRoute({
      method: 'POST',
      path: '/api/spaces/:space/erasures',
      summary: 'Erase an item, or what was deleted from its text, for good: from the log, snapshots, history and every laptop that comes by. Cannot be undone',
      operation: 'item.erase',
      params: spaceParams,
      body: v.object(order),
      answer: outcome,
      refusals: ['not-found', 'storage'],
      handle: ({ caller, params, body, note }) => erase({ ...body, space: params.space, by: must(caller, 'signed in').user }, note),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/control/erasures',
      summary: 'The same for the command line beside a running relay, which finds the secret in the data folder',
      operation: 'machine.erase',
      body: v.object({ ...order, space: id, secret: v.string() }),
      answer: outcome,
      refusals: ['forbidden', 'not-found', 'storage'],
      guardsSecret: true,
      handle({ body: { secret, ...asked }, note }) {
        const [given, own] = [utf8(secret), utf8(controlSecret)]
        if (given.length !== own.length || !timingSafeEqual(given, own)) return { error: 'forbidden' }
        return erase({ ...asked, by: null }, note)
      },
    }),
  ]
}
