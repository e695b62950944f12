// Where documents open, and what comes back after a cold start.
import { describe, expect, test } from 'vitest';
import type { EditorInput } from '../../client/platform/contributions.ts';
import { createStorage, type Storage } from '../../client/platform/storage.ts';
import { createLayout, TABS_COUNT_MAX, type WorkbenchLayout } from '../../client/workbench/layout.svelte.ts';

const memory = (): Storage => {
  const kept = new Map<string, string>();
  return createStorage({ getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), removeItem: (key) => void kept.delete(key) });
};
const item = (number: number, focus?: string): EditorInput => ({ kind: 'item', item: String(number).padStart(32, '0'), ...(focus ? { focus } : {}) });
const page = (name: string, params?: Record<string, string>): EditorInput => ({ kind: 'page', page: name, ...(params ? { params } : {}) });

function setup(storage = memory(), width: 'wide' | 'middle' | 'phone' = 'wide'): WorkbenchLayout {
  return createLayout({ storage, person: 'a'.repeat(32), viewOf: (id) => (id === 'help' ? { where: 'side', page: 'help' } : { where: id.startsWith('panel') ? 'panel' : id.startsWith('context') ? 'context' : 'side' }), width: () => width });
}
const titles = (layout: WorkbenchLayout): string[][] => layout.groups.map((group) => group.tabs.map(({ input }) => (input.kind === 'item' ? String(Number(input.item)) : input.page)));

describe('opening', () => {
  test('a document opens once: opening it again goes to its tab and takes the new focus along', () => {
    const layout = setup();
    layout.open(item(1));
    layout.open(item(2));
    layout.open(item(1, 'steps/x/action'));
    expect(titles(layout)).toEqual([['1', '2']]);
    expect(layout.active).toEqual(item(1, 'steps/x/action'));
  });

  test('a new tab comes right after the active one', () => {
    const layout = setup();
    for (const number of [1, 2, 3]) layout.open(item(number));
    layout.activate(0, 0);
    layout.open(item(4));
    expect(titles(layout)).toEqual([['1', '4', '2', '3']]);
  });

  test('pages with other parameters are other places', () => {
    const layout = setup();
    layout.open(page('overview', { space: 'a' }));
    layout.open(page('overview', { space: 'b' }));
    layout.open(page('overview', { space: 'a' }));
    expect(layout.groups[0]!.tabs).toHaveLength(2);
  });

  test('the next preview replaces the last one; opening it properly keeps it', () => {
    const layout = setup();
    layout.open(item(1), { preview: true });
    layout.open(item(2), { preview: true });
    expect(titles(layout)).toEqual([['2']]);
    layout.open(item(2));
    layout.open(item(3), { preview: true });
    expect(titles(layout)).toEqual([['2', '3']]);
    expect(layout.groups[0]!.tabs.map((tab) => tab.isPreview)).toEqual([false, true]);
  });

  test('beside makes a second group, and never a third', () => {
    const layout = setup();
    layout.open(item(1));
    layout.open(item(1), { beside: true });
    expect(layout.activeGroup).toBe(1);
    layout.open(item(2), { beside: true });
    expect(titles(layout)).toEqual([['1', '2'], ['1']]);
    expect(layout.activeGroup).toBe(0);
  });

  test('what is open in the other group is gone to, not opened twice', () => {
    const layout = setup();
    layout.open(item(1));
    layout.open(item(2), { beside: true });
    layout.open(item(1));
    expect(titles(layout)).toEqual([['1'], ['2']]);
    expect(layout.activeGroup).toBe(0);
  });

  test(`a group holds ${TABS_COUNT_MAX} tabs at most, the oldest goes`, () => {
    const layout = setup();
    for (let number = 0; number <= TABS_COUNT_MAX; number++) layout.open(item(number));
    expect(layout.groups[0]!.tabs).toHaveLength(TABS_COUNT_MAX);
    expect(layout.active).toEqual(item(TABS_COUNT_MAX));
  });
});

