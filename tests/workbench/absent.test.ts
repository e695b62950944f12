// Why a document is not here: what this window knew of it is told, except of a space that is closed.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Disposable } from '../../shared/base/dispose.ts';
import { absentOf } from '../../client/workbench/absent.ts';
import type { Workspace } from '../../client/workbench/services.ts';
import { createStorage } from '../../client/platform/storage.ts';
import { createWorkspace } from '../../client/workbench/workspace.svelte.ts';
import { createFakeEngine, exampleWorld, type FakeEngine } from '../support/fake-engine.ts';
import { handClock } from '../support/hand-clock.ts';

let engine: FakeEngine;
let workspace: Workspace & Disposable;
let item: string;
const clock = handClock();
/** Rows of these are not given any more, as by an engine that let go of them. */
const letGo = new Set<string>();

beforeEach(async () => {
  for (const name of ['document', 'window']) vi.stubGlobal(name, new EventTarget());
  letGo.clear();
  const world = exampleWorld(clock.now());
  const fake = createFakeEngine(world, clock.now);
  engine = { ...fake, rows: async (space) => (await fake.rows(space)).filter((row) => !letGo.has(row.item)) };
  const schiedam = world.spaces.find((one) => one.name === 'Schiedam')!.space;
  item = world.items.find((one) => one.space === schiedam && one.registers['title'] === 'Roken en meeroken')!.item;
  const storage = createStorage({ getItem: () => null, setItem: () => undefined, removeItem: () => undefined });
  workspace = createWorkspace({ engine, identity: { person: world.me, installationAdmin: false }, storage, clock });
  expect(absentOf(workspace, item)).toEqual({ kind: 'loading' });
  await vi.waitFor(() => expect(workspace.isLoaded).toBe(true));
  expect(absentOf(workspace, item)).toBeNull();
});
afterEach(() => {
  workspace.dispose();
  vi.unstubAllGlobals();
});

const space = () => engine.world.spaces.find((one) => one.name === 'Schiedam')!;
/** The window reads rows again a moment later, and by questions that are answered in between. */
async function pass(): Promise<void> {
  for (let at = 0; at < 8; at++) {
    clock.turn(1_000);
    await new Promise(setImmediate);
  }
}
async function reread(): Promise<void> {
  engine.outside.editAs(engine.world.people[1]!, engine.world.items.find((one) => one.space === space().space && one.item !== item)!.item, [{ op: 'set', path: 'owner', value: String(clock.now()) }]);
  await pass();
}

test('of a space whose right was lost, also once the engine let go of everything', async () => {
  space().role = null;
  engine.outside.tellSpaces();
  expect(absentOf(workspace, item)).toMatchObject({ kind: 'lost', row: { title: 'Roken en meeroken' }, space: { name: 'Schiedam' } });
  for (const one of engine.world.items) letGo.add(one.item);
  await reread();
  expect(absentOf(workspace, item)).toMatchObject({ kind: 'lost', row: { title: 'Roken en meeroken' } });
  // The right came back, and with it the document.
  letGo.clear();
  space().role = 'member';
  engine.outside.tellSpaces();
  await reread();
  expect(absentOf(workspace, item)).toBeNull();
});

test('taken away by somebody, and erased', async () => {
  engine.outside.editAs(engine.world.people[1]!, item, [{ op: 'set', path: 'gone', value: true }]);
  await pass();
  expect(absentOf(workspace, item)).toMatchObject({ kind: 'removed', row: { title: 'Roken en meeroken' } });
  letGo.add(item);
  engine.world.items.find((one) => one.item === item)!.registers['gone'] = false;
  await reread();
  expect(absentOf(workspace, item)).toMatchObject({ row: { title: 'Roken en meeroken' } });
});

test('what was here and was erased is not on its way, whatever the connection does', async () => {
  letGo.add(item);
  await reread();
  for (const behindCount of [0, 3]) {
    engine.outside.setStatus({ behindCount });
    expect(absentOf(workspace, item)).toMatchObject({ kind: 'withheld', row: { title: 'Roken en meeroken' } });
  }
  engine.outside.goOffline();
  expect(absentOf(workspace, item)).toMatchObject({ kind: 'withheld', row: { title: 'Roken en meeroken' } });
});

test('of a closed space nothing is told, not even a title', async () => {
  space().offline = { daysMax: 3, state: 'closed', hoursLeft: null, closesAt: clock.now() };
  engine.outside.tellSpaces();
  expect(workspace.formerRow(item)).toBeNull();
  for (const one of engine.world.items) letGo.add(one.item);
  await reread();
  expect(workspace.formerRow(item)).toBeNull();
  expect(JSON.stringify(absentOf(workspace, item))).not.toContain('Roken');
  // Open again, and what the engine let go of in between is on its way; nothing of it was withheld.
  delete space().offline;
  engine.outside.tellSpaces();
  engine.outside.setStatus({ behindCount: 3 });
  expect(absentOf(workspace, item)).toEqual({ kind: 'coming' });
});

test('what was never here is on its way until the relay said all it has', async () => {
  const unknown = 'f'.repeat(32);
  expect(absentOf(workspace, unknown)).toEqual({ kind: 'withheld', row: null });
  // Connected, and there is more to come.
  engine.outside.setStatus({ behindCount: 3 });
  expect(absentOf(workspace, unknown)).toEqual({ kind: 'coming' });
  engine.outside.setStatus({});
  expect(absentOf(workspace, unknown)).toEqual({ kind: 'withheld', row: null });
  engine.outside.goOffline();
  expect(absentOf(workspace, unknown)).toEqual({ kind: 'coming' });
});
