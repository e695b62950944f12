/** O7 to O12: copied profiles, sleep, hotels, lines that die without a word, trains, and networks without websockets. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { must } from '../../shared/base/assert.ts'
import type { ItemId } from '../../shared/base/ids.ts'
import { below, namedDice, pick } from '../../shared/base/random.ts'
import { tokensIn, tokenText } from '../simulation/tokens.ts'
import { awaited, copyProfile, prepare, type BrowserLaptop, type OpenOptions } from './browser-laptop.ts'
import { BEGIN, percentile, withLaptops, withWorld, type World } from './browser-world.ts'
import { CLOCK_SPEED, createEngineLaptop, type EngineLaptop, type Ledger } from './engine-laptop.ts'
import { createObserver } from './observer.ts'
import { count, type Row, type Trial } from './row.ts'
import { createTlsFront } from './tls-front.ts'

const LEVEL_MS_MAX = 60_000

/** Waits until all laptops and the relay say the same, and judges every token that was typed. */
async function judge(world: World, item: ItemId, laptops: readonly BrowserLaptop[], tokens: readonly string[], violation: (text: string) => void): Promise<void> {
  const texts = async (): Promise<string[]> => Promise.all(laptops.map((laptop) => laptop.text()))
  const isSame = async (): Promise<boolean> => {
    const [first, ...others] = await texts()
    return others.every((text) => text === first) && tokens.every((token) => first?.includes(token))
  }
  for (const laptop of laptops) await laptop.person.syncIs('relay')
  await awaited(isSame, LEVEL_MS_MAX)
  const all = [...(await texts()), await world.atRelay(item)]
  if (new Set(all).size > 1) violation('quiet, and not the same everywhere: a fork')
  for (const text of all) {
    const found = tokensIn(text)
    for (const token of tokens) {
      const times = found.filter((one) => one === token).length
      if (times !== 1) violation(`${token} stands there ${times} times`)
    }
  }
}
const offline = ({ network }: BrowserLaptop): void => {
  network.down()
  network.cut()
}

// ── O7 ──

/** All letters of a page stand in one paragraph, and every frame is read whole: a page of two hundred runs is a trial of something else. */
const RUNS_PER_PAGE = 20

