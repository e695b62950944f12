// An engine in memory, for looking at and testing the window without a worker, a store or a relay. It keeps the promises of
// client/engine/api.ts that the window leans on (events after every change, rows that follow facts, status as a function of what waits) and
// lets a test steer the rest: go offline, hold acknowledgements back, refuse, let somebody else edit.
import { createEmitter } from '../../shared/base/emitter.ts';
import { newId, type Id, type ItemId, type SpaceId } from '../../shared/base/ids.ts';
import { seededDice } from '../../shared/base/random.ts';
import { applyAct, NO_ACTS, sealOf, type Act, type ActsState, type Status } from '../../shared/model/acts.ts';
import { assignmentsOf, rowsOf, textAt, type FactEdit, type FactsState, type FactValue } from '../../shared/model/facts.ts';

import type { ItemType } from '../../shared/model/items/index.ts';
import { canonicalOf } from '../../shared/derive/canonical.ts';
import { MUNICIPALITIES } from '../../shared/model/municipalities.ts';
import type { Person } from '../../shared/model/people.ts';
import type { ItemRow } from '../../shared/model/rows.ts';
import type { ActsView, Engine, EngineEvent, Moment, ParkedView, PresenceView, SpaceView, SyncStatus, VersionView } from '../../client/engine/api.ts';

export interface FakeItem {
  item: ItemId;
  space: SpaceId;
  registers: Record<string, FactValue>;
  acts: ActsState;
  prose: string;
  conflictCount: number;
  changedAt: number;
  changedBy: Person['user'] | null;
}

export interface FakeWorld {
  me: Person;
  people: Person[];
  spaces: SpaceView[];
  items: FakeItem[];
}

export interface FakeEngine extends Engine {
  readonly world: FakeWorld;
  /** What a test does to the outside. */
  readonly outside: {
    goOffline(): void;
    goOnline(): void;
    /** From now on edits stay unacknowledged (true), or are acknowledged at once. */
    hold(isHeld: boolean): void;
    setStatus(part: Partial<SyncStatus>): void;
    /** After `world.spaces` was changed. */
    tellSpaces(): void;
    setPresent(item: ItemId, people: Person[]): void;
    park(item: ItemId, reason: string): void;
    /** Moments of the timeline with what the item was after them; a version of null is not on this laptop. */
    remember(item: ItemId, moment: Moment, version: VersionView | null): void;
    editAs(person: Person, item: ItemId, edits: FactEdit[]): void;
  };
}

const dice = seededDice(7);
export const fakeId = (): Id => newId(dice);

export const person = (job: string, organisation: string, color: number): Person => ({ user: fakeId(), name: '', job, organisation, color });

const TITLES: [string, Status, string][] = [
  ['Roken en meeroken', 'adopted', 'Gemeente Schiedam'],
  ['Schulden en geldzorgen', 'concept', 'Gemeente Schiedam'],
  ['Psychische klachten', 'proposed', 'GGZ Rijnmond'],
  ['Prenataal huisbezoek', 'adopted', 'Jeugdgezondheidszorg'],
  ['Taal en nieuwkomers', 'revision', 'Wijkteam West'],
  ['Laat in zorg', 'concept', ''],
  ['Meerdere signalen tegelijk: multidisciplinair overleg en casusregisseur aanwijzen', 'concept', 'Gemeente Schiedam'],
  ['Overdracht na de geboorte', 'consultation', 'Kraamzorg'],
  ['Zwangerschapsdiabetesbegeleidingsprogrammacoördinatie', 'withdrawn', ''],
];

const HOUR_MS = 3_600_000;

/**
 * The example world: fourteen municipalities, of which Schiedam is full, Heerlen is empty but for knowledge, the others have a few.
 * In: what moment it is there; how many agreements Schiedam gets beyond the named ones.
 */
