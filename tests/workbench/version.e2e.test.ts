// A document as it was, on the stage: what differs from now is marked, bringing back asks for one key and can be undone, and when the version is not
// here the page says where it is. The engine is in memory; tests/e2e/history.e2e.test.ts goes the same way with a real one.
import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import * as Y from 'yjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeOn } from '../support/axe.ts';
import { launchChromium } from '../support/browser.ts';
import { buildStage, serveStage, type Stage } from './stage.ts';

let stage: Stage;
let browser: Browser;
beforeAll(async () => {
  stage = await serveStage(await buildStage());
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await stage?.[Symbol.asyncDispose]();
});

interface Visit extends AsyncDisposable {
  page: Page;
}
interface Options {
  theme?: string;
  width?: number;
  height?: number;
  language?: string;
  /** Is the version on this laptop? */
  isHere?: boolean;
  role?: 'leader' | 'reader' | null;
}

function proseThen(): number[] {
  const doc = new Y.Doc();
  const blocks: [string, Record<string, string | number>, string][] = [
    ['paragraph', {}, 'De verloskundige vraagt ernaar.'],
    ['paragraph', {}, 'De stopcoach belt binnen tien werkdagen.'],
    ['heading', { level: 2 }, 'Zorgpadcoördinatiebijeenkomsten'],
    ['pathwaySteps', {}, ''],
  ];
  doc.getXmlFragment('prose').push(
    blocks.map(([name, attributes, text]) => {
      const element = new Y.XmlElement(name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value as string);
      if (text !== '') element.insert(0, [new Y.XmlText(text)]);
      return element;
    }),
  );
  return [...Y.encodeStateAsUpdate(doc)];
}

/** The timeline of "Roken en meeroken" with one moment of an hour ago, and that version: another owner, another paragraph, one that is gone now. */
async function visit({ theme = 'light', width = 1440, height = 900, language = 'nl', isHere = true, role = 'leader' }: Options = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'nl-NL', timezoneId: 'Europe/Amsterdam', reducedMotion: 'reduce', permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.addInitScript(
    ([chosen, spoken]) => {
      localStorage.setItem('samenpad.appearance', JSON.stringify({ theme: chosen, density: 'normal', language: spoken }));
      sessionStorage.setItem('stage.signed-in', 'yes');
    },
    [theme, language] as const,
  );
  await page.goto(stage.address);
  await page.getByRole('heading', { level: 1, name: 'Schiedam' }).waitFor();
  await page.evaluate(
    ([isThere, asRole, words]) => {
      const { engine, services } = window.stage;
      if (!engine || !services) throw new Error('not working yet');
      const { world, outside } = engine;
      const item = world.items.find(({ registers, space }) => registers['title'] === 'Roken en meeroken' && world.spaces.find(({ name }) => name === 'Schiedam')!.space === space)!;
      const midwife = world.people[1]!;
      item.prose = 'De verloskundige vraagt ernaar.\nDe stopcoach belt binnen vijf werkdagen.\nNieuw: ook de kraamzorg vraagt ernaar.';
      const moment = { key: '1'.repeat(32), author: midwife.user, since: Date.now() - 3_900_000, until: Date.now() - 3_600_000, isHereOnly: false, upToSeq: 7, kind: 'prose' as const, blockCount: 2, addedChars: 60, removedChars: 12 };
      const then = { ...item.registers, owner: 'Verloskundigenpraktijk', targetGroup: 'Zwangeren en partners', ['steps/' + 'a'.repeat(32) + '/order']: 'V', ['steps/' + 'a'.repeat(32) + '/action']: 'Bespreek het roken.', ['steps/' + 'a'.repeat(32) + '/role']: 'verloskundige' };
      outside.remember(item.item, moment, isThere ? { upToSeq: 7, author: midwife.user, time: moment.until, earlierSeq: null, prose: new Uint8Array(words), facts: { registers: then, conflicts: {} }, acts: item.acts } : null);
      if (asRole !== 'leader') {
        world.spaces.find(({ space }) => space === item.space)!.role = asRole;
        outside.tellSpaces();
      }
      services.layout.open({ kind: 'item', item: item.item });
      services.layout.showView('timeline');
    },
    [isHere, role, proseThen()] as const,
  );
  return { page, [Symbol.asyncDispose]: () => context.close() };
}

