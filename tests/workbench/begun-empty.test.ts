// A browser that begins empty: what can be said of what was in it before, and that it is said once.
import { describe, expect, test } from 'vitest';
import { lostWith } from '../../client/features/sync-status/begun-empty.ts';
import { noteIfEmpty, takeBegunEmpty } from '../../client/platform/begun-empty.ts';
import type { Device } from '../../client/platform/http.ts';
import { createStorage } from '../../client/platform/storage.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const MINUTE = 60_000;
const device = (part: Partial<Device>): Device => ({ id: '1', device: 'Chrome · Windows', begunAt: NOW, seenAt: NOW, isThis: false, ...part });
const USER = 'a'.repeat(32);
const holding = (...names: string[]) => ({ databases: () => Promise.resolve(names.map((name) => ({ name, version: 10 }))) });
function storage() {
  const kept = new Map<string, string>();
  return createStorage({ getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), removeItem: (key) => void kept.delete(key) });
}

describe('[O6] a browser that begins empty', () => {
  test('was wiped when its sign-in is older than signing in takes', () => {
    expect(lostWith([device({ isThis: true, begunAt: NOW - 3 * MINUTE }), device({ id: '2' })], NOW)).toEqual({ kind: 'here', since: NOW - 3 * MINUTE });
  });

  test('and signed in this moment may be another laptop: the one seen last is named', () => {
    const all = [device({ isThis: true }), device({ id: '2', seenAt: NOW - 9 * MINUTE }), device({ id: '3', device: 'Firefox · Linux', seenAt: NOW - 2 * MINUTE })];
    expect(lostWith(all, NOW)).toEqual({ kind: 'elsewhere', device: 'Firefox · Linux', seenAt: NOW - 2 * MINUTE });
  });

  test('of somebody who was nowhere before has lost nothing, and neither has one under a clock that runs behind', () => {
    expect(lostWith([device({ isThis: true })], NOW)).toBeNull();
    expect(lostWith([device({ isThis: true, begunAt: NOW + 60 * MINUTE })], NOW)).toBeNull();
  });

  test('is remembered over the load after signing in, once, and only where nothing of that person is kept', async () => {
    const kept = storage();
    await noteIfEmpty(kept, USER, holding(`samenpad-${'b'.repeat(32)}`));
    expect([takeBegunEmpty(kept), takeBegunEmpty(kept)]).toEqual([true, false]);
    await noteIfEmpty(kept, USER, holding(`samenpad-${USER}`));
    expect(takeBegunEmpty(kept)).toBe(false);
    await noteIfEmpty(kept, USER, { databases: () => Promise.reject(new Error('private mode')) });
    expect(takeBegunEmpty(kept)).toBe(false);
  });
});