export function exampleWorld(now: number, extraCount = 0): FakeWorld {
  const me = person('projectleider', 'Gemeente Schiedam', 5);
  const people = [me, person('verloskundige', 'Verloskundigenpraktijk', 1), person('wijkteammedewerker', 'Wijkteam West', 2), person('jeugdverpleegkundige', 'Jeugdgezondheidszorg', 3), person('GGD-adviseur', 'GGD', 4)];
  const spaces: SpaceView[] = MUNICIPALITIES.map(({ name }) => ({ space: fakeId(), kind: 'municipality', name, role: name === 'Schiedam' ? 'leader' : name === 'Tilburg' ? 'reader' : 'member', hasLog: true }));
  spaces.push({ space: fakeId(), kind: 'programme', name: 'Healthy Pregnancy', role: 'programme-leader', hasLog: false });
  const items: FakeItem[] = [];
  const add = (space: SpaceId, type: ItemType, title: string, more: Record<string, FactValue> = {}, status: Status = 'concept', age = 50): FakeItem => {
    const version = status === 'adopted' || status === 'revision' || status === 'withdrawn' ? 1 : 0;
    const made: FakeItem = {
      item: fakeId(), space, registers: { type, title, parent: '', order: String(items.length).padStart(6, '0'), ...more },
      acts: { ...NO_ACTS, status, version }, prose: '', conflictCount: 0, changedAt: now - age * HOUR_MS, changedBy: people[items.length % people.length]!.user,
    };
    items.push(made);
    return made;
  };
  for (const space of spaces) {
    if (space.kind !== 'municipality') continue;
    for (const title of ['Praten over geld: gespreksregel', 'Kansrijke Start in het kort']) add(space.space, 'knowledge', title, {}, 'concept', 900);
    if (space.name === 'Heerlen') continue;
    const isFull = space.name === 'Schiedam';
    TITLES.slice(0, isFull ? TITLES.length : 3).forEach(([title, status, owner], at) => {
      const made = add(space.space, 'agreement', title, { owner, domain: 'income', reviewBy: at === 2 ? isoAfter(now, 10) : at === 5 ? isoAfter(now, -20) : at === 7 ? isoAfter(now, 55) : isoAfter(now, 400) }, status, 20 + at * 22);
      made.prose = 'De verwijzer blijft betrokken totdat de ander het heeft overgenomen. Terugkoppeling aan verloskundige binnen vijf werkdagen.';
      if (isFull && at === 5) made.conflictCount = 1;
    });
    if (!isFull) continue;
    const meeting = add(space.space, 'meeting', 'Platform 18 november', { date: isoAfter(now, -3) });
    const actions: [string, string, number][] = [['Vraag huisartsen om akkoord', 'projectleider', -3], ['Plan het platform in januari', 'projectleider', 6], ['Lees het verslag na', 'Gemeente Schiedam', 7], ['Controleer vijf contacten op de sociale kaart', 'verloskundige', 14]];
    actions.forEach(([text, owner, days], at) => {
      const id = fakeId();
      Object.assign(meeting.registers, { [`actions/${id}/order`]: String(at), [`actions/${id}/number`]: 31 + at, [`actions/${id}/text`]: text, [`actions/${id}/owner`]: owner, [`actions/${id}/due`]: isoAfter(now, days), [`actions/${id}/status`]: 'open' });
    });
    add(space.space, 'meeting', 'Platform 9 september', { date: isoAfter(now, -70) }, 'adopted', 900);
    for (const title of ['Schuldhulpverlening', 'Stopcoach', 'Veilig Thuis']) add(space.space, 'contact', title, { lastChecked: isoAfter(now, -200) }, 'concept', 300);
    add(space.space, 'progress', 'Voortgang Schiedam', {}, 'concept', 400);
    const folder = add(space.space, 'folder', 'Werkgroep schulden', {}, 'concept', 500);
    add(space.space, 'knowledge', 'Verslag van de werkgroep', { parent: folder.item }, 'concept', 30);
    for (let at = 0; at < extraCount; at++) add(space.space, 'agreement', `Afspraak ${at + 1} over zorg in de wijk`, { owner: 'Gemeente Schiedam' }, (['concept', 'adopted', 'proposed'] as const)[at % 3]!, 600 + at);
  }
  return { me, people, spaces, items };
}

const isoAfter = (now: number, days: number): string => new Date(now + days * 24 * HOUR_MS).toISOString().slice(0, 10);

