// What a scraper reads: our own counts under the names that boards are made of, the process under the names that everybody uses, in the text format to the byte.
import { readdirSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import type { Relay } from '../relay/api.ts'
import { createMetrics, metricText, type Metrics } from './metrics.ts'

const COUNTS: ReturnType<Relay['counts']> = { connections: 3, subscriptions: 7, queuedEntries: 2, queuedBytes: 2_048, committedEntries: 91, commits: 14 }
let metrics: Metrics
afterEach(() => metrics.dispose())

const someTurns = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50))
function standStill(): void {
  const end = performance.now() + 120
  while (performance.now() < end);
}

/** By name with label; and the lines as they came. */
async function scrape(): Promise<{ values: Map<string, number>; lines: string[]; type: string }> {
  const { text, type } = await metrics.print()
  expect(text.endsWith('\n')).toBe(true)
  const lines = text.slice(0, -1).split('\n')
  return { lines, type, values: new Map(lines.filter((line) => !line.startsWith('#')).map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))])) }
}

test('our own counts have the names, the help and the kinds they always had, and count on', async () => {
  metrics = createMetrics(() => COUNTS, () => 5)
  const own = ({ lines }: { lines: string[] }): string[] => lines.filter((line) => line.includes('samenpad_'))
  expect(own(await scrape())).toEqual([
    '# HELP samenpad_sockets Open websockets, all doors', '# TYPE samenpad_sockets gauge', 'samenpad_sockets 5',
    '# HELP samenpad_connections Connections that speak the sync protocol', '# TYPE samenpad_connections gauge', 'samenpad_connections 3',
    '# HELP samenpad_subscriptions Spaces followed, over all connections', '# TYPE samenpad_subscriptions gauge', 'samenpad_subscriptions 7',
    '# HELP samenpad_queued_entries Entries waiting for the writer', '# TYPE samenpad_queued_entries gauge', 'samenpad_queued_entries 2',
    '# HELP samenpad_queued_bytes Bytes waiting for the writer', '# TYPE samenpad_queued_bytes gauge', 'samenpad_queued_bytes 2048',
    '# HELP samenpad_committed_entries Entries committed since the start', '# TYPE samenpad_committed_entries gauge', 'samenpad_committed_entries 91',
    '# HELP samenpad_commits Synced commits since the start', '# TYPE samenpad_commits gauge', 'samenpad_commits 14',
    '# HELP samenpad_refused_upgrades_total Websocket upgrades refused', '# TYPE samenpad_refused_upgrades_total counter',
    '# HELP samenpad_refused_requests_total Requests refused because one side asked too often', '# TYPE samenpad_refused_requests_total counter', 'samenpad_refused_requests_total 0',
    '# HELP samenpad_bad_frames_total Sockets closed for breaking the websocket protocol', '# TYPE samenpad_bad_frames_total counter', 'samenpad_bad_frames_total 0',
  ])
  for (const status of [403, 401, 403]) metrics.countRefusedUpgrade(status)
  for (let i = 0; i < 4; i++) metrics.countRefusedRequest()
  metrics.countBadFrame()
  const { values, lines, type } = await scrape()
  expect(['samenpad_refused_upgrades_total{status="403"}', 'samenpad_refused_upgrades_total{status="401"}', 'samenpad_refused_requests_total', 'samenpad_bad_frames_total'].map((name) => values.get(name))).toEqual([2, 1, 4, 1])
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8')
  // Every metric says first what it is, once.
  for (const name of values.keys()) expect(lines.filter((line) => line.startsWith(`# TYPE ${name.replace(/\{.*/, '')} `))).toHaveLength(1)
})

test('of the process: its processor, memory, files and how long its turns take, in seconds and bytes', async () => {
  metrics = createMetrics(() => COUNTS, () => 0)
  await scrape()
  const before = process.cpuUsage()
  await someTurns()
  standStill()
  await someTurns() // what comes late is counted when it came
  const { values } = await scrape()
  const of = (name: string): number => values.get(name) ?? Number.NaN
  expect(of('process_cpu_seconds_total')).toBeGreaterThanOrEqual((before.user + before.system) / 1e6)
  expect(of('process_cpu_seconds_total')).toBeLessThanOrEqual((process.cpuUsage().user + process.cpuUsage().system) / 1e6)
  expect(of('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0.05)
  expect(of('process_resident_memory_bytes')).toBeGreaterThan(of('nodejs_heap_size_used_bytes'))
  expect(of('nodejs_heap_size_used_bytes')).toBeGreaterThan(1_000_000)
  expect(new Date(of('process_start_time_seconds') * 1_000).getUTCFullYear()).toBe(new Date().getUTCFullYear())
  if (process.platform === 'linux') expect(Math.abs(of('process_open_fds') - readdirSync('/proc/self/fd').length)).toBeLessThan(10)
  metrics.dispose()
  // Nobody measures any more: what comes late now is not seen.
  await scrape()
  await someTurns()
  standStill()
  await someTurns()
  expect((await scrape()).values.get('nodejs_eventloop_lag_p99_seconds')).toBeLessThan(0.05)
})

test('what would end a line or a label is written out', () => {
  metrics = createMetrics(() => COUNTS, () => 0)
  expect(metricText('counter', 'x_total', 'a\\b\nc "d"', { label: 'why', values: new Map([['een "twee"\\\ndrie', 2], ['plain', 1]]) }))
    .toBe('# HELP x_total a\\\\b\\nc "d"\n# TYPE x_total counter\nx_total{why="een \\"twee\\"\\\\\\ndrie"} 2\nx_total{why="plain"} 1\n')
})