const PICTURES = process.env['SAMENPAD_PICTURES'] ?? 'test-output/pictures';
async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/version-${name}.png` });
}
const look = (page: Page) => page.getByRole('button', { name: /^Bekijk het document van/ });
const sheet = (page: Page) => page.getByRole('group', { name: /zoals het was/ });
const asItWas = (page: Page) => page.getByText(/^Zo was dit document: /);
async function open(page: Page): Promise<void> {
  await look(page).click();
  await asItWas(page).waitFor();
}
async function faults(page: Page): Promise<string[]> {
  const { violations } = await axeOn(page).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);
}

describe('a document as it was', () => {
  test('opens from the timeline by keyboard, says whose change it was, marks what is different now, and F7 walks along it', async () => {
    await using visited = await visit();
    const { page } = visited;
    await look(page).focus();
    await picture(page, 'timeline');
    await page.keyboard.press('Enter');
    await asItWas(page).waitFor();
    expect(await sheet(page).innerText()).toMatch(/Na een wijziging van verloskundige, Verloskundigenpraktijk\./);
    const marks = sheet(page).locator('[data-mark]');
    expect((await marks.allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim())).toEqual([
      'nu anders De stopcoach belt binnen tien werkdagen.', 'nu anders Zorgpadcoördinatiebijeenkomsten', expect.stringMatching(/^staat er nu niet meer .*Bespreek het roken\./),
    ]);
    expect(await sheet(page).getByText('De verloskundige vraagt ernaar.').count()).toBe(1);
    await sheet(page).focus();
    await page.keyboard.press('F7');
    expect(await marks.nth(0).evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press('Shift+F7');
    expect(await marks.last().evaluate((element) => element === document.activeElement)).toBe(true);
    await page.getByText(/^\d verschillen met nu$/).click();
    const table = sheet(page).locator('.differences table');
    expect(await table.getByRole('row', { name: /Eigenaar/ }).innerText()).toMatch(/Verloskundigenpraktijk[\s\S]*Gemeente Schiedam/);
    await picture(page, 'light');
    // Nothing of it can be written in.
    expect(await sheet(page).locator('[contenteditable="true"], input, textarea').count()).toBe(0);
  });

  test('[O14] one click brings it back as an ordinary edit, and one more takes that back', async () => {
    await using visited = await visit();
    const { page } = visited;
    await open(page);
    const owner = (): Promise<unknown> =>
      page.evaluate(() => {
        const { items, spaces } = window.stage.engine!.world;
        return items.find(({ registers, space }) => registers['title'] === 'Roken en meeroken' && spaces.find(({ name }) => name === 'Schiedam')!.space === space)!.registers['owner'];
      });
    await page.getByRole('button', { name: 'Zet deze versie terug' }).click();
    await expect.poll(owner).toBe('Verloskundigenpraktijk');
    await page.locator('.ProseMirror').getByText('De stopcoach belt binnen tien werkdagen.').waitFor();
    await page.getByRole('button', { name: 'Maak ongedaan' }).click();
    await expect.poll(owner).toBe('Gemeente Schiedam');
    await expect.poll(() => page.locator('.ProseMirror').getByText('De stopcoach belt binnen tien werkdagen.').count()).toBe(0);
  });

  test('is saved as a file and copied, with the words of then', async () => {
    await using visited = await visit();
    const { page } = visited;
    await open(page);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Bewaar als bestand' }).click()]);
    expect(download.suggestedFilename()).toMatch(/^Roken en meeroken, zoals het was \d{4}-\d\d-\d\d\.md$/);
    await page.getByRole('button', { name: 'Kopieer', exact: true }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(/De stopcoach belt binnen tien werkdagen\.[\s\S]*Bespreek het roken/);
  });

  test('that is at the relay only says so without a connection, and comes by itself when there is one', async () => {
    await using visited = await visit({ isHere: false });
    const { page } = visited;
    await page.evaluate(() => window.stage.engine!.outside.goOffline());
    await look(page).click();
    await page.getByRole('heading', { name: 'Deze versie staat op het knooppunt' }).waitFor();
    await picture(page, 'offline');
    expect(await faults(page)).toEqual([]);
    await page.evaluate(() => window.stage.engine!.outside.goOnline());
    // The relay answers that it has none: said as well, with a way to ask again.
    await page.getByRole('heading', { name: 'Het knooppunt geeft deze versie niet' }).waitFor();
    await page.getByRole('button', { name: 'Probeer opnieuw' }).waitFor();
  });

  test('is read and saved by somebody who may not write, and not brought back', async () => {
    await using visited = await visit({ role: 'reader' });
    const { page } = visited;
    await open(page);
    await page.getByText(/Terugzetten kan alleen wie in dit document mag schrijven/).waitFor();
    expect(await page.getByRole('button', { name: 'Zet deze versie terug' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Bewaar als bestand' }).count()).toBe(1);
  });

  test('is not shown to somebody who may not read it any more', async () => {
    await using visited = await visit();
    const { page } = visited;
    await open(page);
    await page.evaluate(() => {
      const { engine } = window.stage;
      engine!.world.spaces.find(({ name }) => name === 'Schiedam')!.role = null;
      engine!.outside.tellSpaces();
    });
    await page.getByRole('heading', { name: 'Je mag dit document niet meer lezen' }).waitFor();
    expect(await sheet(page).getByText('tien werkdagen').count()).toBe(0);
    await picture(page, 'refused');
  });

  test.each(['light', 'dark', 'hc', 'hc-light'])('[X1] has no accessibility violation in %s', async (theme) => {
    await using visited = await visit({ theme });
    const { page } = visited;
    await open(page);
    await page.getByText(/^\d verschillen met nu$/).click();
    expect(await faults(page)).toEqual([]);
    await picture(page, theme);
  });

  test('[X4] nothing of it scrolls sideways at 320 px, which is 1280 px at 400 %, and it speaks English', async () => {
    await using visited = await visit();
    const { page } = visited;
    await open(page);
    await page.getByText(/^\d verschillen met nu$/).click();
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    expect(await sheet(page).evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
    await picture(page, '400');
    // What stands beside the breadcrumb elsewhere is behind the dots here.
    await page.getByRole('button', { name: 'Meer', exact: true }).last().click();
    expect(await page.getByRole('menuitem', { name: /^(Kopieer|Bewaar als bestand)/ }).count()).toBe(2);
    await page.keyboard.press('Escape');
    await page.evaluate(() => {
      window.stage.services!.appearance.language = 'en';
    });
    await page.getByRole('button', { name: 'Bring this version back' }).waitFor();
  });
});