function rowOf(item: FakeItem): ItemRow {
  const { registers } = item;
  const steps = rowsOf(registers, 'steps');
  return {
    item: item.item, space: item.space, type: textAt(registers, 'type') as ItemType, title: textAt(registers, 'title'), parent: textAt(registers, 'parent'), order: textAt(registers, 'order'),
    gone: registers['gone'] === true, sample: registers['sample'] === true, status: item.acts.status, version: item.acts.version, conflictCount: item.conflictCount, changedSinceSeal: false,
    waitingFor: item.acts.status === 'proposed' ? ['Huisartsen', 'JGZ'] : [], proposedAt: item.acts.proposedAt, adoptedAt: item.acts.adoptedAt, consultUntil: item.acts.consultUntil ?? '', owner: textAt(registers, 'owner'), domain: textAt(registers, 'domain'),
    reviewBy: textAt(registers, 'reviewBy'), date: textAt(registers, 'date'), stepCount: steps.length, stepsWithoutRole: steps.filter((step) => !step['role']).length,
    stepsWithoutTerm: steps.filter((step) => step['term'] === null).length, stepsWithoutFeedback: 0,
    actions: rowsOf(registers, 'actions').map((action) => ({ id: action.id, number: typeof action['number'] === 'number' ? action['number'] : null, text: String(action['text'] ?? ''), owner: String(action['owner'] ?? ''), due: String(action['due'] ?? ''), status: String(action['status'] ?? 'open'), item: String(action['item'] ?? '') })),
    decisionNumberMax: 0, milestones: {}, changedAt: item.changedAt, changedBy: item.changedBy,
  };
}

