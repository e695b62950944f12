// The sentence of the status bar: a function of what is stored, never better than that (invariant 10).
import { beforeEach, describe, expect, test } from 'vitest';
import type { SyncStatus } from '../../client/engine/api.ts';
import { createHeldStatus } from '../../client/features/sync-status/held-status.svelte.ts';
import { HOLD_MS } from '../../client/workbench/held-items.ts';
import { sentenceOf, waitingBeside } from '../../client/features/sync-status/sentence.ts';
import { sentenceText } from '../../client/features/sync-status/words.ts';
import { setLanguage } from '../../client/platform/text/text.svelte.ts';
import { handClock } from '../support/hand-clock.ts';

beforeEach(() => setLanguage('nl'));

const status = (part: Partial<SyncStatus>): SyncStatus => ({
  state: 'relay', inMemoryCount: 0, waitingCount: 0, parkedCount: 0, waitingItems: [], connection: 'live', blockedBy: null, behindCount: 0, storeFailure: null, follower: false, isDetour: false, ...part,
});

describe('[10] the sentence', () => {
  test.each<[string, Partial<SyncStatus>]>([
    ['Alles opgeslagen bij het knooppunt', { state: 'relay' }],
    ['1 wijziging alleen op deze laptop', { state: 'local', waitingCount: 1 }],
    ['3 wijzigingen alleen op deze laptop', { state: 'local', waitingCount: 2, inMemoryCount: 1 }],
    ['Bezig met opslaan op deze laptop', { state: 'pending', inMemoryCount: 1 }],
    ['Offline — je kunt doorwerken', { state: 'offline', connection: 'offline', waitingCount: 3 }],
    ['2 wijzigingen geweigerd — bekijk', { state: 'refused', parkedCount: 2 }],
    ['Bezig met controleren bij het knooppunt', { state: 'rechecking' }],
    ['Bezig met bijwerken, nog 1.020', { state: 'relay', behindCount: 1020 }],
    ['Je bent uitgelogd — log opnieuw in', { state: 'offline', connection: 'blocked', blockedBy: 'signedOut' }],
    ['Deze versie is te oud — herlaad', { state: 'offline', connection: 'blocked', blockedBy: 'upgrade' }],
    ['Het knooppunt laat deze laptop niet toe', { state: 'offline', connection: 'blocked', blockedBy: 'forbidden' }],
    ['Deze laptop slaat niets meer op — bewaar je werk', { state: 'pending', storeFailure: 'quota' }],
  ])('%s', (text, part) => {
    expect(sentenceText(sentenceOf(status(part)))).toBe(text);
  });

  test('says that everything is at the relay only when nothing waits, nothing is refused and the store takes edits', () => {
    const states = ['pending', 'local', 'offline', 'refused', 'rechecking'] as const;
    for (const state of states) expect(sentenceOf(status({ state, waitingCount: 1, parkedCount: 1 })).kind).not.toBe('relay');
    expect(sentenceOf(status({ state: 'relay', storeFailure: 'lost' })).kind).not.toBe('relay');
  });

  test.each<[string, Partial<SyncStatus>]>([
    ['offline', { state: 'offline', connection: 'offline' }],
    ['signed out', { state: 'offline', connection: 'blocked', blockedBy: 'signedOut' }],
    ['too old', { state: 'offline', connection: 'blocked', blockedBy: 'upgrade' }],
    ['refused', { state: 'refused', parkedCount: 1 }],
    ['checking', { state: 'rechecking' }],
    ['a store that is full', { state: 'pending', storeFailure: 'quota' }],
  ])('the number of edits that are only here is said beside what hides it: %s', (_name, part) => {
    expect(waitingBeside(status({ ...part, waitingCount: 4, inMemoryCount: 1 }))).toBe(5);
    expect(waitingBeside(status(part))).toBe(0);
  });

  test('a refused edit is not hidden by being offline or signed out', () => {
    expect(sentenceOf(status({ state: 'refused', parkedCount: 1, connection: 'blocked', blockedBy: 'signedOut' })).kind).toBe('refused');
  });
});

describe('[10] shown without flicker', () => {
  test('worse news at once, better news when it holds', () => {
    const clock = handClock();
    const held = createHeldStatus(clock, status({ state: 'relay' }));
    held.hear(status({ state: 'local', waitingCount: 1 }));
    expect(held.now.state).toBe('local');
    held.hear(status({ state: 'relay' }));
    expect(held.now.state).toBe('local');
    held.hear(status({ state: 'pending', inMemoryCount: 1 }));
    expect(held.now.state).toBe('pending');
    clock.turn(HOLD_MS);
    expect(held.now.state).toBe('pending');
    held.hear(status({ state: 'local', waitingCount: 1 }));
    held.hear(status({ state: 'relay' }));
    clock.turn(HOLD_MS);
    expect(held.now.state).toBe('relay');
  });

  test('is never better than what was last heard, whatever comes in which order', () => {
    const clock = handClock();
    const order = ['pending', 'refused', 'rechecking', 'offline', 'local', 'relay'] as const;
    const held = createHeldStatus(clock, status({}));
    let seed = 5;
    for (let turn = 0; turn < 2000; turn++) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      const state = order[seed % order.length]!;
      held.hear(status({ state }));
      expect(order.indexOf(held.now.state)).toBeLessThanOrEqual(order.indexOf(state));
      if (seed % 7 === 0) clock.turn(HOLD_MS / 2);
      if (seed % 7 === 0 && held.now.state !== state) expect(order.indexOf(held.now.state)).toBeLessThanOrEqual(order.indexOf(state));
    }
  });
});
