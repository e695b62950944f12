/**
 * A laptop with a real Chromium on a profile folder of its own, behind a bad network of its own, on which somebody types in one document. Of every
 * frame it draws is kept what a person sees: the words, and what the status says of them. Whatever a frame called kept must be found again.
 *
 * Chromium writes cookies half a minute late; a browser that is killed before comes back signed out. That is another promise than these, so the
 * session is put back at every start, and the profile begins with one start that ended properly.
 */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrowserContext, Page } from 'playwright-core'
import type { ItemId } from '../../shared/base/ids.ts'
import { launchPersistent, type LaunchOptions, type PersistentBrowser } from '../support/browser.ts'
import { personIn, type Person, type SyncState } from '../support/person.ts'
import { createChaosProxy, type ChaosProxy } from './chaos-proxy.ts'
import type { Member } from './people.ts'

/** What was on the screen, from this moment until the next one. */
export interface Frame {
  at: number
  state: SyncState
  /** The sentence beside it. */
  said: string
  text: string
}

export interface BrowserLaptop {
  readonly profile: string
  readonly network: ChaosProxy
  readonly context: BrowserContext
  readonly page: Page
  readonly person: Person
  /** Since the last start, of the first tab; oldest first. */
  readonly frames: readonly Frame[]
  readonly isOpen: boolean
  /** Starts the browser and opens the document. In: what runs in every page before the product. */
  open(item: ItemId, options?: OpenOptions): Promise<void>
  /** Another tab of this browser, on the document. */
  openTab(item: ItemId): Promise<Person>
  /** Puts the caret behind the last letter. */
  toEnd(): Promise<void>
  type(text: string, delayMs?: number): Promise<void>
  /** What the document says, without the ends of paragraphs. */
  text(): Promise<string>
  kill(): Promise<void>
  freeze(): Promise<void>
  thaw(): void
  close(): Promise<void>
  dispose(): Promise<void>
}

/** From inside the engine's worker: a transaction that writes, and the moment it stands still for a crash. */
export type Heard = { what: 'transaction'; n: number; durability: string; stores: string[] } | { what: 'crash'; n: number }

export interface OpenOptions {
  scripts?: readonly string[]
  flags?: LaunchOptions['flags']
  /** What a patched worker tells (patched-window.ts). */
  hears?(message: Heard): void
  /** Where to go instead of to the document. */
  path?: string
  /** Whoever asks judges what comes: nothing is waited for. */
  isUnsure?: boolean
}

/** Runs in the page. Said when something on the screen changed, in the frame that draws it. */
const LOOK = `{
  let last = ''
  const look = () => {
    requestAnimationFrame(look)
    const status = document.querySelector('[role="status"][data-sync]')
    const box = document.querySelector('.ProseMirror')
    if (!status || !box) return
    const one = { state: status.dataset.sync, said: status.textContent.trim(), text: box.textContent.replaceAll('\\u00a0', ' ') }
    const key = JSON.stringify(one)
    if (key === last) return
    last = key
    globalThis.samenpadSees?.({ at: Date.now(), ...one })
  }
  requestAnimationFrame(look)
}`

export async function createBrowserLaptop({ folder, name, member, relayPort, network: given, address: front }: {
  folder: string; name: string; member: Member; relayPort: number
  /** Shared with another laptop, where both must have the same address. */
  network?: ChaosProxy
  /** What the browser asks, where something stands before the network. */
  address?: string
}): Promise<BrowserLaptop> {
  const network = given ?? (await createChaosProxy(relayPort))
  const address = front ?? network.address
  const profile = join(folder, `profile-${name}`)
  let browser: PersistentBrowser | null = null
  let person: Person | null = null
  let frames: Frame[] = []
  const running = (): { browser: PersistentBrowser; person: Person } => {
    if (!browser || !person) throw new Error(`${name} is closed`)
    return { browser, person }
  }
  const separator = member.cookie.indexOf('=')
  const cookie = { name: member.cookie.slice(0, separator), value: member.cookie.slice(separator + 1), url: address }
  const goTo = async (one: Person, path: string): Promise<void> => {
    await one.page.goto(address + path)
    await (path === '/' ? one.page.getByRole('tree') : one.text()).waitFor()
  }

  const laptop: BrowserLaptop = {
    profile,
    network,
    get context() {
      return running().browser.context
    },
    get page() {
      return running().person.page
    },
    get person() {
      return running().person
    },
    get frames() {
      return frames
    },
    get isOpen() {
      return browser !== null
    },
    async open(item, { scripts = [], flags = [], hears = () => undefined, path = `/item/${item}`, isUnsure = false } = {}) {
      const opened = await launchPersistent(profile, { flags })
      browser = opened
      const mine: Frame[] = []
      frames = mine
      const { context } = opened
      await context.addCookies([cookie])
      const page = context.pages()[0] ?? (await context.newPage())
      await page.exposeBinding('samenpadSees', (_source, frame: Frame) => void mine.push(frame))
      await page.exposeBinding('samenpadHears', (_source, message: Heard) => void hears(message))
      for (const script of scripts) await context.addInitScript(script)
      await page.addInitScript(LOOK)
      person = await personIn(context, page)
      if (isUnsure) await page.goto(address + path)
      else await goTo(person, path)
    },
    async openTab(item) {
      const tab = await personIn(running().browser.context)
      await goTo(tab, `/item/${item}`)
      return tab
    },
    async toEnd() {
      const { page, text } = running().person
      await text().locator('p').last().click()
      await page.keyboard.press('Control+End')
    },
    type: (text, delayMs = 3) => running().person.page.keyboard.type(text, { delay: delayMs }),
    text: async () => (await running().person.words()).replaceAll('\n', ''),
    async kill() {
      const killed = running().browser
      browser = null
      person = null
      await killed.kill()
    },
    freeze: () => running().browser.freeze(),
    thaw: () => running().browser.thaw(),
    async close() {
      const closed = browser
      browser = null
      person = null
      await closed?.close()
    },
    async dispose() {
      await laptop.close()
      if (!given) await network.dispose()
    },
  }
  return laptop
}

/** One start that ends properly: signed in, the window and what the space holds on the disk. */
export async function prepare(laptop: BrowserLaptop, item: ItemId, options: OpenOptions = {}): Promise<void> {
  // Who was never here before comes in by the front door.
  await laptop.open(item, { ...options, path: '/' })
  await laptop.person.syncIs('relay')
  await laptop.page.goto(`${new URL(laptop.page.url()).origin}/item/${item}`)
  await laptop.person.text().waitFor()
  await laptop.page.evaluate(async () => void (await navigator.serviceWorker.ready))
  // The window of the next start comes from the laptop.
  await laptop.page.reload()
  await laptop.person.text().waitFor()
  await laptop.person.syncIs('relay')
  await laptop.close()
}

/** A profile as a copy of a disk has it; the locks of the browser that has it open are no part of it. */
export function copyProfile(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  cpSync(from, to, { recursive: true, filter: (path) => !/Singleton|DevToolsActivePort|lockfile/.test(path) })
}

/** Waits for what only the world outside knows. Out: ms it took; null when it never came. */
export async function awaited(isTrue: () => Promise<boolean> | boolean, msMax: number, everyMs = 50): Promise<number | null> {
  const began = performance.now()
  while (!(await isTrue())) {
    if (performance.now() - began > msMax) return null
    await sleep(everyMs)
  }
  return performance.now() - began
}
