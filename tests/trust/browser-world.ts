/** A relay as people run it, one space, its members, documents in it, and a headless laptop that says what the relay holds. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../../shared/base/assert.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import { namedDice, type Dice } from '../../shared/base/random.ts'
import * as Y from 'yjs'
import { createEngineLaptop, type EngineLaptop } from './engine-laptop.ts'
import { settle, type Group, type Member } from './people.ts'
import { relayProcess, ROOT, withFolder, type RelayProcess } from './relay-process.ts'
import { awaited, createBrowserLaptop, prepare, type BrowserLaptop } from './browser-laptop.ts'
import type { Trial } from './row.ts'

export interface World {
  readonly folder: string
  readonly data: string
  readonly relay: Pick<RelayProcess, 'port' | 'start' | 'kill'>
  readonly group: Group
  readonly space: SpaceId
  member(i: number): Member
  /** At the relay when this resolves. */
  page(title: string, paragraphs: readonly string[]): Promise<ItemId>
  /** Prepared: started once and closed properly. */
  laptop(name: string, member: number, item: ItemId): Promise<BrowserLaptop>
  /** A laptop of the first member as another one stands there, on its network, not started yet; ended with the world. */
  besides(name: string, other: BrowserLaptop, address?: string): Promise<BrowserLaptop>
  /** The text of a document as somebody new to it gets it from the relay. */
  atRelay(item: ItemId): Promise<string>
}

/** The first paragraph of every document that a trial begins with. */
export const BEGIN = 'Begin. '

const LEVEL_MS_MAX = 60_000

/** Why no real browser can show the window here; null where one can. */
export function whyNoWindow(): string | null {
  if (!existsSync(join(ROOT, 'dist/index.html'))) return 'the window is not built (npm run build)'
  return process.env.CHROMIUM_PATH || (process.platform === 'linux' && process.arch === 'x64') ? null : 'no browser: set CHROMIUM_PATH'
}

/** A laptop without a screen that has heard how much there is, and all of it. */
export async function headlessLaptop(name: string, member: Member, relayPort: number, seed: number): Promise<EngineLaptop> {
  const laptop = await createEngineLaptop({ name, user: 0, member, relayPort, seed, ledger: new Map() })
  await laptop.open()
  const isLevel = async (): Promise<boolean> => (await must(laptop.engine, 'open').spaces()).some(({ hasLog }) => hasLog !== undefined) && (await laptop.isQuiet())
  if ((await awaited(isLevel, LEVEL_MS_MAX)) === null) throw new Error(`never level: ${await laptop.describe()}`)
  return laptop
}

/** Writes a knowledge page. Out: when it is at the relay. */
export async function writePage(laptop: EngineLaptop, dice: Dice, space: SpaceId, title: string, paragraphs: readonly string[]): Promise<ItemId> {
  const doc = new Y.Doc()
  doc.clientID = dice.uint32()
  doc.getXmlFragment('prose').insert(0, paragraphs.map((text) => {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText(text)])
    return paragraph
  }))
  const item = await must(laptop.engine, 'open').createItem({ space, type: 'knowledge', edits: [{ op: 'set', path: 'title', value: title }], prose: Y.encodeStateAsUpdate(doc) })
  await awaited(() => laptop.isQuiet(), LEVEL_MS_MAX)
  return item
}

/** What a document says on a laptop. */
export async function proseOf({ engine }: EngineLaptop, item: ItemId): Promise<string> {
  const { prose } = await must(engine, 'open').openItem(item)
  const doc = new Y.Doc()
  Y.applyUpdate(doc, prose.update)
  return textOf(doc)
}

/**
 * Skips the row where there is no built window or no browser.
 * In: `makeRelay` for a relay with another window than the built one.
 */
export async function withWorld(trial: Trial, membersCount: number, work: (world: World) => Promise<void>, makeRelay: (data: string, folder: string) => World['relay'] = (data) => relayProcess({ data })): Promise<void> {
  const reason = whyNoWindow()
  if (reason !== null) return trial.skip(reason)
  await withFolder(async (folder) => {
    const data = join(folder, 'data')
    const group = settle(data, 1, membersCount)
    const relay = makeRelay(data, folder)
    await relay.start()
    const dice = namedDice(trial.seed, 'world')
    const space = must(group.spaces[0], 'a space')
    const laptops: { dispose(): Promise<void> }[] = []
    let serial = 0
    const headless = (): Promise<EngineLaptop> => headlessLaptop(`headless ${serial++}`, must(group.members[0], 'a member'), relay.port, trial.seed)
    try {
      await work({
        folder, data, relay, group, space,
        member: (i) => must(group.members[i], 'a member'),
        async page(title, paragraphs) {
          const laptop = await headless()
          const item = await writePage(laptop, dice, space, title, paragraphs)
          await laptop.dispose()
          return item
        },
        async laptop(name, member, item) {
          const laptop = await createBrowserLaptop({ folder, name, member: must(group.members[member], 'a member'), relayPort: relay.port })
          laptops.push(laptop)
          await prepare(laptop, item)
          return laptop
        },
        async besides(name, { network }, address) {
          const laptop = await createBrowserLaptop({ folder, name, member: must(group.members[0], 'a member'), relayPort: relay.port, network, ...(address === undefined ? {} : { address }) })
          laptops.push(laptop)
          return laptop
        },
        async atRelay(item) {
          const laptop = await headless()
          try {
            return await proseOf(laptop, item)
          } finally {
            await laptop.dispose()
          }
        },
      })
    } finally {
      for (const laptop of laptops) await laptop.dispose()
      await relay.kill()
    }
  })
}

/** As `withWorld`, with one document and a laptop of every member that has it. */
export const withLaptops = (
  trial: Trial, id: string, membersCount: number, work: (world: World, item: ItemId, ...laptops: BrowserLaptop[]) => Promise<void>,
  { paragraphs = [BEGIN], makeRelay }: { paragraphs?: readonly string[]; makeRelay?: Parameters<typeof withWorld>[3] } = {},
): Promise<void> =>
  withWorld(trial, membersCount, async (world) => {
    const item = await world.page(`Proef van ${id}`, paragraphs)
    const laptops: BrowserLaptop[] = []
    for (let member = 0; member < membersCount; member++) laptops.push(await world.laptop(`${id.toLowerCase()}-${member}`, member, item))
    await work(world, item, ...laptops)
  }, makeRelay)

/** Every letter in order, without the ends of paragraphs: as a browser says `textContent`. */
export function textOf(doc: Y.Doc): string {
  const inside = (node: Y.XmlElement | Y.XmlFragment): string =>
    node.toArray().map((child) => (child instanceof Y.XmlText ? (child.toDelta() as { insert: unknown }[]).map(({ insert }) => (typeof insert === 'string' ? insert : '')).join('') : child instanceof Y.XmlHook ? '' : inside(child))).join('')
  return inside(doc.getXmlFragment('prose')).replaceAll('\u00a0', ' ')
}

/** Of figures: `p` between 0 and 1. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0
}
