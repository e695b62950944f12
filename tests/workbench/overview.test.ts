// What the overview, quick open and the account form make of their rows and fields.
import { describe, expect, test } from 'vitest';
import { findRows, SHOWN_COUNT_MAX } from '../../client/features/quick-open/candidates.ts';
import { wrongIn } from '../../client/features/welcome/account.ts';
import { myActions, newsSince, toReview } from '../../client/features/welcome/overview.ts';
import { piecesOf } from '../../client/workbench/marked.ts';
import type { Person } from '../../shared/model/people.ts';
import type { ItemRow } from '../../shared/model/rows.ts';
import { createFakeEngine, exampleWorld } from '../support/fake-engine.ts';

const NOW = Date.UTC(2026, 10, 21, 9);
const TODAY = '2026-11-21';
async function world(extraCount = 0): Promise<{ rows: ItemRow[]; me: Person; names: Map<string, string>; schiedam: string }> {
  const made = exampleWorld(NOW, extraCount);
  const rows = await createFakeEngine(made, () => NOW).rows();
  return { rows, me: made.me, names: new Map(made.spaces.map((space) => [space.space, space.name])), schiedam: made.spaces.find((one) => one.name === 'Schiedam')!.space };
}

describe('the overview', () => {
  test('my actions are those of my function or organisation that are still open, latest first', async () => {
    const { rows, me } = await world();
    expect(myActions(rows, me, TODAY).map(({ action, days }) => [action.text, days])).toEqual([
      ['Vraag huisartsen om akkoord', -3],
      ['Plan het platform in januari', 6],
      ['Lees het verslag na', 7],
    ]);
    const done = rows.map((row) => ({ ...row, actions: row.actions.map((action) => ({ ...action, status: 'done' })) }));
    expect(myActions(done, me, TODAY)).toEqual([]);
  });

  test('somebody without an organisation owns no action without an owner', async () => {
    const { rows, me } = await world();
    const unowned = rows.map((row) => ({ ...row, actions: row.actions.map((action) => ({ ...action, owner: '' })) }));
    expect(myActions(unowned, { ...me, name: '', organisation: '' }, TODAY)).toEqual([]);
  });

  test('what I changed myself is no news, and neither is what I saw', async () => {
    const { rows, me } = await world();
    const news = newsSince(rows, 0, me.user);
    expect(news.length).toBeGreaterThan(0);
    expect(news.every((row) => row.changedBy !== me.user)).toBe(true);
    expect(newsSince(rows, NOW, me.user)).toEqual([]);
    expect(news.map((row) => row.changedAt)).toEqual(news.map((row) => row.changedAt).toSorted((a, b) => b - a));
  });

  test('reviews are those that passed or come within the warning time; withdrawn ones need none', async () => {
    const { rows, schiedam } = await world();
    const here = rows.filter((row) => row.space === schiedam);
    expect(toReview(here, TODAY).map(({ row, days }) => [row.title, days])).toEqual([
      ['Laat in zorg', -20],
      ['Psychische klachten', 10],
      ['Overdracht na de geboorte', 55],
    ]);
    expect(toReview(here.map((row) => ({ ...row, status: 'withdrawn' as const })), TODAY)).toEqual([]);
  });
});

const everywhere = { here: null, onlyHere: false };

describe('quick open', () => {
  test('words may be spread over title and municipality, and both names of a municipality count', async () => {
    const { rows, names } = await world();
    const found = findRows(rows, "schul 's-gravenhage", names, [], everywhere);
    expect(found.others.map((row) => [row.title, names.get(row.space)])).toEqual([['Schulden en geldzorgen', 'Den Haag']]);
    expect(findRows(rows, 'den haag', names, [], everywhere).others.every((row) => names.get(row.space) === 'Den Haag')).toBe(true);
  });

  test('what was opened last comes first, in that order', async () => {
    const { rows, names } = await world();
    const [first, second] = rows.filter((row) => row.title.startsWith('Schulden')).map((row) => row.item);
    const found = findRows(rows, 'schulden', names, [second!, first!], everywhere);
    expect(found.recent.map((row) => row.item)).toEqual([second, first]);
    expect(found.others.map((row) => row.item)).not.toContain(first);
  });

  test('never offers more than fits, however many rows there are', async () => {
    const { rows, names } = await world(10_000);
    expect(findRows(rows, 'afspraak', names, [], everywhere).others).toHaveLength(SHOWN_COUNT_MAX);
  });

  test('among equal titles that of the space one is in comes first', async () => {
    const { rows, names } = await world();
    for (const space of new Set(rows.filter((row) => row.title === 'Schulden en geldzorgen').map((row) => row.space)))
      expect(findRows(rows, 'schulden en geldzorgen', names, [], { here: space, onlyHere: false }).others[0]?.space).toBe(space);
  });

  test('keeps to one space when asked', async () => {
    const { rows, names, schiedam } = await world();
    expect(findRows(rows, '', names, [], { here: schiedam, onlyHere: true }).others.every((row) => row.space === schiedam)).toBe(true);
  });
});

test('marking finds what folding finds, and gives the text back unchanged', () => {
  const pieces = piecesOf('Cliëntondersteuner en cliënt', ['client']);
  expect(pieces.filter((piece) => piece.isHit).map((piece) => piece.text)).toEqual(['Cliënt', 'cliënt']);
  // Written with loose accents the folded text is shorter: better no mark than a mark on the wrong letters.
  expect(piecesOf('e\u0301e\u0301n zorgpad', ['zorg']).filter((piece) => piece.isHit && piece.text !== 'zorg')).toEqual([]);
  for (const text of ['', 'Terugkoppeling aan verloskundige', 'ﬁ ligatuur', 'İstanbul', '👩‍⚕️ zorg']) {
    for (const words of [[], [''], ['a'], ['zorg', 'verlos'], ['fi']]) expect(piecesOf(text, words).map((piece) => piece.text).join('')).toBe(text);
  }
});

test('a new account says which fields are missing or cannot be right', () => {
  const good = { login: 'naam@gemeente.nl', name: 'projectleider', job: 'projectleider', organisation: 'Gemeente', password: 'een korte zin' };
  expect([...wrongIn(good)]).toEqual([]);
  expect([...wrongIn({ ...good, login: 'naam', password: 'kort', name: '  ' })].toSorted()).toEqual(['login', 'name', 'password']);
});
