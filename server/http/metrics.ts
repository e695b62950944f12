/** Counts for whoever runs the relay; no name, id or title is ever a label. */
import { collectDefaultMetrics, Gauge, Counter, Registry } from 'prom-client'
import type { Relay } from '../relay/api.ts'

export interface Metrics {
  print(): Promise<{ text: string; type: string }>
  countRefusedUpgrade(status: number): void
  countRefusedRequest(): void
  countBadFrame(): void
}

export function createMetrics(counts: Relay['counts'], openSockets: () => number): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  gauge('samenpad_sockets', 'Open websockets, all doors', openSockets)
  gauge('samenpad_connections', 'Connections that speak the sync protocol', () => counts().connections)
  gauge('samenpad_subscriptions', 'Spaces followed, over all connections', () => counts().subscriptions)
  gauge('samenpad_queued_entries', 'Entries waiting for the writer', () => counts().queuedEntries)
  gauge('samenpad_queued_bytes', 'Bytes waiting for the writer', () => counts().queuedBytes)
  gauge('samenpad_committed_entries', 'Entries committed since the start', () => counts().committedEntries)
  gauge('samenpad_commits', 'Synced commits since the start', () => counts().commits)
  const refused = new Counter({ name: 'samenpad_refused_upgrades_total', help: 'Websocket upgrades refused', labelNames: ['status'], registers: [registry] })
  const tooMany = new Counter({ name: 'samenpad_refused_requests_total', help: 'Requests refused because one side asked too often', registers: [registry] })
  const bad = new Counter({ name: 'samenpad_bad_frames_total', help: 'Sockets closed for breaking the websocket protocol', registers: [registry] })
  return {
    print: async () => ({ text: await registry.metrics(), type: registry.contentType }),
    countRefusedUpgrade: (status) => refused.inc({ status }),
    countRefusedRequest: () => tooMany.inc(),
    countBadFrame: () => bad.inc(),
  }
}
