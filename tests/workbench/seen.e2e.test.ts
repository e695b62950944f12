// What people see where something is not there any more, what they call things, and whether words stay whole: on the stage, in a real browser.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { axeOn } from '../support/axe.ts';
import { pull, useStage } from './use-stage.ts';

const { visit } = useStage();

let shared: Promise<Page> | undefined;
/** One window with a proposed agreement open, for questions that change nothing. */
const visitOnce = (): Promise<Page> =>
  (shared ??= visit({ isKept: true }).then(async (page) => {
    await page.getByRole('treeitem', { name: /^Psychische klachten/ }).dblclick();
    await page.getByRole('tab', { name: 'Psychische klachten' }).waitFor();
    return page;
  }));

const faults = async (page: Page): Promise<string[]> => (await axeOn(page).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze()).violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);

describe('what one may not see any more', () => {
  const TITLE = 'Roken en meeroken';
  const lose = (page: Page, ...names: string[]): Promise<unknown> =>
    page.evaluate((lost) => {
      const { world, outside } = window.stage.engine!;
      for (const space of world.spaces) if (lost.length === 0 || lost.includes(space.name)) space.role = null;
      outside.tellSpaces();
    }, names);
  const openRoken = async (page: Page): Promise<void> => {
    await page.getByRole('treeitem', { name: new RegExp(`^${TITLE}`) }).dblclick();
    await page.getByRole('tab', { name: TITLE }).waitFor();
  };

  test('[10] a tab keeps its name and says that the right is gone, shows no dot, and leads to what was typed', async () => {
    const page = await visit();
    await openRoken(page);
    await pull(page, (its) => its.engine!.outside.park([...its.services!.workspace.rowsById.values()].find((row) => row.space === its.services!.workspace.space!.space && row.title === 'Roken en meeroken')!.item, ''));
    const tab = page.getByRole('tab', { name: TITLE });
    await expect.poll(() => tab.textContent()).toContain('nog niet bij het knooppunt');
    await lose(page, 'Schiedam');
    await page.getByRole('heading', { level: 1, name: 'Je bent geen lid meer van Schiedam' }).waitFor();
    await expect.poll(() => tab.textContent()).toContain('geen toegang meer');
    expect(await tab.textContent()).not.toContain('nog niet bij het knooppunt');
    expect(await tab.locator('.unsent').count()).toBe(0);
    await page.getByText('De documenten staan niet meer op deze laptop.').first().waitFor();
    expect(await faults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Bekijk wat je schreef' }).click();
    await page.getByRole('heading', { level: 1, name: 'Geweigerd' }).waitFor();
    await page.getByRole('main').getByRole('heading', { level: 2, name: TITLE }).waitFor();
  });

  test('a document that somebody else took away says so, and is put back from there', async () => {
    const page = await visit();
    await openRoken(page);
    await pull(page, (its) => its.engine!.outside.editAs(its.engine!.world.people[1]!, [...its.services!.workspace.rowsById.values()].find((row) => row.space === its.services!.workspace.space!.space && row.title === 'Roken en meeroken')!.item, [{ op: 'set', path: 'gone', value: true }]));
    await page.getByRole('heading', { level: 1, name: `‘${TITLE}’ is weggehaald` }).waitFor();
    await expect.poll(() => page.getByRole('tab', { name: TITLE }).textContent()).toContain('weggehaald');
    await page.getByRole('button', { name: 'Zet terug' }).click();
    await page.getByRole('heading', { level: 1, name: TITLE, exact: true }).waitFor();
    await page.getByRole('treeitem', { name: new RegExp(`^${TITLE}`) }).waitFor();
  });

  test('what was never here says that it cannot be opened', async () => {
    const page = await visit();
    await pull(page, (its) => its.services!.layout.open({ kind: 'item', item: 'ffffffffffffffffffffffffffffffff' }));
    await page.getByRole('tab', { name: 'Niet te openen' }).waitFor();
    await pull(page, (its) => its.engine!.outside.goOffline());
    await page.getByRole('tab', { name: 'Nog niet hier' }).waitFor();
  });

  test('who was a member hears of what, and the way to what was not sent; who is new hears who to ask', async () => {
    const page = await visit();
    await pull(page, (its) => its.engine!.outside.park(its.engine!.world.items[0]!.item, ''));
    await lose(page);
    const explorer = page.getByRole('complementary', { name: 'Verkenner' });
    await explorer.getByText(/^Je bent geen lid meer van .*Schiedam/).waitFor();
    expect(await explorer.textContent()).not.toContain('nog nergens lid van');
    await page.getByRole('main').getByRole('button', { name: 'Bekijk wat je schreef' }).click();
    await page.getByRole('heading', { level: 1, name: 'Geweigerd' }).waitFor();
    await page.evaluate(() => {
      window.stage.engine!.world.spaces.length = 0;
      window.stage.engine!.outside.tellSpaces();
    });
    await explorer.getByText('Je bent nog nergens lid van. Vraag een projectleider om een uitnodiging.').waitFor();
  });
});

describe('what people call it', () => {
  test.each([
    ['nl', 'bewaren', 'Laat zien waar mijn werk staat'], ['nl', 'opslaan', 'Laat zien waar mijn werk staat'], ['nl', 'geschiedenis', 'Tijdlijn van dit document'],
    ['nl', 'terugdraaien', 'Tijdlijn van dit document'], ['nl', 'wachtwoord', 'Mijn account'], ['nl', 'afdrukken', 'Druk dit document af'], ['nl', 'uitloggen', 'Uitloggen'], ['nl', 'afmelden', 'Uitloggen'],
    ['nl', 'donker', 'Instellingen openen'], ['nl', 'help', 'Hulp openen'], ['nl', 'prullenbak', 'Haal uit de verkenner'], ['nl', 'verwijderen', 'Haal uit de verkenner'], ['nl', 'notulen', 'Nieuw overleg'], ['nl', 'taken', 'Open alle acties'],
    ['nl', 'ondertekenen', 'Geef akkoord'], ['en', 'save', 'Show where my work is'], ['en', 'print', 'Print this document'], ['en', 'history', 'Timeline of this document'], ['en', 'dark', 'Open the settings'],
  ])('[X2] the palette in %s knows “%s” as “%s”', async (language, word, title) => {
    const page = await visitOnce();
    await page.evaluate((next) => (window.stage.services!.appearance.language = next as 'nl' | 'en'), language);
    await page.keyboard.press('F1');
    await page.getByRole('combobox', { name: language === 'nl' ? 'Geef een opdracht' : 'Give a command' }).waitFor();
    await page.keyboard.type(word);
    await expect.poll(() => page.getByRole('option', { selected: true }).textContent()).toContain(title);
    await page.keyboard.press('Escape');
  });

  test('there is no act of saving: who looks for one is shown where the work is', async () => {
    const page = await visit();
    await page.keyboard.press('F1');
    await page.getByRole('combobox', { name: 'Geef een opdracht' }).waitFor();
    await page.keyboard.type('opslaan');
    await page.getByRole('option', { name: /Laat zien waar mijn werk staat/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Al je wijzigingen staan op een schijf bij het knooppunt. Anderen zien ze.').waitFor();
  });
});

describe('words stay whole', () => {
  test.each([320, 700, 1024, 1280])('[X4] the log of who did what breaks no word that fits on a line, at %i px', async (width) => {
    const page = await visit({ width, height: 800 });
    await pull(page, (its) => void its.services!.run('audit.space.show'));
    await page.getByText('Zwangerschapsbegeleidingsoverleg').first().waitFor();
    const broken = await page.evaluate(() => {
      const found: string[] = [];
      for (const cell of document.querySelectorAll('main td, main h1')) {
        const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode())
          for (const { 0: word, index } of (node.textContent ?? '').matchAll(/[^\s,]+/g)) {
            const range = document.createRange();
            range.setStart(node, index);
            range.setEnd(node, index + word.length);
            if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) found.push(word);
          }
      }
      return found;
    });
    expect(broken).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
    expect(await page.locator('[data-content]').evaluate((sheet) => sheet.scrollWidth - sheet.clientWidth)).toBeLessThanOrEqual(0);
  });
});

describe('[X1] colours of one’s own', () => {
  /** What is drawn of it: a frame of some width, in px. */
  const frame = (page: Page, selector: string): Promise<number> => page.locator(selector).first().evaluate((box) => Math.max(parseFloat(getComputedStyle(box).borderTopWidth), getComputedStyle(box).outlineStyle === 'none' ? 0 : parseFloat(getComputedStyle(box).outlineWidth)));

  test.each(['light', 'dark'])('what is chosen has a frame and what floats an edge, over %s', async (theme) => {
    const page = await visit({ theme, forcedColors: 'active' });
    await page.keyboard.press('F1');
    await page.getByRole('option').first().waitFor();
    expect(await frame(page, '.palette')).toBeGreaterThan(0);
    expect(await frame(page, '.option[aria-selected="true"]')).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Jouw account/ }).click();
    await page.keyboard.press('ArrowDown');
    expect(await frame(page, '.menu')).toBeGreaterThan(0);
    expect(await frame(page, '.menu [data-highlighted]')).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    await pull(page, (its) => void its.services!.run('people.member.invite'));
    await page.getByRole('dialog').waitFor();
    await pull(page, (its) => its.services!.notices.say('Er is iets gezegd.'));
    await page.locator('.toast').getByText('Er is iets gezegd.').waitFor();
    // A browser puts a plate of the canvas under words, which hides those that are as dark as it.
    const hidden = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement('i'));
      const read = (value: string): string => ((probe.style.color = value), getComputedStyle(probe).color);
      const canvas = read('Canvas');
      return [...document.querySelectorAll<HTMLElement>('body *')].filter((element) => element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim()))
        .filter((element) => getComputedStyle(element).forcedColorAdjust !== 'none' && getComputedStyle(element).color === canvas || getComputedStyle(element).forcedColorAdjust !== 'none' && getComputedStyle(element).color === read('HighlightText'))
        .map((element) => element.outerHTML.slice(0, 120));
    });
    expect(hidden).toEqual([]);
    expect(await frame(page, '.dialog')).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    await pull(page, (its) => its.services!.layout.showView('problems'));
    await page.getByRole('tabpanel', { name: 'Aandachtspunten' }).waitFor();
    expect(await frame(page, '.panel-tab[aria-selected="true"]')).toBeGreaterThan(0);
    // Drawings keep their own colours in a browser: theirs are the person's too.
    const [ink, canvas] = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement('i'));
      const read = (value: string): string => ((probe.style.color = value), getComputedStyle(probe).color);
      return [read('var(--ok)') === read('CanvasText'), read('var(--paper)') === read('Canvas')];
    });
    expect([ink, canvas]).toEqual([true, true]);
  });
});

