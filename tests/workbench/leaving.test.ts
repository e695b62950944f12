// The question before a window is closed: only when something typed is nowhere but in it.
import { describe, expect, test } from 'vitest';
import type { SyncStatus } from '../../client/engine/api.ts';
import { askBeforeLeaving, losesWork } from '../../client/features/sync-status/leaving.ts';

type Counts = Parameters<typeof losesWork>[0];
const kept: Counts = { inMemoryCount: 0, waitingCount: 0, parkedCount: 0, storeFailure: null };

describe('leaving the window', () => {
  test.each<[string, Partial<Counts>]>([
    ['letters that are not on the laptop yet', { inMemoryCount: 1 }],
    ['letters that a full store refuses', { inMemoryCount: 3, storeFailure: 'quota' }],
    ['edits of a store that was lost', { waitingCount: 2, storeFailure: 'lost' }],
    ['edits in the stand-in for a store', { waitingCount: 1, storeFailure: 'unavailable' }],
    ['refused edits in the stand-in for a store', { parkedCount: 1, storeFailure: 'newer-schema' }],
  ])('is asked about with %s', (_name, part) => {
    expect(losesWork({ ...kept, ...part })).toBe(true);
  });

  test.each<[string, Partial<Counts>]>([
    ['everything is at the relay', {}],
    ['a year of edits waits on the laptop', { waitingCount: 5_000 }],
    ['refused edits are kept on the laptop', { parkedCount: 4 }],
    ['a full store keeps what it has', { waitingCount: 7, parkedCount: 1, storeFailure: 'quota' }],
    ['the store is lost and nothing was in it', { storeFailure: 'lost' }],
  ])('is not asked about while %s', (_name, part) => {
    expect(losesWork({ ...kept, ...part })).toBe(false);
  });

  test('asks by what is true at that moment, and no more when it ended', () => {
    const leaving = new EventTarget() as EventTarget & Pick<Window, 'addEventListener' | 'removeEventListener'>;
    let inMemoryCount = 0;
    const asking = askBeforeLeaving(leaving, () => ({ ...kept, inMemoryCount }) as SyncStatus);
    const isAsked = (): boolean => !leaving.dispatchEvent(new Event('beforeunload', { cancelable: true }));
    expect(isAsked()).toBe(false);
    inMemoryCount = 1;
    expect(isAsked()).toBe(true);
    inMemoryCount = 0;
    expect(isAsked()).toBe(false);
    inMemoryCount = 1;
    asking.dispose();
    expect(isAsked()).toBe(false);
  });
});