async function copies(trial: Trial): Promise<void> {
  await withLaptops(trial, 'O7', 1, async (world, firstItem, original) => {
    const dice = namedDice(trial.seed, 'O7')
    const runsCount = trial.count(1, 2, 200)
    const pages = new Map<ItemId, string[]>()
    let item = firstItem
    let tokens: string[] = []
    let [serial, leadersMax] = [0, 0]
    const write = async (laptop: BrowserLaptop, times: number): Promise<void> => {
      await laptop.toEnd()
      for (let i = 0; i < times; i++) {
        const token = tokenText(trial.seed, 7, serial++)
        tokens.push(token)
        await laptop.type(`${token} `)
      }
    }
    for (let run = 0; run < runsCount; run++) {
      const violation = (text: string): void => trial.violation(`run ${run}: ${text}`)
      if (run > 0 && run % RUNS_PER_PAGE === 0) {
        item = await world.page(`Proef van O7, vanaf ${run}`, [BEGIN])
        await prepare(original, item)
      }
      if (run % RUNS_PER_PAGE === 0) pages.set(item, (tokens = []))
      // Somebody works without a network, and then the whole laptop is copied, waiting edits included.
      await original.open(item)
      await original.person.syncIs('relay')
      offline(original)
      await write(original, 1 + below(dice, 3))
      await original.person.syncIs('offline')
      await awaited(() => original.frames.at(-1)?.state === 'offline', 5_000)
      await original.close()
      const twin = await world.besides('o7-twin', original)
      copyProfile(original.profile, twin.profile)
      // Both go on writing on the same beginnings, one of them in two tabs.
      await original.open(item)
      await twin.open(item)
      await write(original, 2)
      await write(twin, 2)
      const tab = await original.openTab(item)
      await tab.text().locator('p').last().click()
      await tab.page.keyboard.press('Control+End')
      const token = tokenText(trial.seed, 7, serial++)
      tokens.push(token)
      await tab.page.keyboard.type(`${token} `)
      const leaders = await original.page.evaluate(async () => ((await navigator.locks.query()).held ?? []).filter(({ name }) => name?.startsWith('samenpad-lead-')).length)
      leadersMax = Math.max(leadersMax, leaders)
      if (leaders !== 1) violation(`${leaders} tabs lead`)
      original.network.heal()
      await judge(world, item, [original, twin], tokens, violation)
      // The disk of this morning is put back: it has edits waiting that the relay has long had.
      await original.close()
      await twin.close()
      const restored = await world.besides('o7-restored', original)
      if (run % RUNS_PER_PAGE === 0) copyProfile(twin.profile, join(world.folder, 'morning'))
      copyProfile(join(world.folder, 'morning'), restored.profile)
      await restored.open(item)
      await write(restored, 1)
      await judge(world, item, [restored], tokens, violation)
      await restored.close()
      trial.progress(`${run + 1} of ${runsCount}`)
    }
    // What came later touched no page of before.
    await original.open(item)
    for (const [page, written] of pages) {
      await original.person.page.goto(new URL(`/item/${page}`, original.person.page.url()).href)
      await original.person.text().waitFor()
      await judge(world, page, [original], written, (text) => trial.violation(`at the end: ${text}`))
    }
    const tokensCount = [...pages.values()].reduce((sum, written) => sum + written.length, 0)
    trial.figure(`${count(runsCount, 'run')}, each with a copied profile, a second tab and an old image put back`)
    trial.figure(`${count(tokensCount, 'token')} on ${count(pages.size, 'page')} everywhere once`)
    trial.figure(`${leadersMax} leading tab of two`)
  })
}

export const o7: Row = {
  id: 'O7',
  name: 'Copied profile, second tab, restored image',
  promise: 'copies of one profile that both go on writing end with the same text, nothing lost, doubled or forked; one tab leads',
  target: '200 runs by hand, 2 by default: 0 forks, 0 lost, one leader at a time (the copies share one network; identities under duplication are also in tests/engine/tabs.test.ts)',
  run: copies,
}

// ── O8 ──

const AWAKE_MS_MAX = 10_000

async function sleeps(trial: Trial): Promise<void> {
  await withLaptops(trial, 'O8', 2, async (world, item, sleeper, other) => {
    const tokens: string[] = []
    const levels: number[] = []
    const nightsMs = { small: [3_000], usual: [5_000, 50_000, 20_000, 5_000, 50_000], full: [60_000, 300_000, 600_000, 1_800_000, 60_000, 300_000] }[trial.size]
    let serial = 0
    const write = async (laptop: BrowserLaptop): Promise<string> => {
      const token = tokenText(trial.seed, 8, serial++)
      tokens.push(token)
      // Each has an end of the document: the lid may fall in the middle of a word, and whoever writes on behind its first half would stand in it.
      if (laptop === sleeper) await laptop.toEnd()
      else {
        await laptop.person.text().locator('p').first().click()
        await laptop.page.keyboard.press('Control+Home')
      }
      await laptop.type(`${token} `)
      return token
    }
    for (const laptop of [sleeper, other]) await laptop.open(item)
    for (const [night, nightMs] of nightsMs.entries()) {
      for (const laptop of [sleeper, other]) await laptop.person.syncIs('relay')
      // The lid falls on the last word.
      await write(sleeper)
      await sleeper.freeze()
      await sleep(nightMs / 2)
      // The other network: the relay heard that the old line ended, the laptop never will.
      sleeper.network.halfOpen()
      const meanwhile = await write(other)
      await sleep(nightMs / 2)
      sleeper.thaw()
      const began = performance.now()
      const level = await awaited(async () => (await sleeper.text()).includes(meanwhile) && sleeper.frames.at(-1)?.state === 'relay', LEVEL_MS_MAX)
      if (level === null) trial.violation(`night ${night}: never level again`)
      else levels.push(performance.now() - began)
      await judge(world, item, [sleeper, other], tokens, (text) => void trial.violation(`night ${night}: ${text}`))
      trial.progress(`${night + 1} nights`)
    }
    const worst = Math.max(...levels)
    trial.figure(`${count(nightsMs.length, 'sleep')} of ${nightsMs.map((ms) => `${ms / 1000} s`).join(', ')}`)
    trial.figure(`level ${Math.round(worst)} ms after waking at most`)
    if (worst > AWAKE_MS_MAX) trial.missed(`level after ${(worst / 1000).toFixed(1)} s`)
  }, { paragraphs: [BEGIN, 'Slot. '] })
}

