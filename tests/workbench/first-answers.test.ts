// The window asks everything at once when it opens, and the engine goes on meanwhile.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createStorage } from '../../client/platform/storage.ts';
import { createWorkspace } from '../../client/workbench/workspace.svelte.ts';
import { createFakeEngine, exampleWorld } from '../support/fake-engine.ts';
import { handClock } from '../support/hand-clock.ts';

beforeEach(() => {
  for (const name of ['document', 'window']) vi.stubGlobal(name, new EventTarget());
});
afterEach(() => void vi.unstubAllGlobals());

test('[10] what the engine tells while the first questions are being answered is not overwritten by their older answers', async () => {
  const clock = handClock();
  const world = exampleWorld(clock.now());
  const fake = createFakeEngine(world, clock.now);
  const { promise: rowsRead, resolve: answerRows } = Promise.withResolvers<void>();
  const engine = { ...fake, rows: async (space?: string) => rowsRead.then(() => fake.rows(space)) };
  fake.outside.goOffline();
  const kept = new Map<string, string>();
  const storage = createStorage({ getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), removeItem: (key) => void kept.delete(key) });
  const workspace = createWorkspace({ engine, identity: { person: world.me, installationAdmin: false }, storage, clock });
  await Promise.resolve();
  // Connected before the rows are read: nothing else will ever say it again.
  fake.outside.goOnline();
  expect(workspace.status.connection).toBe('live');
  answerRows();
  await vi.waitFor(() => expect(workspace.isLoaded).toBe(true));
  expect(workspace.status.connection).toBe('live');
  workspace.dispose();
});

test('the space that is shown has its rows before all others are read', async () => {
  const clock = handClock();
  const world = exampleWorld(clock.now());
  const fake = createFakeEngine(world, clock.now);
  const { promise: allAsked, resolve: askAll } = Promise.withResolvers<void>();
  const { promise: allRead, resolve: answerAll } = Promise.withResolvers<void>();
  const engine = {
    ...fake,
    async rows(space?: string) {
      if (space === undefined) {
        askAll();
        await allRead;
      }
      return fake.rows(space);
    },
  };
  const storage = createStorage({ getItem: () => null, setItem: () => undefined, removeItem: () => undefined });
  const workspace = createWorkspace({ engine, identity: { person: world.me, installationAdmin: false }, storage, clock });
  await allAsked;
  expect(workspace.rows.length).toBeGreaterThan(0);
  expect(new Set(workspace.rows.map(({ space }) => space))).toEqual(new Set([workspace.space?.space]));
  expect(workspace.isLoaded).toBe(false);
  answerAll();
  await vi.waitFor(() => expect(workspace.isLoaded).toBe(true));
  workspace.dispose();
});