export function createFakeEngine(world: FakeWorld, now: () => number = Date.now): FakeEngine {
  const events = createEmitter<EngineEvent>();
  const waiting: { item: ItemId }[] = [];
  const parked: ParkedView[] = [];
  const openCounts = new Map<ItemId, number>();
  const past = new Map<ItemId, { moment: Moment; version: VersionView | null }[]>();
  const present = new Map<ItemId, PresenceView[]>();
  let isOffline = false;
  let isHeld = false;
  let forced: Partial<SyncStatus> = {};
  let clientId = 1000;

  const find = (item: ItemId): FakeItem => {
    const found = world.items.find((one) => one.item === item);
    if (!found) throw new Error(`no item ${item}`);
    return found;
  };
  const status = (): SyncStatus => ({
    state: parked.length > 0 ? 'refused' : isOffline ? 'offline' : waiting.length > 0 ? 'local' : 'relay',
    inMemoryCount: 0, waitingCount: waiting.length, parkedCount: parked.length,
    waitingItems: [...new Set([...waiting, ...parked].map((one) => one.item))],
    connection: isOffline ? 'offline' : 'live', blockedBy: null, behindCount: 0, storeFailure: null, follower: false, isDetour: false, ...forced,
  });
  const tellStatus = (): void => events.fire({ type: 'status', status: status() });
  const factsOf = (item: FakeItem): FactsState => ({ registers: { ...item.registers }, conflicts: {} });
  const actsOf = (item: FakeItem): ActsView => ({ settled: item.acts, expected: item.acts, acts: [] });

  function changed(item: FakeItem, by: Person): void {
    item.changedAt = now();
    item.changedBy = by.user;
    if (openCounts.has(item.item)) {
      events.fire({ type: 'facts', item: item.item, facts: factsOf(item) });
      events.fire({ type: 'acts', item: item.item, acts: actsOf(item) });
    }
    events.fire({ type: 'rows', spaces: [item.space] });
    if (by.user !== world.me.user) return;
    waiting.push({ item: item.item });
    tellStatus();
    if (!isOffline && !isHeld) queueMicrotask(acknowledge);
  }
  function acknowledge(): void {
    waiting.length = 0;
    tellStatus();
  }
  function apply(item: FakeItem, edits: readonly FactEdit[], by: Person): void {
    for (const edit of edits) for (const [path, value] of assignmentsOf(edit)) item.registers[path] = value;
    changed(item, by);
  }

  return {
    world,
    onEvent: events.event,
    status: async () => status(),
    spaces: async () => [...world.spaces],
    freshRows: async (space) => world.items.filter((item) => item.space === space).map(rowOf),
    rows: async (space) => world.items.filter((item) => space === undefined || item.space === space).map(rowOf),
    people: async () => [...world.people],
    spaceOf: async (item) => world.items.find((one) => one.item === item)?.space ?? null,
    async openItem(id) {
      const item = find(id);
      openCounts.set(id, (openCounts.get(id) ?? 0) + 1);
      queueMicrotask(() => events.fire({ type: 'presence', item: id, present: present.get(id) ?? [] }));
      // Two bytes: a Yjs V1 update without structs and without deletions.
      return { prose: { update: new Uint8Array([0, 0]), clientId: clientId++ }, facts: factsOf(item), acts: actsOf(item) };
    },
    async closeItem(id) {
      const left = (openCounts.get(id) ?? 1) - 1;
      if (left > 0) openCounts.set(id, left);
      else openCounts.delete(id);
    },
    writeProse: async (id) => changed(find(id), world.me),
    editFacts: async (id, edits) => apply(find(id), edits, world.me),
    editLinked: async (id, edits) => apply(find(id), edits, world.me),
    async createItem({ space, type, edits }) {
      const made: FakeItem = { item: fakeId(), space, registers: { type, title: '', parent: '', order: String(world.items.length).padStart(6, '0') }, acts: NO_ACTS, prose: '', conflictCount: 0, changedAt: now(), changedBy: world.me.user };
      world.items.push(made);
      apply(made, edits, world.me);
      return made.item;
    },
    async act(id, act: Act) {
      const item = find(id);
      const next = applyAct(item.acts, act, world.me.user, now());
      if (next.ok) item.acts = next.value;
      changed(item, world.me);
    },
    async sealContent(id) {
      const item = find(id);
      const prose = { type: 'doc', content: item.prose === '' ? [] : item.prose.split('\n').map((text) => ({ type: 'paragraph', content: [{ type: 'text', text }] })) };
      const content = canonicalOf({ facts: factsOf(item), prose });
      return { content, seal: sealOf(content) };
    },
    async showPresence() {
      // Nobody else looks at a fake.
    },
    parked: async () => [...parked],
    exportParked: async (entries) => ({ fileName: 'geweigerd.txt', text: entries.join('\n') }),
    async retryParked(entries) {
      for (const entry of entries) parked.splice(parked.findIndex((one) => one.entry === entry), 1);
      tellStatus();
    },
    async discardParked(entries) {
      for (const entry of entries) parked.splice(parked.findIndex((one) => one.entry === entry), 1);
      tellStatus();
    },
    version: async (id, upToSeq) => past.get(id)?.find(({ moment }) => moment.upToSeq === upToSeq)?.version ?? null,
    async timeline(id) {
      const moments = (past.get(id) ?? []).map(({ moment }) => moment).reverse();
      return { moments, momentCount: moments.length, isWhole: true };
    },
    async search(query, countMax, { here, onlyHere } = {}) {
      const words = query.toLocaleLowerCase('nl').split(/\s+/).filter(Boolean);
      if (words.length === 0) return { hits: [], isComplete: true };
      const hits = world.items
        .filter((item) => (!onlyHere || item.space === here) && words.every((word) => `${textAt(item.registers, 'title')} ${item.prose}`.toLocaleLowerCase('nl').includes(word)))
        .slice(0, countMax)
        .map((item) => ({ item: item.item, space: item.space, title: textAt(item.registers, 'title'), excerpt: item.prose || textAt(item.registers, 'title'), score: 1 }));
      return { hits, isComplete: true };
    },
    programmeReport: async () => null,
    exportUnsent: async () => ({ fileName: 'niet-verstuurd.txt', text: `${waiting.length}` }),
    async reconnect() {
      tellStatus();
    },
    async dispose() {
      events.dispose();
    },
    outside: {
      goOffline() {
        isOffline = true;
        tellStatus();
      },
      goOnline() {
        isOffline = false;
        if (isHeld) tellStatus();
        else acknowledge();
      },
      hold(next) {
        isHeld = next;
        if (!next && !isOffline) acknowledge();
      },
      setStatus(part) {
        forced = part;
        tellStatus();
      },
      tellSpaces: () => events.fire({ type: 'spaces', spaces: world.spaces.map((space) => ({ ...space })) }),
      setPresent(id, people) {
        present.set(id, people.map((who) => ({ session: fakeId(), who, state: {} })));
        events.fire({ type: 'presence', item: id, present: present.get(id) ?? [] });
      },
      park(id, reason) {
        const item = find(id);
        parked.push({ entry: fakeId(), space: item.space, item: id, part: 'facts', code: 'forbidden', reason, time: now(), bytes: 213 });
        tellStatus();
      },
      remember: (id, moment, version) => void past.set(id, [...(past.get(id) ?? []).filter((one) => one.moment.upToSeq !== moment.upToSeq), { moment, version }]),
      editAs: (who, id, edits) => apply(find(id), edits, who),
    },
  };
}