export const o8: Row = {
  id: 'O8',
  name: 'Sleep',
  promise: 'a laptop that stood still wakes on another network and is level again by itself',
  target: 'SIGSTOP of the whole browser six times for 1 to 30 min by hand, five times for 5 to 50 s by default: in sync ≤ 10 s after waking, 0 lost',
  run: sleeps,
}

// ── O9 ──

const PORTAL_MS_MAX = 15_000

interface Hotel {
  name: string
  laptop: BrowserLaptop
  /** How a browser is started that believes the product's certificate. */
  options: OpenOptions
  checkIn(): void
  leave(): void
}

async function portals(trial: Trial): Promise<void> {
  await withLaptops(trial, 'O9', 1, async (world, item, plain) => {
    const tokens: string[] = []
    const noticed: number[] = []
    // Behind a certificate the browser refuses the hotel before the product hears a word; the product must say so all the same.
    const front = await createTlsFront(plain.network.port)
    const secure = await world.besides('o9-https', plain, front.address)
    const hotels: Hotel[] = ([200, 302, 511] as const).map((status) => ({
      name: String(status), laptop: plain, options: {},
      checkIn() {
        plain.network.captivePortal(status)
        plain.network.cut()
      },
      leave: () => void plain.network.heal(),
    }))
    hotels.push({ name: 'a certificate of its own', laptop: secure, options: { flags: front.flags }, checkIn: () => void front.intercept(), leave: () => void front.heal() })
    try {
      await prepare(secure, item, { flags: front.flags })
      const runsCount = trial.count(1, hotels.length, 32)
      for (let run = 0; run < runsCount; run++) {
        const hotel = must(hotels[(run + (runsCount === 1 ? trial.seed : 0)) % hotels.length], 'a hotel')
        await stay(hotel, `run ${run}, ${hotel.name}`)
        trial.progress(`${run + 1} of ${runsCount}`)
      }
      if (runsCount >= hotels.length && front.refusedCount === 0) trial.violation('nobody met the certificate of the hotel')
      const worst = Math.max(...noticed)
      trial.figure(`${count(runsCount, 'portal')} (${hotels.map(({ name }) => name).join(', ')}), each with a reload, a look for a new version and a cold start behind it`)
      trial.figure(`no connection said after ${Math.round(worst)} ms at most`)
      trial.figure(`its certificate refused ${count(front.refusedCount, 'time')}`)
      trial.figure(`${count(tokens.length, 'token')} everywhere once`)
      if (worst > PORTAL_MS_MAX) trial.missed(`said after ${(worst / 1000).toFixed(1)} s`)
    } finally {
      await secure.dispose()
      await front.dispose()
    }

    async function stay({ laptop, options, checkIn, leave }: Hotel, when: string): Promise<void> {
      const violation = (text: string): void => trial.violation(`${when}: ${text}`)
      const write = async (): Promise<void> => {
        const token = tokenText(trial.seed, 9, tokens.length)
        tokens.push(token)
        await laptop.toEnd()
        await laptop.type(`${token} `)
        // Loaded anew before it is called kept, letters of the last tenth of a second are gone, and were never called kept.
        await awaited(() => (({ state, text }) => state !== 'pending' && text.includes(token))(must(laptop.frames.at(-1), 'a frame')), LEVEL_MS_MAX)
      }
      leave()
      await laptop.open(item, options)
      await laptop.person.syncIs('relay')
      checkIn()
      const took = await awaited(() => laptop.frames.at(-1)?.state === 'offline', PORTAL_MS_MAX * 2)
      if (took === null) violation('never said that there is no connection')
      else noticed.push(took)
      await write()
      // A person who sees "offline" loads the page again; and asks for the new version by it.
      await laptop.page.reload()
      await laptop.person.text().waitFor()
      await laptop.page.evaluate(async () => (await navigator.serviceWorker.ready).update().then(() => 'looked', () => 'refused'))
      if (await laptop.page.getByText('Gratis wifi').count()) violation('the page of the hotel is shown as the product')
      if (!(await laptop.text()).includes(must(tokens.at(-1), 'typed'))) violation('what was typed is gone after loading again')
      await write()
      await laptop.person.syncIs('offline')
      const cached = await laptop.page.evaluate(async () => {
        for (const name of await caches.keys()) {
          const cache = await caches.open(name)
          for (const request of await cache.keys()) if ((await (await cache.match(request))?.text())?.includes('Gratis wifi')) return request.url
        }
        return null
      })
      if (cached !== null) violation(`the page of the hotel was kept as ${cached}`)
      // Closed and opened again behind the same portal: from cold.
      await laptop.close()
      await laptop.open(item, options)
      if (await laptop.page.getByRole('button', { name: 'Log in' }).count()) violation('signed out by the portal')
      leave()
      await judge(world, item, [laptop], tokens, violation)
      await laptop.close()
    }
  })
}

