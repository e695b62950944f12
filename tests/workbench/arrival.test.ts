// Making something out of what was there before, while the space is still coming in.
import { beforeEach, describe, expect, it } from 'vitest';
import type { SpaceView, SyncStatus } from '../../client/engine/api.ts';
import { rowsOnceHere } from '../../client/workbench/arrival.ts';
import type { ItemRow } from '../../shared/model/rows.ts';
import { handClock, type HandClock } from '../support/hand-clock.ts';

const SPACE = 'a'.repeat(32);

let clock: HandClock;
let waits: number;
let workspace: { status: SyncStatus; spaces: readonly SpaceView[] };

beforeEach(() => {
  clock = handClock();
  waits = 0;
});
function show(connection: SyncStatus['connection'], behindCount: number, hasLog?: boolean): void {
  const space: SpaceView = { space: SPACE, kind: 'municipality', name: 'Schiedam', role: 'leader', ...(hasLog === undefined ? {} : { hasLog }) };
  workspace = { status: { connection, behindCount } as SyncStatus, spaces: [space] };
}

/** A call, and a question to it: whether it is over after the clock went on by so much. */
function ask(drawnUp: Promise<ItemRow[]> = Promise.resolve([])): { isOver(ms: number): Promise<boolean>; rows: Promise<ItemRow[]> } {
  let isOver = false;
  const shown = { get status() { return workspace.status; }, get spaces() { return workspace.spaces; } };
  const rows = rowsOnceHere({ engine: { freshRows: () => drawnUp }, clock, workspace: shown }, SPACE, () => waits++);
  void rows.then(() => (isOver = true));
  return {
    rows,
    async isOver(ms) {
      clock.turn(ms);
      await new Promise((resolve) => setImmediate(resolve));
      return isOver;
    },
  };
}

describe('a space that is coming in', () => {
  it('is waited for from before the first word of it until all of it is here', async () => {
    show('connecting', 0);
    const { isOver } = ask();
    expect(await isOver(1000)).toBe(false);
    show('live', 0);
    expect(await isOver(1000)).toBe(false);
    show('live', 40, true);
    expect(await isOver(1000)).toBe(false);
    expect(waits).toBe(1);
    show('live', 0, true);
    expect(await isOver(300)).toBe(true);
  });

  it('is waited for until its rows are drawn up, and what is gone is left out', async () => {
    show('live', 0, true);
    const { promise, resolve } = Promise.withResolvers<ItemRow[]>();
    const { isOver, rows } = ask(promise);
    expect(await isOver(1000)).toBe(false);
    expect(waits).toBe(1);
    resolve([{ item: 'here', gone: false }, { item: 'gone', gone: true }] as ItemRow[]);
    expect((await rows).map(({ item }) => item)).toEqual(['here']);
  });

  it('is no longer waited for when the connection goes', async () => {
    show('connecting', 0);
    const { isOver } = ask();
    expect(await isOver(200)).toBe(false);
    show('offline', 0);
    expect(await isOver(200)).toBe(true);
    expect(waits).toBe(0);
  });

  it('is not waited for longer than somebody has patience', async () => {
    show('live', 1, true);
    expect(await ask().isOver(60_000)).toBe(true);
  });
});

describe('a space that is here is used at once', () => {
  it.each<[string, SyncStatus['connection'], boolean]>([
    ['connected', 'live', true],
    ['connected, with nothing in it', 'live', false],
    ['looking for a connection', 'connecting', true],
    ['without a connection', 'offline', true],
  ])('%s', async (_when, connection, hasLog) => {
    show(connection, 0, hasLog);
    expect(await ask().isOver(0)).toBe(true);
    clock.turn(10_000);
    expect(waits).toBe(0);
  });
});
