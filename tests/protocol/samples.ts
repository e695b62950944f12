/** One message of every kind with distinct values, for the vectors. Additions go at the end; a value that changes changes the vectors. */
import type { DownMessage, UpMessage } from '../../shared/protocol/messages/index.ts'

const id = (byte: string): string => byte.repeat(16)
const hash = Uint8Array.from({ length: 16 }, (_, i) => i)
const person = { user: id('a0'), name: 'verloskundige', job: 'verloskundige', organisation: 'VSV Nieuwe Waterweg', color: 3 }
const wire = {
  seq: 300, prevItemSeq: 299, entry: id('e1'), item: id('17'), part: 'prose', format: 'yjs1', schema: 1, author: id('a0'), writer: id('c0'),
  serverTime: 1_763_700_000_123, clientTime: 1_763_700_000_000, payload: Uint8Array.of(0, 1, 7, 1, 0),
} as const

type Sample<M extends { type: string }> = { [T in M['type']]: Extract<M, { type: T }> }

export const UP_SAMPLES: Sample<UpMessage> = {
  hello: { type: 'hello', protoMin: 1, protoMax: 1, build: '0.1.0', device: id('de'), pendingCount: 2 },
  sub: { type: 'sub', space: id('50'), epoch: id('ee'), cursor: 299, tailHash: hash },
  unsub: { type: 'unsub', space: id('50') },
  push: {
    type: 'push', n: 1, space: id('50'), entry: id('e1'), item: id('17'), part: 'facts', format: 'am1', schema: 2, clientTime: 1_763_700_000_000, writer: id('c0'),
    spans: new Uint8Array(), fragment: 0, fragments: 1, payload: Uint8Array.of(0x85, 0x6f, 0x4a, 0x83),
  },
  fetch: { type: 'fetch', request: 7, space: id('50'), item: id('17'), part: 'act', from: 1, upTo: 0 },
  presence: { type: 'presence', space: id('50'), item: id('17'), open: true, bytes: new TextEncoder().encode('{}') },
  recv: { type: 'recv', space: id('50'), cursor: 300 },
  ping: { type: 'ping', pendingCount: 2, oldestPendingAgeMs: 61_000 },
}

export const DOWN_SAMPLES: Sample<DownMessage> = {
  welcome: { type: 'welcome', proto: 1, serverTime: 1_763_700_000_123, session: id('5e'), who: person, payloadBytesMax: 1_044_480, minBuild: '' },
  scope: { type: 'scope', space: id('50'), role: 'leader', kind: 'municipality', name: 'Schiedam', offlineDaysMax: 14 },
  subbed: { type: 'subbed', space: id('50'), epoch: id('ee'), head: 300, floor: 0, mode: 'resume', commonSeq: 299 },
  entries: { type: 'entries', space: id('50'), epoch: id('ee'), entries: [wire], cursorAfter: 300, tailHashAfter: hash, more: false },
  snapshot: { type: 'snapshot', space: id('50'), item: id('17'), part: 'prose', fromSeq: 1, toSeq: 300, format: 'yjs1', payload: Uint8Array.of(0, 0), last: true },
  sifted: { type: 'sifted', space: id('50'), epoch: id('ee'), cursorBefore: 200, entries: [wire], cursorAfter: 301, tailHashAfter: hash, more: true },
  itemEntries: { type: 'itemEntries', request: 7, space: id('50'), item: id('17'), entries: [wire], more: true },
  ack: { type: 'ack', upToN: 12, serverTime: 1_763_700_000_123 },
  nack: { type: 'nack', n: 13, code: 'gap', retryAfterMs: 1_000, reason: 'clock' },
  epoch: { type: 'epoch', space: id('50'), epoch: id('ef') },
  erased: { type: 'erased', space: id('50'), item: id('17'), mode: 'history', time: 1_763_700_000_123, reason: 'naam van een cliënt', ranges: Uint8Array.of(1, 7, 1, 0, 6) },
  present: { type: 'present', space: id('50'), item: id('17'), session: id('5e'), who: person, open: true, bytes: new TextEncoder().encode('{}') },
  pong: { type: 'pong', serverTime: 1_763_700_000_123 },
}