export const o9: Row = {
  id: 'O9',
  name: 'Captive portal',
  promise: 'the login page of a network is never taken for the product or for an answer: nothing cached, nobody signed out, nothing wiped',
  target: '200, 302, 511 and, where the product is behind https, a certificate of its own: no connection said ≤ 15 s, 0 lost',
  run: portals,
}

// ── O12 ──

const BAD_LINE_BYTES_PER_SECOND = 10_000
const PASTES_COUNT = 3
const PASTE_BYTES = 250_000
/** The line needs 75 s for them, and more for what is said beside them. */
const PASTES_MS_MAX = 240_000

/** Somebody pastes a report, in parts, where requests are all there is and the line is bad: none of them is given up and begun anew while it goes. */
async function overBadLine(laptop: BrowserLaptop, { figure, violation }: Trial): Promise<void> {
  await laptop.person.syncIs('relay')
  const carriedBefore = laptop.network.carriedBytes
  laptop.network.bandwidth(BAD_LINE_BYTES_PER_SECOND)
  const from = laptop.frames.length
  for (let at = 0; at < PASTES_COUNT; at++) await laptop.page.keyboard.insertText('zorg '.repeat(PASTE_BYTES / 5))
  await awaited(() => laptop.frames.at(-1)?.state !== 'relay', 20_000)
  const took = await awaited(() => laptop.frames.at(-1)?.state === 'relay', PASTES_MS_MAX)
  const carried = laptop.network.carriedBytes - carriedBefore
  laptop.network.bandwidth(Infinity)
  if (took === null) return violation(`${PASTES_COUNT} parts of ${PASTE_BYTES / 1000} kB never came over a line of ${BAD_LINE_BYTES_PER_SECOND / 1000} kB/s; ${Math.round(carried / 1000)} kB crossed it`)
  if (laptop.frames.slice(from).some(({ state }) => state === 'offline')) violation('said offline over a line that was slow')
  figure(`${(PASTES_COUNT * PASTE_BYTES) / 1000} kB over a line of ${BAD_LINE_BYTES_PER_SECOND / 1000} kB/s in ${(took / 1000).toFixed(0)} s, ${Math.round(carried / 1000)} kB carried`)
}