describe('a dialog says what is missing', () => {
  test('a step without words is not added, and the field says so', async () => {
    const page = await visit();
    await page.getByRole('treeitem', { name: /^Schulden en geldzorgen/ }).dblclick();
    await page.getByRole('button', { name: 'Stap toevoegen' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Nieuwe stap' });
    await dialog.getByRole('button', { name: 'Stap toevoegen' }).click();
    await dialog.getByText('Schrijf op wat jullie doen, of vul een ander veld in.').waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('TEXTAREA');
    await page.keyboard.type('Bel de volgende dag.');
    await dialog.getByText('Schrijf op wat jullie doen').waitFor({ state: 'detached' });
    await dialog.getByRole('button', { name: 'Stap toevoegen' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('Bel de volgende dag.').first().waitFor();
  });

  test('what stands in the way of a proposal is shown where it is filled in', async () => {
    const page = await visit();
    await page.getByRole('treeitem', { name: /^Laat in zorg/ }).dblclick();
    await page.getByRole('tab', { name: 'Laat in zorg' }).waitFor();
    await pull(page, (its) => void its.services!.run('acts.item.propose'));
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('listitem').filter({ hasText: 'eigenaar' }).getByRole('button', { name: 'Toon het veld' }).click();
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-path'))).toBe('owner');
  });

  test.each([
    ['agreement', 'partijen', 'Toon het veld', 'parties'], ['agreement', 'eigenaar', 'Toon het veld', 'owner'], ['agreement', 'stappen', 'Toon de stappen', 'steps'],
    ['meeting', 'aanwezigen', 'Toon de aanwezigen', 'attendance'],
  ] as const)('[X4] from a proposal of an empty %s the keyboard goes to the missing “%s”', async (type, lack, name, path) => {
    const page = await visit();
    await page.evaluate(async (made) => {
      const { items, layout, workspace } = window.stage.services!;
      layout.open({ kind: 'item', item: await items.create({ space: workspace.space!.space, type: made, edits: [{ op: 'set', path: 'title', value: 'Nog leeg' }] }) });
    }, type);
    await page.getByRole('heading', { level: 1, name: 'Nog leeg' }).waitFor();
    await pull(page, (its) => void its.services!.run('acts.item.propose'));
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('listitem').filter({ hasText: lack }).getByRole('button', { name }).focus();
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-path'))).toBe(path);
  });

  test('a document is kept as a file from its menu and from the palette', async () => {
    const page = await visit();
    await page.getByRole('treeitem', { name: /^Roken en meeroken/ }).dblclick();
    await page.getByRole('tab', { name: 'Roken en meeroken' }).waitFor();
    await page.keyboard.press('F1');
    await page.getByRole('combobox', { name: 'Geef een opdracht' }).waitFor();
    await page.keyboard.type('exporteren');
    const saved = page.waitForEvent('download');
    await page.getByRole('option', { name: /Bewaar dit document als bestand/ }).waitFor();
    await page.keyboard.press('Enter');
    expect((await saved).suggestedFilename()).toBe('Roken en meeroken.md');
    await page.getByText('Bewaard als Roken en meeroken.md.').first().waitFor();
  });

  test('who may only read is not told to make the first agreement', async () => {
    const page = await visit();
    await page.evaluate(() => {
      const { world, outside } = window.stage.engine!;
      const heerlen = world.spaces.find((space) => space.name === 'Heerlen')!;
      heerlen.role = 'reader';
      outside.tellSpaces();
      window.stage.services!.layout.open({ kind: 'page', page: 'overview', params: { space: heerlen.space } });
    });
    await page.getByRole('heading', { level: 1, name: 'Welkom in Heerlen' }).waitFor();
    await page.getByText('Hier staat nog geen afspraak of overleg.').waitFor();
    expect(await page.getByRole('heading', { name: 'Maak je eerste zorgpad' }).count()).toBe(0);
  });
});

test.each([1024, 1280, 1440])('fourteen municipalities and their milestones are in sight at once, at %i px', async (width) => {
  const page = await visit({ width, height: 800 });
  await pull(page, (its) => void its.services!.run('progress.page.open'));
  const matrix = page.getByRole('table', { name: 'Mijlpalen' }).first();
  await matrix.waitFor();
  expect(await matrix.getByRole('rowheader').count()).toBe(14);
  expect(await matrix.locator('tbody tr').first().getByRole('button').count()).toBe(17);
  // Here most counts have one figure; two take 7 px more.
  const needed = await matrix.evaluate((table) => ((table.style.width = 'min-content'), table.getBoundingClientRect().width + 8));
  expect(needed).toBeLessThanOrEqual(await matrix.evaluate((table) => table.parentElement!.getBoundingClientRect().width));
  // WCAG 2.5.8
  const target = await matrix.locator('button').first().boundingBox();
  expect(Math.min(target!.width, target!.height)).toBeGreaterThanOrEqual(24);
});

test('the document that was just opened is in sight in the explorer, also beside its headings', async () => {
  const page = await visit({ height: 620 });
  const explorer = page.getByRole('complementary', { name: 'Verkenner' });
  // The last one that stands in sight while there are no headings.
  await pull(page, (its) => {
    const { layout } = its.services!;
    while (layout.groups[0]!.tabs.length > 0) layout.closeTab(0, 0);
  });
  await explorer.getByText('In dit document').waitFor({ state: 'detached' });
  const at = await page.evaluate(() => {
    const tree = document.querySelector('[role="tree"]')!.getBoundingClientRect();
    const rows = [...document.querySelectorAll<HTMLElement>('[role="treeitem"]')].filter((row) => row.getBoundingClientRect().bottom <= tree.bottom && !row.hasAttribute('aria-expanded'));
    return rows.at(-1)!.getAttribute('data-key')!;
  });
  await page.locator(`[data-key="${at}"]`).dblclick();
  await explorer.getByText('In dit document').waitFor();
  await page.locator(`[data-key="${at}"][aria-current]`).waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'Stap toevoegen' }).or(page.getByRole('button', { name: 'Agendapunt toevoegen' })).first().waitFor();
  const isInSight = (): Promise<boolean> =>
    page.evaluate(() => {
      const tree = document.querySelector('[role="tree"]')!.getBoundingClientRect();
      const row = document.querySelector('[role="treeitem"][aria-current]')?.getBoundingClientRect();
      return row !== undefined && row.top >= tree.top - 1 && row.bottom <= tree.bottom + 1;
    });
  await expect.poll(isInSight).toBe(true);
});

test('the headings beside a document are its own from the moment it is in sight', async () => {
  const page = await visit();
  await pull(page, (its) => {
    const { workspace, layout } = its.services!;
    const { item } = [...workspace.rowsById.values()].find((row) => row.space === workspace.space!.space && row.title === 'Roken en meeroken')!;
    layout.open({ kind: 'item', item });
  });
  const listed = page.locator('.headings .tree-row');
  await listed.filter({ hasText: 'Stappen' }).waitFor();
  const shown = await pull(page, async (its) => {
    const content = (): Element | null => document.querySelector('.group.active [data-content]');
    const frame = (): Promise<number> => new Promise(requestAnimationFrame);
    const before = content();
    its.services!.layout.open({ kind: 'page', page: 'settings' });
    while (content() === before || content() === null) await frame();
    await frame();
    return [...document.querySelectorAll('.headings .tree-row')].map((row) => row.textContent.trim());
  });
  expect(shown.filter((heading) => heading.includes('Stappen'))).toEqual([]);
});

test.for([
  { name: 'in a window', width: 1280, height: 800 },
  { name: 'on a phone', width: 390, height: 700 },
  { name: 'at 400 %', width: 320, height: 256 },
])('who types sees what they type: no bar lies over the caret, $name', async ({ width, height }) => {
  const page = await visit({ width, height });
  await pull(page, (its) => {
    const { workspace, layout } = its.services!;
    const { item } = [...workspace.rowsById.values()].find((row) => row.space === workspace.space!.space && row.title === 'Roken en meeroken')!;
    layout.open({ kind: 'item', item });
  });
  const text = page.locator('.ProseMirror').first();
  /** What is drawn where the caret stands, from its top to its bottom. */
  const overCaret = (): Promise<string[]> =>
    page.evaluate(() => {
      const range = getSelection()!.getRangeAt(0);
      const at = range.getClientRects()[0] ?? (range.startContainer as Element).getBoundingClientRect();
      return [at.top + 1, (at.top + at.bottom) / 2, at.bottom - 1].map((y) => {
        const found = document.elementFromPoint(at.left + 1, y);
        return found?.closest('.ProseMirror') ? 'the text' : (found?.className ?? 'outside');
      });
    });
  const inSight = ['the text', 'the text', 'the text'];
  await text.locator('p').first().click();
  await page.keyboard.press('Control+End');
  await expect.poll(overCaret).toEqual(inSight);
  for (let line = 1; line <= 24; line++) {
    await page.keyboard.press('Enter');
    await expect.poll(overCaret, { message: `above line ${line}` }).toEqual(inSight);
    await page.keyboard.type(`Regel ${line}`);
    await expect.poll(overCaret, { message: `line ${line}` }).toEqual(inSight);
  }
  for (let line = 24; line >= 1; line--) {
    await page.keyboard.press('ArrowUp');
    await expect.poll(overCaret, { message: `up from line ${line}` }).toEqual(inSight);
  }
  await page.keyboard.press('Control+End');
  await expect.poll(overCaret, { message: 'the end' }).toEqual(inSight);
  await page.keyboard.press('Control+Home');
  await expect.poll(overCaret, { message: 'the beginning' }).toEqual(inSight);
});
