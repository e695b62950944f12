/**
 * B1: the websocket doors against RFC 6455, with the case list of the Autobahn suite written anew over bare TCP, because that suite needs an echo and
 * this relay has none. "OK" is the reaction that the standard demands, or the answer of our own protocol to a message in those frames; text,
 * which our protocol does not have, must be refused by code. An honest laptop goes on typing throughout.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { newId } from '../../shared/base/ids.ts'
import { withBystander, type Bystanding } from './crowd.ts'
import type { Observer } from './observer.ts'
import { count, type Row, type Trial } from './row.ts'
import { closeCases } from './websocket/cases-close.ts'
import { framingCases } from './websocket/cases-framing.ts'
import { HANDSHAKES, limitCases } from './websocket/cases-limits.ts'
import { textCases } from './websocket/cases-text.ts'
import { syncEndpoint, yjsEndpoint, type Endpoint } from './websocket/endpoints.ts'
import { perform, type Verdict } from './websocket/perform.ts'
import { upgrade } from './websocket/raw-socket.ts'
import { createWriter } from './writer.ts'

const SOCKETS_AT_ONCE = 12

export const b1: Row = {
  id: 'B1',
  name: 'Websocket conformance',
  promise: 'both websocket doors do what RFC 6455 asks, whatever frames come, and nobody else notices',
  target: 'the Autobahn sections 1–7, 9, 12 and 13 on /sync and /yjs: 0 failed, the relay alive, an honest laptop undisturbed (p95 ≤ 250 ms)',
  run: (trial) => withBystander(trial, 'B1', (scene) => conform(scene, trial)),
}

async function conform({ relay, group, space, dice, honest }: Bystanding, trial: Trial): Promise<(fresh: Observer) => void> {
  // A document that exists and in which nobody types: the other door speaks of it.
  const quiet = createWriter({ space, dice, window: 1, onAcknowledged: () => (quiet.isTyping = false) })
  await quiet.connect(relay.address, group.cookie(0))
  while (quiet.acknowledged.size === 0) await sleep(5)
  quiet.cut()

  const headers = { Cookie: group.cookie(1), Origin: relay.address }
  const endpoints: Endpoint[] = [syncEndpoint(newId(dice)), yjsEndpoint(quiet.item)]
  const verdicts: Record<Verdict, number> = { OK: 0, 'non-strict': 0, failed: 0 }
  const judge = (verdict: Verdict, name: string, title: string, said: string): void => {
    verdicts[verdict] += 1
    if (verdict === 'failed') trial.violation(`${name} ${title}: ${said}`)
  }
  for (const endpoint of endpoints) {
    for (const { id, title, ok, headers: own, path = endpoint.path, ...rest } of HANDSHAKES) {
      const { status, fault, socket } = await upgrade({ port: relay.port, path, headers: { ...headers, ...own }, ...rest })
      socket?.cut()
      judge(ok.includes(status) && fault === null ? 'OK' : 'failed', `${endpoint.name} ${id}`, title, fault ?? `status ${status}`)
    }
  }
  const waiting = endpoints.flatMap((endpoint) => [...framingCases(endpoint), ...textCases(endpoint), ...closeCases(endpoint), ...limitCases(endpoint)]
    .filter(({ isLarge }) => !isLarge || trial.size !== 'small')
    .map((one) => ({ endpoint, one })))
  const total = waiting.length
  const queue = waiting.values()
  await Promise.all(Array.from({ length: SOCKETS_AT_ONCE }, async () => {
    for (const { endpoint, one } of queue) {
      if (!relay.isUp) return
      const { verdict, events } = await perform(relay.port, endpoint, headers, one)
      judge(verdict, `${endpoint.name} ${one.id}`, one.title, said(events))
      trial.progress(`${verdicts.OK + verdicts['non-strict'] + verdicts.failed} of ${total}`)
    }
  }))
  trial.figure(`${count(verdicts.OK + verdicts['non-strict'] + verdicts.failed, 'case')}: ${verdicts.OK} OK, ${verdicts['non-strict']} non-strict, ${verdicts.failed} failed`)
  return (fresh) => {
    for (const entry of quiet.acknowledged) if (!fresh.byEntry.has(entry)) trial.violation(`acknowledged entry ${entry.slice(0, 6)} is lost`)
    const written = honest.acknowledged.size + quiet.acknowledged.size
    if (fresh.seen.length !== written) trial.violation(`the log has ${fresh.seen.length} entries, the honest wrote ${written}`)
  }
}

/** Repeats are counted: some cases ask five hundred times. */
function said(events: readonly string[]): string {
  const runs: { event: string; times: number }[] = []
  for (const event of events) {
    const last = runs.at(-1)
    if (last?.event === event) last.times += 1
    else runs.push({ event, times: 1 })
  }
  return runs.length === 0 ? 'nothing' : runs.map(({ event, times }) => (times === 1 ? event.slice(0, 80) : `${times}× ${event.slice(0, 80)}`)).join(', ')
}
