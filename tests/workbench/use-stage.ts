// The stage and a browser for the tests of a file, and fresh people who visit it. Windows are closed after the test that opened them: some forty that
// nobody looks at any more keep a machine busy.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { launchChromium } from '../support/browser.ts';
import { buildStage, serveStage, type Stage } from './stage.ts';

export interface VisitOptions {
  width?: number;
  height?: number;
  theme?: string;
  /** Behind the address of the stage. */
  path?: string;
  signedIn?: boolean;
  forcedColors?: 'active';
  /** Stays open until the last test of the file. */
  isKept?: boolean;
}

export interface UsedStage {
  /** Ends in a slash. */
  readonly address: string;
  /** The project leader of Schiedam in a fresh browser profile; a fault in the page fails the test. */
  visit(options?: VisitOptions): Promise<Page>;
}

/** To be called once, at the top of a file of tests. */
export function useStage(): UsedStage {
  let stage: Stage;
  let browser: Browser;
  const [ofTest, ofFile]: [BrowserContext[], BrowserContext[]] = [[], []];
  const closeAll = async (contexts: BrowserContext[]): Promise<void> => {
    for (const context of contexts.splice(0)) await context.close();
  };
  beforeAll(async () => {
    stage = await serveStage(await buildStage());
    browser = await launchChromium();
  });
  afterEach(() => closeAll(ofTest));
  afterAll(async () => {
    await closeAll(ofFile);
    await browser?.close();
    await stage?.[Symbol.asyncDispose]();
  });
  return {
    get address() {
      return stage.address;
    },
    async visit({ width = 1440, height = 900, theme = 'light', path = '', signedIn = true, forcedColors, isKept = false } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, locale: 'nl-NL', timezoneId: 'Europe/Amsterdam', reducedMotion: 'reduce', ...(forcedColors ? { forcedColors } : {}) });
      (isKept ? ofFile : ofTest).push(context);
      const page = await context.newPage();
      page.on('pageerror', (error) => {
        throw error;
      });
      await page.addInitScript(
        ([chosen, isIn]) => {
          if (sessionStorage.getItem('begun')) return;
          sessionStorage.setItem('begun', 'yes');
          localStorage.setItem('samenpad.appearance', JSON.stringify({ theme: chosen, density: 'normal', language: 'nl' }));
          if (isIn) sessionStorage.setItem('stage.signed-in', 'yes');
        },
        [theme, signedIn] as const,
      );
      await page.goto(stage.address + path);
      if (signedIn) await page.getByRole('heading', { level: 1, name: 'Schiedam' }).waitFor();
      return page;
    },
  };
}

/** Nothing in the stage is told by a role or a name: the test pulls its strings directly. */
export const pull = <T>(page: Page, what: (stage: Window['stage']) => T): Promise<T> => page.evaluate(`(${what.toString()})(window.stage)`) as Promise<T>;
