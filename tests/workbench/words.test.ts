// Dates, keys, names and sentences: what people read.
import { beforeEach, describe, expect, test } from 'vitest';
import { daysUntil, dateText, isoDateOf, momentText, timeText, untilTomorrow } from '../../client/platform/dates.ts';
import { isHeard, keyText, type KeyWorld } from '../../client/platform/keys.ts';
import { en } from '../../client/platform/text/en/index.ts';
import { nl } from '../../client/platform/text/nl/index.ts';
import { setLanguage } from '../../client/platform/text/text.svelte.ts';
import { ANNOUNCE_MS, createAnnouncer } from '../../client/workbench/announcer.ts';
import { matchScore, matches, wordsOf } from '../../client/workbench/matching.ts';
import { spaceInitial } from '../../client/workbench/spaces.ts';
import { handClock } from '../support/hand-clock.ts';

beforeEach(() => setLanguage('nl'));

describe('dates', () => {
  test('are written as the look says', async () => {
    expect(dateText('2027-03-01')).toBe('1 maart 2027');
    await setLanguage('en');
    expect(dateText('2027-03-01')).toBe('1 March 2027');
  });

  test('times have a dot in Dutch and are of Amsterdam', () => {
    expect(timeText(Date.UTC(2026, 10, 21, 13, 20))).toBe('14.20');
    expect(timeText(Date.UTC(2026, 6, 1, 22, 5))).toBe('00.05');
    expect(isoDateOf(Date.UTC(2026, 6, 1, 22, 5))).toBe('2026-07-02');
  });

  test('the day changes at midnight in Amsterdam, also when the clock is set back', () => {
    for (const now of [Date.UTC(2026, 10, 21, 22, 30), Date.UTC(2026, 9, 24, 22, 30), Date.UTC(2026, 2, 28, 23, 30)]) {
      const wait = untilTomorrow(now);
      expect(isoDateOf(now + wait)).not.toBe(isoDateOf(now));
      expect(isoDateOf(now + wait - 2000)).toBe(isoDateOf(now));
    }
  });

  test('a moment is said from where today is', () => {
    const words = { today: 'vandaag', yesterday: 'gisteren' };
    const noon = (day: number): number => Date.UTC(2026, 10, day, 11);
    expect(momentText(noon(21), '2026-11-21', words)).toBe('vandaag 12.00');
    expect(momentText(noon(20), '2026-11-21', words)).toBe('gisteren');
    expect(momentText(noon(19), '2026-11-21', words)).toBe('donderdag');
    expect(momentText(noon(1), '2026-11-21', words)).toBe('1 november 2026');
  });

  test('what is no date is never counted with', () => {
    expect(daysUntil('2026-11-21', '')).toBeNull();
    expect(daysUntil('2026-11-21', '2026-02-31x')).toBeNull();
    expect(daysUntil('2026-11-21', '2026-11-18')).toBe(-3);
  });
});

describe('keys', () => {
  const tab: KeyWorld = { isMac: false, isFirefox: false, isInstalled: false };

  test('only those that this browser hears are shown', () => {
    expect(isHeard('$mod+w', tab)).toBe(false);
    expect(isHeard('$mod+w', { ...tab, isInstalled: true })).toBe(true);
    expect(isHeard('$mod+Shift+p', { ...tab, isFirefox: true })).toBe(false);
    expect(isHeard('F1', tab)).toBe(true);
  });

  test('are written for the machine they are on', () => {
    expect(keyText('$mod+Shift+p', tab)).toBe('Ctrl Shift P');
    expect(keyText('$mod+Backslash', tab)).toBe('Ctrl \\');
    expect(keyText('$mod+Digit1', tab)).toBe('Ctrl 1');
    expect(keyText('$mod+Shift+p', { ...tab, isMac: true })).toBe('⌘ ⇧ P');
  });
});

describe('narrowing', () => {
  test('finds without capitals and accents, and every word must be there', () => {
    expect(matches('Cliëntondersteuner', 'client')).toBe(true);
    expect(matches('Schulden en geldzorgen', 'geld schul')).toBe(true);
    expect(matches('Schulden en geldzorgen', 'geld wonen')).toBe(false);
    expect(matches('Schulden', '  ')).toBe(true);
  });

  test('the start of the text goes before the start of a word, and that before the middle', () => {
    const words = wordsOf('leg');
    expect(matchScore('Leg voor', words)).toBeGreaterThan(matchScore('Nu leg voor', words));
    expect(matchScore('Nu leg voor', words)).toBeGreaterThan(matchScore('Overleg', words));
  });
});

test('[X6] what others do is announced at most once in ten seconds, and then the latest', () => {
  const clock = handClock();
  const spoken: string[] = [];
  const announcer = createAnnouncer(clock, (text) => spoken.push(text));
  announcer.say('een');
  for (let turn = 0; turn < 30; turn++) {
    clock.turn(300);
    announcer.say(`twee ${turn}`);
  }
  expect(spoken).toEqual(['een']);
  clock.turn(ANNOUNCE_MS);
  expect(spoken).toEqual(['een', 'twee 29']);
  clock.turn(3 * ANNOUNCE_MS);
  expect(spoken).toHaveLength(2);
});

test('a space is drawn by its first letter, article aside', () => {
  expect(spaceInitial("'s-Gravenhage")).toBe('G');
  expect(spaceInitial('schiedam')).toBe('S');
  expect(spaceInitial('')).toBe('·');
});

test('no sentence of either language is empty, and English is not a copy of the Dutch', () => {
  const leaves = (value: unknown, path: string): [string, string][] => {
    if (typeof value === 'string') return [[path, value]];
    if (typeof value === 'function') return [[path, 'a sentence with something in it']]; // both have the same arguments by type
    return Object.entries(value as object).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
  };
  const dutch = new Map(leaves(nl, 't'));
  const english = new Map(leaves(en, 't'));
  expect([...english.keys()].sort()).toEqual([...dutch.keys()].sort());
  expect([...dutch, ...english].filter(([, text]) => text.trim() === '')).toEqual([]);
  const long = [...dutch].filter(([, text]) => text.split(' ').length > 4 && text !== 'a sentence with something in it');
  expect(long.filter(([path, text]) => english.get(path) === text)).toEqual([]);
});
