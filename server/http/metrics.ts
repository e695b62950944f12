/**
 * Counts for whoever runs the relay, in the text format of Prometheus (0.0.4); no name, id or title is ever a label. Of the process itself only what tells why
 * a relay is slow or about to end: under the names that Prometheus clients give it, so that boards made for other services show it.
 */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Disposable } from '../../shared/base/dispose.ts'
import type { Relay } from '../relay/api.ts'

export interface Metrics extends Disposable {
  print(): Promise<{ text: string; type: string }>
  countRefusedUpgrade(status: number): void
  countRefusedRequest(): void
  countBadFrame(): void
}

/** What one metric says now: a number, or one for each value of its label. */
type Reading = number | { label: string; values: ReadonlyMap<string, number> }

const TYPE = 'text/plain; version=0.0.4; charset=utf-8'
/** A listing of what this process holds open, the listing itself among it; not every system has one. */
const OPEN_FILES = '/proc/self/fd'
/** Of the timer whose turns are measured: what is told is this long when nothing is late. */
const TURN_MS = 10
const NS_PER_S = 1e9
const US_PER_S = 1e6

export function createMetrics(counts: Relay['counts'], openSockets: () => number): Metrics {
  const hasOpenFiles = existsSync(OPEN_FILES)
  const delay = monitorEventLoopDelay({ resolution: TURN_MS })
  delay.enable()
  const refusedUpgrades = new Map<string, number>()
  let [refusedRequests, badFrames] = [0, 0]

  /** Of a hundred turns since it was asked last, all but one took no longer. */
  function lagSeconds(): number {
    const seconds = delay.percentile(99) / NS_PER_S
    delay.reset()
    return seconds
  }

  return {
    async print() {
      const relay = counts()
      const { user, system } = process.cpuUsage()
      const { rss, heapUsed } = process.memoryUsage()
      const text = [
        gauge('samenpad_sockets', 'Open websockets, all doors', openSockets()),
        gauge('samenpad_connections', 'Connections that speak the sync protocol', relay.connections),
        gauge('samenpad_subscriptions', 'Spaces followed, over all connections', relay.subscriptions),
        gauge('samenpad_queued_entries', 'Entries waiting for the writer', relay.queuedEntries),
        gauge('samenpad_queued_bytes', 'Bytes waiting for the writer', relay.queuedBytes),
        gauge('samenpad_committed_entries', 'Entries committed since the start', relay.committedEntries),
        gauge('samenpad_commits', 'Synced commits since the start', relay.commits),
        counter('samenpad_refused_upgrades_total', 'Websocket upgrades refused', { label: 'status', values: refusedUpgrades }),
        counter('samenpad_refused_requests_total', 'Requests refused because one side asked too often', refusedRequests),
        counter('samenpad_bad_frames_total', 'Sockets closed for breaking the websocket protocol', badFrames),
        counter('process_cpu_seconds_total', 'CPU time of the process, all threads', (user + system) / US_PER_S),
        gauge('process_resident_memory_bytes', 'Memory of the process that is in RAM', rss),
        gauge('process_start_time_seconds', 'When the process began, in seconds since 1970', performance.timeOrigin / 1_000),
        ...(hasOpenFiles ? [gauge('process_open_fds', 'Open files and sockets', (await readdir(OPEN_FILES)).length - 1)] : []),
        gauge('nodejs_heap_size_used_bytes', 'Heap in use by the main thread', heapUsed),
        gauge('nodejs_eventloop_lag_p99_seconds', `Time between two turns of a timer of ${TURN_MS} ms on the main thread, all but the slowest hundredth of them, since it was asked last`, lagSeconds()),
      ].join('')
      return { text, type: TYPE }
    },
    countRefusedUpgrade: (status) => void refusedUpgrades.set(String(status), (refusedUpgrades.get(String(status)) ?? 0) + 1),
    countRefusedRequest: () => void refusedRequests++,
    countBadFrame: () => void badFrames++,
    dispose: () => void delay.disable(),
  }
}

const gauge = (name: string, help: string, reading: Reading): string => metricText('gauge', name, help, reading)
const counter = (name: string, help: string, reading: Reading): string => metricText('counter', name, help, reading)

/** One metric, as a scraper reads it: help, type, and a line for each value. */
export function metricText(type: 'gauge' | 'counter', name: string, help: string, reading: Reading): string {
  const lines = typeof reading === 'number'
    ? [`${name} ${reading}\n`]
    : [...reading.values].map(([value, count]) => `${name}{${reading.label}="${escaped(value).replaceAll('"', '\\"')}"} ${count}\n`)
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

/** A line holds one value: what would end it is written out. */
const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