async function noWebsockets(trial: Trial): Promise<void> {
  await withLaptops(trial, 'O12', 2, async (world, item, laptop, other) => {
    const tokens: string[] = []
    const write = async (one: BrowserLaptop): Promise<void> => {
      const token = tokenText(trial.seed, 12, tokens.length)
      tokens.push(token)
      await one.type(`${token} `)
    }
    laptop.network.refuseUpgrade()
    for (const one of [laptop, other]) await one.open(item)
    // Each in a paragraph of its own: where letters of a word are still on their way, what another types behind the first of them parts them for good.
    await laptop.person.text().locator('p').first().click()
    await laptop.page.keyboard.press('End')
    await other.toEnd()
    await other.page.keyboard.press('Enter')
    const isLive = (await awaited(() => laptop.frames.at(-1)?.state === 'relay', 20_000)) !== null
    const rounds = trial.count(1, 4, 20)
    for (let round = 0; round < rounds; round++) {
      await write(laptop)
      await write(other)
      await sleep(300)
    }
    if (isLive && rounds > 1) await overBadLine(laptop, trial)
    const said = laptop.frames.at(-1)?.said ?? ''
    if (!isLive) {
      trial.figure(`no fall-back: it says “${said}”`)
      if (!said.startsWith('Offline')) trial.violation('neither a way around nor a reason')
      laptop.network.heal()
    } else trial.figure(`level over HTTP`)
    await judge(world, item, [laptop, other], tokens, trial.violation)
    trial.figure(`${count(tokens.length, 'token')} everywhere once${isLive ? '' : ' after websockets came back'}`)
  })
}

export const o12: Row = {
  id: 'O12',
  name: 'Websockets refused',
  promise: 'a network that blocks websockets costs speed, not work',
  target: 'everything over the HTTP twin, or reading and writing offline with a reason; 0 lost, never whole documents against each other',
  run: noWebsockets,
}

// ── O10 and O11: the real engine and its real transport, without a window; its clock runs faster ──

async function withEngines(trial: Trial, names: readonly string[], speed: number, work: (world: World, laptops: EngineLaptop[], ledger: Ledger) => Promise<void>): Promise<void> {
  await withWorld(trial, names.length, async (world) => {
    const ledger: Ledger = new Map()
    const laptops: EngineLaptop[] = []
    try {
      for (const [i, name] of names.entries()) {
        const laptop = await createEngineLaptop({ name, user: i, member: world.member(i), relayPort: world.relay.port, seed: trial.seed, ledger, clock: { speed, offsetMs: 0 } })
        laptops.push(laptop)
        await laptop.open()
      }
      await awaited(async () => (await Promise.all(laptops.map(async (one) => (await one.isQuiet()) && (await must(one.engine, 'open').spaces()).some(({ hasLog }) => hasLog !== undefined)))).every(Boolean), LEVEL_MS_MAX)
      await work(world, laptops, ledger)
    } finally {
      for (const laptop of laptops) await laptop.dispose()
    }
  })
}
const waitingOf = async ({ engine }: EngineLaptop): Promise<number> => {
  const { waitingCount, inMemoryCount } = await must(engine, 'open').status()
  return waitingCount + inMemoryCount
}
async function judgeEngines(world: World, item: ItemId, laptops: readonly EngineLaptop[], ledger: Ledger, violation: (text: string) => void): Promise<void> {
  const contents = async (): Promise<string[]> => Promise.all(laptops.map(async (one) => (await one.contents([item]))[0] ?? ''))
  const isLevel = async (): Promise<boolean> => (await Promise.all(laptops.map((one) => one.isQuiet()))).every(Boolean) && new Set(await contents()).size === 1
  if ((await awaited(isLevel, LEVEL_MS_MAX)) === null) violation(`never level: ${(await Promise.all(laptops.map((one) => one.describe()))).join('; ')}`)
  const found = tokensIn((await contents())[0] ?? '')
  const atRelay = tokensIn(await world.atRelay(item))
  for (const { token, isStored } of ledger.values()) {
    const times = found.filter((one) => one === token).length
    if (times > 1 || (times === 0 && isStored)) violation(`${token} stands there ${times} times`)
    if (times === 1 && !atRelay.includes(token)) violation(`${token} is not at the relay`)
  }
}

