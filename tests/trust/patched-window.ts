/**
 * A relay that serves the built window with one thing changed: before the engine's worker begins, IndexedDB in it is taken hold of, so that a trial can
 * see every transaction that writes, stop the world inside the n-th one, or break the connection under an open document. The relay runs in this
 * process here, because the one that people start serves its own window.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { DIST, startRelay, type Running } from '../../server/assemble.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { plainConfig } from '../support/plain-config.ts'
import { must } from '../../shared/base/assert.ts'
import type { World } from './browser-world.ts'

export interface Orders {
  /** The how-manieth transaction that writes, counted from the start of the worker. */
  crashAt?: number
  /**
   * `begin`: it was opened and nothing asked of it; `middle`: some of its requests are made; `end`: it is on the disk and nobody heard of it;
   * `abort`: it is aborted after its first request and life goes on.
   */
  how?: 'begin' | 'middle' | 'end' | 'abort'
}

/** Before the worker's own code. What is told goes by way of the page. */
const TAKE_HOLD = `{
  const orders = JSON.parse(self.name.split('|')[1] ?? '{}');
  const tell = (message) => self.postMessage({ type: 'trial', ...message });
  const opened = new Set();
  let writes = 0, doomed = null, requests = 0, isLost = false;
  const standStill = (n) => { tell({ what: 'crash', n }); const end = Date.now() + 20000; while (Date.now() < end); };
  const begin = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (stores, mode = 'readonly', options) {
    opened.add(this);
    if (isLost) throw new DOMException('Connection to Indexed Database server lost. Refresh the page to try again', 'UnknownError');
    const transaction = begin.call(this, stores, mode, options);
    if (mode !== 'readwrite' || this.name === 'fresh-log') return transaction; // what the store is made of
    const n = ++writes;
    tell({ what: 'transaction', n, durability: transaction.durability, stores: [...transaction.objectStoreNames] });
    if (n !== orders.crashAt) return transaction;
    if (orders.how === 'begin') standStill(n);
    else if (orders.how === 'end') transaction.addEventListener('complete', () => standStill(n));
    else doomed = transaction;
    return transaction;
  };
  for (const name of ['put', 'add']) {
    const ask = IDBObjectStore.prototype[name];
    IDBObjectStore.prototype[name] = function (...given) {
      const request = ask.apply(this, given);
      if (this.transaction !== doomed) return request;
      requests++;
      if (orders.how === 'abort') { doomed = null; this.transaction.abort(); }
      else if (requests === 2) standStill(orders.crashAt);
      return request;
    };
  }
  new BroadcastChannel('trial').onmessage = ({ data }) => {
    if (data.what === 'close') for (const db of opened) { db.close(); db.dispatchEvent(new Event('close')); }
    if (data.what === 'lost') { isLost = true; setTimeout(() => { isLost = false; }, data.ms); }
  };
}
`

/** Runs in the page: the orders go along in the worker's name. */
export const withOrders = (orders: Orders): string => `
  globalThis.Worker = class extends Worker {
    constructor(address, options) {
      super(address, { ...options, name: (options?.name ?? '') + '|' + ${JSON.stringify(JSON.stringify(orders))} });
      this.addEventListener('message', ({ data }) => { if (data?.type === 'trial') globalThis.samenpadHears?.(data); });
    }
  };`

export function patchedRelay(data: string, folder: string): World['relay'] {
  const dist = join(folder, 'dist')
  cpSync(DIST, dist, { recursive: true })
  const worker = must(readdirSync(join(dist, 'assets')).find((name) => /^engine\.worker-.*\.js$/.test(name)), 'the built worker')
  for (const packed of ['.br', '.gz']) rmSync(join(dist, 'assets', worker + packed), { force: true })
  writeFileSync(join(dist, 'assets', worker), TAKE_HOLD + readFileSync(join(dist, 'assets', worker), 'utf8'))
  return relayWithWindow(data, dist)
}

/** In: the folder of the window, which may change while it runs. */
export function relayWithWindow(data: string, dist: string): World['relay'] {
  let running: Running | null = null
  let port = 0
  return {
    get port() {
      return port
    },
    async start() {
      const began = performance.now()
      const started = await startRelay(plainConfig({ port, data }), { clock: systemClock, dice: systemDice, log: pino({ level: 'silent' }), version: 'trial', dist })
      if (!started.ok) throw new Error(`the relay did not start: ${started.failure.kind}`)
      running = started.value
      port = Number(new URL(running.address).port)
      return performance.now() - began
    },
    async kill() {
      await running?.close()
      running = null
    },
  }
}
