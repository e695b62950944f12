// What people see where something is not there any more, what they call things, and whether words stay whole: on the stage, in a real browser.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../support/browser.ts';
import { buildStage, serveStage, type Stage } from './stage.ts';

let stage: Stage;
let browser: Browser;
const open: BrowserContext[] = [];

beforeAll(async () => {
  stage = await serveStage(await buildStage());
  browser = await launchChromium();
});
afterAll(async () => {
  for (const context of open) await context.close();
  await browser?.close();
  await stage?.[Symbol.asyncDispose]();
});

interface Options {
  width?: number;
  height?: number;
  theme?: string;
  forcedColors?: 'active';
}

/** The project leader of Schiedam in a fresh browser profile. */
async function visit({ width = 1440, height = 900, theme = 'light', forcedColors }: Options = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'nl-NL', timezoneId: 'Europe/Amsterdam', reducedMotion: 'reduce', ...(forcedColors ? { forcedColors } : {}) });
  open.push(context);
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.addInitScript((chosen) => {
    if (sessionStorage.getItem('begun')) return;
    sessionStorage.setItem('begun', 'yes');
    localStorage.setItem('samenpad.appearance', JSON.stringify({ theme: chosen, density: 'normal', language: 'nl' }));
    sessionStorage.setItem('stage.signed-in', 'yes');
  }, theme);
  await page.goto(stage.address);
  await page.getByRole('heading', { level: 1, name: 'Schiedam' }).waitFor();
  return page;
}
/** Nothing in the stage is told by a role or a name: the test pulls its strings directly. */
const pull = <T>(page: Page, what: (stage: Window['stage']) => T): Promise<T> => page.evaluate(`(${what.toString()})(window.stage)`) as Promise<T>;

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