const HALF_OPEN_MS_MAX = 45_000

async function halfOpens(trial: Trial): Promise<void> {
  await withEngines(trial, ['a', 'b', 'c'], CLOCK_SPEED, async (world, laptops, ledger) => {
    const item = await must(laptops[0], 'three').createItem(world.space)
    for (const laptop of laptops) await awaited(() => laptop.see(item), LEVEL_MS_MAX)
    const kinds = ['half-open', 'up', 'down', 'both'] as const
    const runsCount = trial.count(2, 8, 80)
    const noticed: number[] = []
    let tooGood = 0
    for (let run = 0; run < runsCount; run++) {
      const laptop = must(laptops[run % laptops.length], 'three')
      const kind = must(kinds[run % kinds.length], 'a kind')
      await awaited(() => laptop.isQuiet(), LEVEL_MS_MAX)
      if (kind === 'half-open') laptop.network.halfOpen()
      else laptop.network.blackhole(kind)
      const began = performance.now()
      await laptop.type(item)
      // Whatever the line does, what the relay cannot have acknowledged waits. (Held back on the way down it may be there: then it waits too.)
      const took = await awaited(async () => {
        const { connection, state } = await must(laptop.engine, 'open').status()
        if (state === 'relay') tooGood++
        return connection !== 'live'
      }, (HALF_OPEN_MS_MAX * 2) / CLOCK_SPEED, 20)
      if (took === null) trial.violation(`run ${run}, ${kind}: not noticed`)
      else noticed.push((performance.now() - began) * CLOCK_SPEED)
      if ((await waitingOf(laptop)) === 0) trial.violation(`run ${run}, ${kind}: nothing waits, and nobody acknowledged it`)
      laptop.network.heal()
      laptop.network.cut()
      trial.progress(`${run + 1} of ${runsCount}`)
    }
    if (tooGood > 0) trial.violation(`${tooGood} times called at the relay over a dead line`)
    await judgeEngines(world, item, laptops, ledger, trial.violation)
    const worst = Math.max(...noticed)
    trial.figure(`${count(runsCount, 'dead line')} (half-open, black hole up, down, both)`)
    trial.figure(`noticed after ${(worst / 1000).toFixed(1)} s at most`)
    trial.figure(`${count(ledger.size, 'token')} traced`)
    if (worst > HALF_OPEN_MS_MAX) trial.missed(`noticed after ${(worst / 1000).toFixed(1)} s`)
  })
}

export const o10: Row = {
  id: 'O10',
  name: 'Half-open TCP',
  promise: 'a line that died without a word is noticed, and meanwhile nothing looks acknowledged',
  target: `noticed ≤ 45 s, 0 edits called at the relay over a dead line (real engine and websocket, its clock ${CLOCK_SPEED}× as fast)`,
  run: halfOpens,
}

const UP_MS = 2_000
const LATE_MS = 300
/** In every fourth window somebody pastes about a page instead of writing a word. */
const PAGE_EVERY = 4
const PAGE_TEXT = ' een afspraak die iemand in de trein overnam'.repeat(90)
const PAGE_BYTES_SHARE_MAX = 3

