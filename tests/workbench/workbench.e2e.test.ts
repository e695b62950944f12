// The window in a real browser, on the stage: keyboard, focus, tabs, explorer, palette, search, signing in and out, narrow windows, and no
// accessibility violation on any of its faces. The engine is in memory; what it promises is tested elsewhere.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { axeOn } from '../support/axe.ts';
import { pull, useStage } from './use-stage.ts';

const stage = useStage();
const { visit } = stage;

const syncOf = (page: Page): Promise<string | null> => page.getByRole('status').getAttribute('data-sync');
const partOfFocus = (page: Page): Promise<string | null> =>
  page.evaluate(() => {
    const here = document.activeElement;
    return here?.closest('[data-group]') ? 'editor' : (here?.closest('[data-part]')?.getAttribute('data-part') ?? null);
  });

type Violations = Awaited<ReturnType<ReturnType<typeof axeOn>['analyze']>>['violations'];
const inWords = (violations: Violations): string[] => violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);

async function axe(page: Page, ...without: string[]): Promise<string[]> {
  return inWords((await axeOn(page).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).disableRules(without).analyze()).violations);
}
async function axeColours(page: Page): Promise<string[]> {
  return inWords((await axeOn(page).withRules(['color-contrast']).analyze()).violations);
}

describe('the keyboard', () => {
  test('[X2] F6 walks through the parts in the order of the look and Shift+F6 back', async () => {
    const page = await visit();
    await page.getByRole('button', { name: 'Zoek, open of geef een opdracht' }).first().focus();
    const seen: (string | null)[] = [await partOfFocus(page)];
    for (let turn = 0; turn < 4; turn++) {
      await page.keyboard.press('F6');
      seen.push(await partOfFocus(page));
    }
    expect(seen).toEqual(['top', 'rail', 'side', 'editor', 'status']);
    await page.keyboard.press('Shift+F6');
    expect(await partOfFocus(page)).toBe('editor');
  });

  test('[X2] the first Tab offers to skip to the document', async () => {
    const page = await visit();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Naar de inhoud');
    await page.keyboard.press('Enter');
    expect(await partOfFocus(page)).toBe('editor');
  });

  test('[X2] tabs are one stop: arrows move, Enter shows, Delete closes and keeps the focus in the strip', async () => {
    const page = await visit();
    await pull(page, (its) => {
      its.services!.layout.open({ kind: 'page', page: 'settings' });
      its.services!.layout.open({ kind: 'page', page: 'help' });
    });
    const tab = (name: string) => page.getByRole('tab', { name });
    await tab('Hulp').focus();
    await page.keyboard.press('Home');
    expect(await tab('Overzicht Schiedam').evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await tab('Hulp').getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Enter');
    await expect.poll(() => tab('Overzicht Schiedam').getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Delete');
    await expect.poll(() => page.getByRole('tab').count()).toBe(2);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('tab');
  });

  test('[X2] the palette opens with F1, runs a command and gives the focus back when left', async () => {
    const page = await visit();
    const settings = page.getByRole('button', { name: 'Instellen' });
    await settings.focus();
    await page.keyboard.press('F1');
    const field = page.getByRole('combobox', { name: 'Geef een opdracht' });
    await field.waitFor();
    await page.keyboard.press('Escape');
    await field.waitFor({ state: 'detached' });
    expect(await settings.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press('F1');
    await field.waitFor();
    await page.keyboard.type('hulp openen');
    await expect.poll(() => page.getByRole('option', { selected: true }).textContent()).toContain('Hulp openen');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Hulp' }).waitFor();
  });

  test('the palette finds a command by what people call it, too', async () => {
    const page = await visit();
    await page.keyboard.press('F1');
    await page.getByRole('combobox', { name: 'Geef een opdracht' }).waitFor();
    await page.keyboard.type('leden');
    await expect.poll(() => page.getByRole('option', { selected: true }).textContent()).toContain('Delen');
  });

  test('typing in a field is never taken for a command', async () => {
    const page = await visit();
    await page.keyboard.press('Control+Shift+f');
    await page.getByRole('searchbox', { name: 'Zoek in alle documenten' }).waitFor();
    await page.keyboard.type('b j w 1 \\ terugkoppeling');
    expect(await page.getByRole('searchbox').inputValue()).toBe('b j w 1 \\ terugkoppeling');
  });
});

describe('the explorer', () => {
  test('[X3] is a tree: arrows, open and close, type-ahead, and Enter opens', async () => {
    const page = await visit();
    const item = (name: RegExp) => page.getByRole('treeitem', { name });
    await item(/^Afspraken/).focus();
    await page.keyboard.press('ArrowLeft');
    expect(await item(/^Afspraken/).getAttribute('aria-expanded')).toBe('false');
    await expect.poll(() => item(/^Roken en meeroken/).count()).toBe(0);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    const first = item(/^Roken en meeroken/);
    await expect.poll(() => first.evaluate((element) => element === document.activeElement)).toBe(true);
    expect([await first.getAttribute('aria-level'), await first.getAttribute('aria-posinset'), await first.getAttribute('aria-setsize')]).toEqual(['2', '1', '9']);
    await page.keyboard.type('psy');
    await expect.poll(() => item(/^Psychische klachten/).evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press('Enter');
    await page.getByRole('tab', { name: 'Psychische klachten' }).waitFor();
    expect(await page.locator('.tree [tabindex="0"]').count()).toBe(1);
  });

  test('F2 renames in place; Escape leaves the name as it was', async () => {
    const page = await visit();
    const item = page.getByRole('treeitem', { name: /^Roken en meeroken/ });
    await item.focus();
    await page.keyboard.press('F2');
    const field = page.getByRole('textbox', { name: 'Nieuwe naam' });
    await field.fill('Iets anders');
    await page.keyboard.press('Escape');
    await item.waitFor();
    await item.focus();
    await page.keyboard.press('F2');
    await field.fill('Roken en zwanger');
    await page.keyboard.press('Enter');
    await page.getByRole('treeitem', { name: /^Roken en zwanger/ }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('treeitem');
  });

  test('an item moves to a folder by choosing it, without dragging', async () => {
    const page = await visit();
    await page.getByRole('treeitem', { name: /^Laat in zorg/ }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Verplaatsen naar een map' }).click();
    await page.getByRole('dialog', { name: /Laat in zorg/ }).waitFor();
    await page.keyboard.type('werk');
    await page.keyboard.press('Enter');
    await expect.poll(() => pull(page, (its) => its.services!.workspace.rows.find((row) => row.title === 'Laat in zorg' && row.space === its.services!.workspace.space!.space)!.parent !== '')).toBe(true);
    await page.getByText('‘Laat in zorg’ staat nu in Werkgroep schulden.').first().waitFor();
  });

  test('what is taken out of the tree can be put back', async () => {
    const page = await visit();
    const item = page.getByRole('treeitem', { name: /^Roken en meeroken/ });
    await item.focus();
    await page.keyboard.press('Delete');
    await page.getByRole('dialog', { name: /uit de verkenner halen/ }).getByRole('button', { name: 'Haal weg' }).click();
    await item.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Zet terug' }).click();
    await item.waitFor();
  });

  test('10,000 agreements are scrolled through with only what is in sight on the page', async () => {
    const page = await visit({ path: '?extra=10000' });
    await page.getByRole('treeitem', { name: /^Afspraken/ }).focus();
    await page.keyboard.press('End');
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('treeitem');
    expect(await page.getByRole('treeitem').count()).toBeLessThan(120);
    const last = await page.evaluate(() => document.activeElement?.textContent);
    await page.keyboard.press('Home');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).not.toBe(last);
  });

  test('a reader gets no way to change anything', async () => {
    const page = await visit();
    await pull(page, (its) => its.services!.workspace.chooseSpace(its.services!.workspace.spaces.find((space) => space.name === 'Tilburg')!.space));
    await page.getByText('Je leest hier mee.').waitFor();
    expect(await page.getByRole('button', { name: 'Nieuw', exact: true }).count()).toBe(0);
    await page.getByRole('treeitem', { name: /^Roken en meeroken/ }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Openen', exact: true }).waitFor();
    expect(await page.getByRole('menuitem', { name: 'Naam wijzigen' }).count()).toBe(0);
  });
});

describe('documents', () => {
  test('side by side, and what was open is open again after a cold start', async () => {
    const page = await visit();
    await page.keyboard.press('Control+Backslash');
    await expect.poll(() => page.getByRole('tablist', { name: 'Open documenten' }).count()).toBe(2);
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Schiedam' }).first().waitFor();
    expect(await page.getByRole('tablist', { name: 'Open documenten' }).count()).toBe(2);
  });

  test('a preview is replaced by the next one, and kept by opening it twice', async () => {
    const page = await visit();
    await page.getByRole('treeitem', { name: /^Roken en meeroken/ }).click();
    await page.getByRole('treeitem', { name: /^Schulden en geldzorgen/ }).click();
    await expect.poll(() => page.getByRole('tab', { name: 'Roken en meeroken' }).count()).toBe(0);
    await page.getByRole('treeitem', { name: /^Schulden en geldzorgen/ }).dblclick();
    await page.getByRole('treeitem', { name: /^Psychische klachten/ }).click();
    await expect.poll(() => page.getByRole('tab', { name: 'Schulden en geldzorgen' }).count()).toBe(1);
  });

  test('the middle mouse button closes a tab', async () => {
    const page = await visit();
    await pull(page, (its) => its.services!.layout.open({ kind: 'page', page: 'help' }));
    await page.getByRole('tab', { name: 'Hulp' }).click({ button: 'middle' });
    await expect.poll(() => page.getByRole('tab', { name: 'Hulp' }).count()).toBe(0);
  });
});

describe('[10] where the work is', () => {
  test('the one status region says it in words, offline and back', async () => {
    const page = await visit();
    expect(await page.getByRole('status').count()).toBe(1);
    await expect.poll(() => syncOf(page)).toBe('relay');
    await pull(page, (its) => its.engine!.outside.goOffline());
    await expect.poll(() => page.getByRole('status').textContent()).toContain('Offline — je kunt doorwerken');
    await pull(page, async (its) => {
      const item = its.engine!.world.items.find((one) => one.registers['title'] === 'Roken en meeroken')!;
      await its.engine!.editFacts(item.item, [{ op: 'set', path: 'owner', value: 'GGD' }]);
    });
    await page.getByText('1 wijziging wacht op deze laptop').waitFor();
    await page.getByRole('status').getByRole('button').click();
    await page.getByRole('tabpanel', { name: 'Bijwerken' }).getByText('Roken en meeroken').waitFor();
    await pull(page, (its) => its.engine!.outside.goOnline());
    await expect.poll(() => syncOf(page)).toBe('relay');
  });

  test('a store that refuses offers a file, at once and in words', async () => {
    const page = await visit();
    await pull(page, (its) => its.engine!.outside.setStatus({ state: 'pending', storeFailure: 'quota', inMemoryCount: 2 }));
    await expect.poll(() => page.getByRole('status').textContent()).toContain('Deze laptop slaat niets meer op');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Bewaar mijn werk als bestand' }).click();
    expect((await download).suggestedFilename()).toBe('niet-verstuurd.txt');
  });

  test('[9] a refused edit is seen, kept as a file, and thrown away only after a question', async () => {
    const page = await visit();
    await pull(page, (its) => its.engine!.outside.park(its.engine!.world.items.find((one) => one.registers['title'] === 'Roken en meeroken')!.item, ''));
    await page.getByRole('status').getByRole('button', { name: /1 wijziging geweigerd/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Geweigerd' }).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Bewaar als bestand' }).click();
    await download;
    await page.getByRole('button', { name: 'Gooi weg' }).click();
    const question = page.getByRole('dialog', { name: 'Dit weggooien?' });
    await question.getByRole('button', { name: 'Terug' }).click();
    await page.getByText('Je rol in deze ruimte').waitFor();
    await page.getByRole('button', { name: 'Gooi weg' }).click();
    await question.getByRole('button', { name: 'Gooi weg' }).click();
    await page.getByRole('heading', { name: 'Niets geweigerd' }).waitFor();
  });
});

describe('coming in and going out', () => {
  test('an invitation asks who you are and opens the workspace', async () => {
    const page = await visit({ path: 'welkom/uitnodiging', signedIn: false });
    await page.getByRole('heading', { name: 'Welkom bij Schiedam' }).waitFor();
    await page.getByRole('button', { name: 'Maak mijn account' }).click();
    await page.getByText('Vul je naam in.').waitFor();
    expect(await page.getByLabel('Naam', { exact: true }).evaluate((element) => element === document.activeElement)).toBe(true);
    await page.getByLabel('Naam', { exact: true }).fill('verloskundige');
    await page.getByLabel('Functie').fill('verloskundige');
    await page.getByLabel('Organisatie').fill('Verloskundigenpraktijk');
    await page.getByLabel('Mailadres van je werk').fill('post@praktijk.nl');
    await page.getByLabel('Wachtwoord').fill('een korte zin');
    await page.getByRole('button', { name: 'Maak mijn account' }).click();
    // The welcome page is called "Welkom bij Schiedam": only the workspace is called just that.
    await page.getByRole('heading', { level: 1, name: 'Schiedam', exact: true }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/');
  });

  test('a sign-in link needs one press and no password', async () => {
    const page = await visit({ path: 'welkom/inloglink', signedIn: false });
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Schiedam' }).waitFor();
  });

  test.each([
    ['gebruikt', 'Deze link is al gebruikt'],
    ['verlopen', 'Deze link is verlopen'],
    ['onzin', 'Deze link klopt niet'],
  ])('a link that does not work (%s) says why and what to do', async (token, title) => {
    const page = await visit({ path: `welkom/${token}`, signedIn: false });
    await page.getByRole('heading', { name: title }).waitFor();
    await page.getByRole('link', { name: 'Naar inloggen' }).waitFor();
  });

  test('a wrong password is said, the right one opens the workspace', async () => {
    const page = await visit({ signedIn: false });
    await page.getByLabel('Mailadres van je werk').fill('post@gemeente.nl');
    await page.getByLabel('Wachtwoord').fill('onjuist');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('Dit adres en wachtwoord horen niet bij elkaar.').waitFor();
    await page.getByLabel('Wachtwoord').fill('een goed wachtwoord');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Schiedam' }).waitFor();
  });

  test('[O] the workspace opens from cold without the relay, as who was here before', async () => {
    const page = await visit();
    await page.goto(`${stage.address}?zonder-relay`);
    await page.getByRole('heading', { level: 1, name: 'Schiedam' }).waitFor();
  });

  test('without the relay and without anybody known, signing in says why it cannot', async () => {
    const page = await visit({ path: '?zonder-relay', signedIn: false });
    await page.getByText('Inloggen lukt alleen met een verbinding.').waitFor();
  });

  test('signing out with unsent work asks first, and staying is the easy way', async () => {
    const page = await visit();
    await pull(page, async (its) => {
      its.engine!.outside.hold(true);
      await its.engine!.editFacts(its.engine!.world.items[0]!.item, [{ op: 'set', path: 'owner', value: 'GGD' }]);
    });
    const out = async (): Promise<void> => {
      await page.getByRole('button', { name: /^Jouw account/ }).click();
      await page.getByRole('menuitem', { name: 'Uitloggen' }).click();
    };
    await out();
    const question = page.getByRole('dialog', { name: /werk dat nog niet verstuurd is/ });
    await question.getByRole('button', { name: 'Blijf ingelogd' }).click();
    await question.waitFor({ state: 'detached' });
    await out();
    await question.getByRole('button', { name: 'Log uit, werk blijft hier' }).click();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
  });
});

test('a space that is still arriving is not called empty', async () => {
  const page = await visit();
  await pull(page, (its) => {
    const { engine, services } = its;
    const space = 'e'.repeat(32);
    engine!.world.spaces.push({ space, kind: 'municipality', name: 'Eemsdelta', role: 'member' });
    engine!.outside.tellSpaces();
    services!.workspace.chooseSpace(space);
  });
  await page.getByText('Eemsdelta komt nu op deze laptop.').waitFor();
  expect(await page.getByRole('tree').getByText('leeg').count()).toBe(0);
  // That it has a log is told before how much of it is to come; the rows of what is here so far, none, are answered in between.
  await pull(page, (its) => {
    its.engine!.world.spaces.at(-1)!.hasLog = true;
    its.engine!.outside.tellSpaces();
    its.engine!.outside.setStatus({ connection: 'live', behindCount: 40 });
  });
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  await page.getByText('Eemsdelta komt nu op deze laptop.').waitFor();
  await pull(page, (its) => its.engine!.outside.setStatus({ connection: 'live', behindCount: 0 }));
  await page.getByRole('heading', { name: 'Welkom in Eemsdelta' }).waitFor();
  expect(await page.getByRole('tree').getByText('leeg').count()).toBeGreaterThan(0);
});

describe('people', () => {
  test('a project leader makes a link that works once', async () => {
    const page = await visit();
    await page.getByRole('button', { name: 'Delen' }).click();
    await page.getByRole('button', { name: 'Uitnodigen' }).click();
    await page.getByRole('radio', { name: /^lezer/ }).check();
    await page.getByRole('button', { name: 'Maak de link' }).click();
    expect(await page.getByRole('textbox', { name: 'Link om te sturen' }).inputValue()).toContain('/welkom/');
  });

  test('a member sees who is there and is not offered to invite', async () => {
    const page = await visit();
    await pull(page, (its) => its.services!.workspace.chooseSpace(its.services!.workspace.spaces.find((space) => space.name === 'Heerlen')!.space));
    await page.getByRole('button', { name: 'Delen' }).click();
    await page.getByRole('heading', { name: 'Leden van Heerlen' }).waitFor();
    expect(await page.getByRole('button', { name: 'Uitnodigen' }).count()).toBe(0);
  });
});

describe('narrow windows', () => {
  test('[X7] nothing scrolls sideways at 320 px', async () => {
    const page = await visit({ width: 320, height: 640 });
    for (const name of ['overview', 'settings', 'help', 'members', 'parked']) {
      await page.evaluate((which) => window.stage.services!.layout.open({ kind: 'page', page: which }), name);
      await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
    }
  });

  test('on a phone the explorer is a sheet that closes when a document opens, and with Escape', async () => {
    const page = await visit({ width: 390, height: 844 });
    const explorer = page.getByRole('complementary', { name: 'Verkenner' });
    expect(await explorer.count()).toBe(0);
    await page.getByRole('button', { name: 'Verkenner' }).click();
    await explorer.waitFor();
    await page.keyboard.press('Escape');
    await explorer.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Verkenner' }).click();
    await page.getByRole('treeitem', { name: /^Roken en meeroken/ }).click();
    await explorer.waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: 'Roken en meeroken' }).waitFor();
  });
});

describe('[X1] axe finds nothing', () => {
  interface Face {
    name: string;
    show(page: Page): Promise<unknown>;
    /** Left by Escape before the next face. */
    isOverlay?: boolean;
    /** A menu in a portal belongs to no landmark while it is open; that rule is a best practice, not of WCAG. */
    without?: string[];
  }
  const run = (page: Page, command: string): Promise<unknown> => page.evaluate((id) => window.stage.services!.run(id), command);
  const FACES: readonly Face[] = [
    { name: 'the overview', show: async () => undefined },
    { name: 'the palette', show: async (page) => (await page.keyboard.press('F1'), page.getByRole('option').first().waitFor()), isOverlay: true },
    { name: 'quick open', show: async (page) => (await page.keyboard.press('Control+p'), page.getByRole('option').first().waitFor()), isOverlay: true },
    { name: 'the account menu', show: async (page) => (await page.getByRole('button', { name: /^Jouw account/ }).click(), page.getByRole('menu').waitFor()), isOverlay: true, without: ['region'] },
    { name: 'the chooser of spaces', show: async (page) => (await page.getByRole('button', { name: /Wissel van gemeente/ }).click(), page.getByRole('option').first().waitFor()), isOverlay: true, without: ['region'] },
    { name: 'the members', show: async (page) => (await run(page, 'people.members.show'), page.getByRole('heading', { name: 'Leden van Schiedam' }).waitFor()) },
    { name: 'inviting', show: async (page) => (await run(page, 'people.member.invite'), page.getByRole('dialog').waitFor()), isOverlay: true },
    { name: 'the settings', show: async (page) => (await run(page, 'settings.page.open'), page.getByRole('heading', { level: 1, name: 'Instellingen' }).waitFor()) },
    { name: 'help', show: async (page) => (await run(page, 'settings.help.open'), page.getByRole('heading', { level: 1, name: 'Hulp' }).waitFor()) },
    { name: 'search', show: async (page) => (await page.keyboard.press('Control+Shift+f'), await page.getByRole('searchbox').fill('terugkoppeling'), page.getByText(/documenten gevonden/).waitFor()) },
    {
      name: 'refused edits',
      show: async (page) => {
        await pull(page, (its) => its.engine!.outside.park(its.engine!.world.items[0]!.item, ''));
        await run(page, 'parked.page.open');
        await page.getByRole('button', { name: 'Gooi weg' }).waitFor();
      },
    },
    { name: 'where the work is', show: async (page) => (await pull(page, (its) => its.services!.layout.showView('sync')), page.getByRole('tabpanel', { name: 'Bijwerken' }).getByRole('heading').waitFor()) },
    {
      name: 'the empty start',
      show: async (page) => {
        await pull(page, (its) => its.services!.layout.open({ kind: 'page', page: 'overview', params: { space: its.services!.workspace.spaces.find((space) => space.name === 'Heerlen')!.space } }));
        await page.getByRole('heading', { name: 'Welkom in Heerlen' }).waitFor();
      },
    },
  ];
  // Looking at every colour of thirteen faces takes its time on a busy machine.
  const FACES_MS_MAX = 600_000;
  test.each(['light', 'dark', 'hc', 'hc-light'])(
    'on the faces of the workbench, in %s',
    async (theme) => {
      const page = await visit({ theme });
      const found: string[] = [];
      for (const face of FACES) {
        await face.show(page);
        // Only colours differ between themes; everything else was looked at in the first.
        const faults = theme === 'light' ? await axe(page, ...(face.without ?? [])) : await axeColours(page);
        found.push(...faults.map((fault) => `${face.name}: ${fault}`));
        if (face.isOverlay) await page.keyboard.press('Escape');
      }
      expect(found).toEqual([]);
    },
    FACES_MS_MAX,
  );

  test.each(['welkom/uitnodiging', 'welkom/gebruikt', 'inloggen'])('on %s', async (path) => {
    const page = await visit({ path, signedIn: false });
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await axe(page)).toEqual([]);
  });

  test('on a phone', async () => {
    const page = await visit({ width: 390, height: 844 });
    expect(await axe(page)).toEqual([]);
    await page.getByRole('button', { name: 'Verkenner' }).click();
    await page.getByRole('tree').waitFor();
    expect(await axe(page)).toEqual([]);
  }, FACES_MS_MAX);
});
