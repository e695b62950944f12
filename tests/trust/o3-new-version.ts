/** O3: another version of the window is put beside the relay, forward and back, while edits are unsent and two tabs are open. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DIST } from '../../server/assemble.ts'
import type { Person } from '../support/person.ts'
import { tokensIn, tokenText } from '../simulation/tokens.ts'
import { awaited } from './browser-laptop.ts'
import { withLaptops } from './browser-world.ts'
import { relayWithWindow } from './patched-window.ts'
import { count, type Row, type Trial } from './row.ts'

const HANG_MS = 45_000
const LOCK = 'samenpad-unsent'

/** Puts the window of that name beside the relay, as an update of the installation does. */
function publish(dist: string, name: string): void {
  for (const file of ['index.html', 'sw.js']) {
    for (const packed of ['.br', '.gz']) rmSync(join(dist, file + packed), { force: true })
    const built = readFileSync(join(DIST, file), 'utf8')
    writeFileSync(join(dist, file), file === 'sw.js' ? built.replace(/(url:"index\.html",revision:")[^"]*/, `$1${name}`) : built.replace('<head>', `<head><meta name="version" content="${name}">`))
  }
}
const versionOf = ({ page }: Person): Promise<string> => page.evaluate(() => document.querySelector('meta[name="version"]')?.getAttribute('content') ?? 'built')
const stamp = ({ page }: Person): Promise<void> => page.evaluate(() => void ((globalThis as unknown as { stays: boolean }).stays = true))
const isStamped = ({ page }: Person): Promise<boolean> => page.evaluate(() => (globalThis as unknown as { stays?: boolean }).stays === true)

async function updates(trial: Trial): Promise<void> {
  let dist = ''
  await withLaptops(trial, 'O3', 1, async (world, item, laptop) => {
    const roundsCount = trial.count(1, 4, 100)
    const tokens: string[] = []
    const wrongAnswers: string[] = []
    let [answers, refusals] = [0, 0]
    await laptop.open(item)
    const tab = await laptop.openTab(item)
    const tabs = [laptop.person, tab]
    for (const { page } of tabs)
      page.on('response', (response) => {
        if (!response.url().includes('/assets/')) return
        answers++
        if (response.status() >= 400) wrongAnswers.push(`${response.status()} ${response.url()}`)
      })
    for (let round = 0; round < roundsCount; round++) {
      const violation = (text: string): void => trial.violation(`round ${round}: ${text}`)
      // Forward, and back again to the one before.
      const name = round % 2 === 0 ? `next-${round}` : 'rolled-back'
      const before = await versionOf(laptop.person)
      await laptop.person.syncIs('relay')
      for (const one of tabs) await stamp(one)
      // Web pages come through, the work does not, by whatever way: a laptop that is slow here finds the detour over plain requests.
      await laptop.context.route('**/sync/**', (route) => route.abort())
      laptop.network.refuseUpgrade()
      laptop.network.cut()
      await laptop.person.syncIs('offline')
      const token = tokenText(trial.seed, 33, round)
      tokens.push(token)
      await laptop.toEnd()
      await laptop.type(`${token} `)
      await awaited(() => laptop.frames.at(-1)?.state === 'offline', HANG_MS)
      publish(dist, name)
      await laptop.page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()))
      for (const one of tabs) {
        const offer = one.page.getByRole('button', { name: 'Vernieuw nu' }).last()
        await offer.waitFor({ timeout: HANG_MS })
        await offer.click()
        await one.page.getByText('De nieuwe versie wacht tot je werk bij het knooppunt staat.').last().waitFor({ timeout: HANG_MS })
        refusals++
      }
      for (const one of tabs) if (!(await isStamped(one)) || (await versionOf(one)) !== before) violation('a tab was loaded anew over unsent work')
      if (round === 0) await laptop.page.getByRole('button', { name: 'Instellen' }).first().click()
      await laptop.context.unroute('**/sync/**')
      laptop.network.heal()
      await laptop.person.syncIs('relay')
      await awaited(() => laptop.page.evaluate(async (lock) => !(await navigator.locks.query()).held?.some(({ name: held }) => held === lock), LOCK), HANG_MS)
      for (const one of tabs) if (!(await isStamped(one))) violation('a tab was loaded anew without being asked')
      await laptop.page.getByRole('button', { name: 'Vernieuw nu' }).last().click()
      for (const one of tabs) if ((await awaited(async () => (await versionOf(one).catch(() => '')) === name, HANG_MS)) === null) violation(`a tab stays on ${await versionOf(one)}`)
      for (const one of tabs) {
        await one.page.goto(`${laptop.network.address}/item/${item}`)
        await one.text().waitFor()
      }
      await laptop.person.syncIs('relay')
      for (const text of [await laptop.text(), await world.atRelay(item)]) for (const one of tokens) if (tokensIn(text).filter((found) => found === one).length !== 1) violation(`${one} stands there not once`)
      trial.progress(`${round + 1} of ${roundsCount}`)
    }
    for (const answer of wrongAnswers) trial.violation(`a part of the window was not there: ${answer}`)
    for (const { errors } of tabs) for (const error of errors) trial.violation(`the page reported ${error.slice(0, 200)}`)
    trial.figure(`${count(roundsCount, 'new version')} with unsent edits, every other one a roll-back, 2 tabs`)
    trial.figure(`${refusals} times asked for and put off, 0 loads without consent`)
    trial.figure(`${answers} parts of the window answered, ${wrongAnswers.length} missing`)
    trial.figure(`${count(tokens.length, 'token')} kept`)
  }, {
    makeRelay(data, folder) {
      dist = join(folder, 'dist')
      cpSync(DIST, dist, { recursive: true })
      return relayWithWindow(data, dist)
    },
  })
}

export const o3: Row = {
  id: 'O3',
  name: 'Service worker update',
  promise: 'a new version, or an older one put back, waits for a person and for the work; nothing is loaded anew before',
  target: '100 versions by hand, 4 by default: 0 lost, 0 reloads without consent, 0 parts of the window missing (the versions differ in their page, not in their parts)',
  run: updates,
}