async function flapping(trial: Trial): Promise<void> {
  await withEngines(trial, ['a', 'b'], 1, async (world, laptops, ledger) => {
    const dice = namedDice(trial.seed, 'O11')
    const item = await must(laptops[0], 'two').createItem(world.space)
    for (const laptop of laptops) await awaited(() => laptop.see(item), LEVEL_MS_MAX)
    const [train] = laptops as [EngineLaptop, EngineLaptop]
    const windowsCount = trial.count(3, 20, 150)
    let [moved, holes, longestStill, still] = [0, 0, 0, 0]
    /** Whatever a window carried while a page waited is counted to pages: one that met a black hole goes with the next. */
    const spent = { words: { windows: 0, carried: 0, opening: 0 }, pages: { windows: 0, carried: 0, opening: 0 } }
    let [pagesCount, isPageWaiting] = [0, false]
    for (let i = 0; i < windowsCount; i++) {
      train.network.down()
      train.network.cut()
      const { carriedBytes, openingBytes } = train.network
      const isPage = i % PAGE_EVERY === PAGE_EVERY - 1
      if (isPage) pagesCount++
      isPageWaiting ||= isPage
      await train.type(item, isPage ? PAGE_TEXT : '')
      await sleep(UP_MS)
      const waiting = await waitingOf(train)
      train.network.heal()
      train.network.delay(LATE_MS / 2)
      // A window without a network to speak of: three in a hundred. Nothing can be acknowledged in it, and nothing may be lost.
      const isHole = below(dice, 100) < 3
      if (isHole) train.network.blackhole(pick(dice, ['up', 'down'] as const))
      await sleep(UP_MS)
      const left = await waitingOf(train)
      if (isHole) holes++
      else if (left < waiting) {
        moved++
        still = 0
      } else longestStill = Math.max(longestStill, ++still)
      const of = isPageWaiting ? spent.pages : spent.words
      if (left === 0) isPageWaiting = false
      of.windows++
      of.carried += train.network.carriedBytes - carriedBytes
      of.opening += train.network.openingBytes - openingBytes
      trial.progress(`${i + 1} of ${windowsCount} windows`)
    }
    const atTheEnd = train.network.carriedBytes
    train.network.heal()
    await judgeEngines(world, item, laptops, ledger, trial.violation)
    if (isPageWaiting) spent.pages.carried += train.network.carriedBytes - atTheEnd
    const usable = windowsCount - holes
    trial.figure(`${count(usable, 'window')} of 2 s up after 2 s down at 300 ms, and ${count(holes, 'black hole')}`)
    trial.figure(`progress in ${moved} of them, at most ${longestStill} in a row without`)
    const observer = createObserver(world.space, dice, trial.violation)
    await observer.connect(`http://localhost:${world.relay.port}`, world.member(0).cookie)
    observer.cut()
    const sizes = observer.seen.filter((entry) => entry.item === item && entry.part === 'prose').map(({ payload }) => payload.length)
    const wordBytes = Math.round(percentile(sizes.filter((bytes) => bytes < PAGE_TEXT.length), 0.5))
    const each = ({ windows, carried, opening }: typeof spent.words): string => `${Math.round(carried / windows)} bytes, ${Math.round(opening / windows)} of them to open a websocket`
    trial.figure(`a window with a word of ${wordBytes} bytes carries ${each(spent.words)}`)
    if (spent.pages.windows > 0) {
      const share = spent.pages.carried / (pagesCount * PAGE_TEXT.length)
      trial.figure(`one with a page of ${(PAGE_TEXT.length / 1000).toFixed(1)} kB carries ${each(spent.pages)}: ${share.toFixed(1)} times what was written`)
      if (share > PAGE_BYTES_SHARE_MAX) trial.missed(`${share.toFixed(1)} times the page`)
    }
    trial.figure(`${count(ledger.size, 'token')} traced`)
    if (moved < usable) trial.missed(`progress in ${Math.round((100 * moved) / usable)} % of the windows`)
  })
}

export const o11: Row = {
  id: 'O11',
  name: 'Flapping',
  promise: 'a line that comes and goes every two seconds is used whenever it is there, and loses nothing',
  target: '10 min by hand, 80 s by default: progress in every up-window, jittered back-off ≤ 30 s, 0 lost (a proxy of streams cannot lose packets: 3 % of the windows are black holes instead, and counted apart; bytes ≤ 3 times what was written where that is a page: opening a websocket and greeting take what they take, also for one word)',
  run: flapping,
}