describe('closing', () => {
  test('the neighbour becomes active, and an emptied second group goes away', () => {
    const layout = setup();
    for (const number of [1, 2, 3]) layout.open(item(number));
    layout.closeTab(0, 2);
    expect(layout.active).toEqual(item(2));
    layout.open(item(4), { beside: true });
    layout.closeTab(1, 0);
    expect(layout.groups).toHaveLength(1);
    expect(layout.activeGroup).toBe(0);
  });

  test('the only group stays when its last tab closes', () => {
    const layout = setup();
    layout.open(item(1));
    layout.close(item(1));
    expect(layout.groups).toHaveLength(1);
    expect(layout.active).toBeNull();
  });

  test('closing a document closes it in both groups', () => {
    const layout = setup();
    layout.open(item(1));
    layout.open(item(1), { beside: true });
    layout.open(item(2));
    layout.close(item(1));
    expect(titles(layout)).toEqual([['2']]);
  });
});

describe('a cold start', () => {
  test('opens what was open, with widths and parts as they were', () => {
    const storage = memory();
    const before = setup(storage);
    before.open(item(1));
    before.open(item(2), { beside: true });
    before.setSize('side', 300);
    before.togglePart('context');
    before.showView('panel.problems');
    const after = setup(storage);
    expect(titles(after)).toEqual([['1'], ['2']]);
    expect(after.activeGroup).toBe(1);
    expect(after.size.side).toBe(300);
    expect(after.isOpen).toEqual({ side: true, panel: true, context: false });
    expect(after.shown.panel).toBe('panel.problems');
  });

  test.each([['null'], ['{"groups":"no"}'], ['{"groups":[],"recent":[],"isOpen":{},"size":{},"shown":{}}'], ['not json']])('survives what something else wrote: %s', (text) => {
    const storage = createStorage({ getItem: () => text, setItem: () => undefined, removeItem: () => undefined });
    const layout = setup(storage);
    layout.open(item(1));
    expect(layout.active).toEqual(item(1));
  });

  test('a browser that refuses to keep anything still shows the window', () => {
    const refusing = createStorage({
      getItem: () => {
        throw new Error('no');
      },
      setItem: () => {
        throw new Error('no');
      },
      removeItem: () => undefined,
    });
    const layout = setup(refusing);
    layout.open(item(1));
    expect(layout.active).toEqual(item(1));
  });
});

describe('narrow windows', () => {
  test('on a phone the side bar is a sheet that starts closed, and opening a document closes it', () => {
    const layout = setup(memory(), 'phone');
    expect(layout.isOpen.side).toBe(false);
    layout.showView('explorer');
    expect(layout.isOpen.side).toBe(true);
    layout.open(item(1));
    expect(layout.isOpen.side).toBe(false);
  });

  test('on a tablet the context is a drawer, and the side bar folds away beside a split', () => {
    const layout = setup(memory(), 'middle');
    expect(layout.isOpen).toEqual({ side: true, panel: false, context: false });
    layout.open(item(1));
    layout.open(item(2), { beside: true });
    expect(layout.isSheet.side).toBe(true);
    expect(layout.isOpen.side).toBe(false);
  });

  test('a sheet is not remembered', () => {
    const storage = memory();
    setup(storage, 'phone').showView('explorer');
    expect(setup(storage, 'phone').isOpen.side).toBe(false);
    expect(setup(storage, 'wide').isOpen.side).toBe(true);
  });
});

test('a rail entry with a page opens the page instead of a side bar', () => {
  const layout = setup();
  layout.showView('help');
  expect(layout.active).toEqual(page('help'));
});

test('sizes stay within what can be read', () => {
  const layout = setup();
  layout.setSize('side', 20);
  expect(layout.size.side).toBe(200);
  layout.setSize('panel', 4000);
  expect(layout.size.panel).toBe(560);
});
