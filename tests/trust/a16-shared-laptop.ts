/**
 * A16: two people on one laptop, in one browser profile. The second, of another municipality, sees nothing of the first, with and without words that the
 * first could not send yet; and those are there, and reach the relay, when the first comes back. How people sign in and out by hand is in
 * tests/e2e/shared-laptop.e2e.test.ts; here the browser is also closed in between, or killed.
 */
import { namedDice } from '../../shared/base/random.ts'
import { must } from '../../shared/base/assert.ts'
import { reach } from '../support/reach.ts'
import { tokenText } from '../simulation/tokens.ts'
import { awaited, createBrowserLaptop, prepare, type BrowserLaptop } from './browser-laptop.ts'
import { headlessLaptop, proseOf, whyNoWindow, writePage } from './browser-world.ts'
import { withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { withTown, type Town, type Townsman } from './town.ts'

const LEVEL_MS_MAX = 60_000
const BEGIN = 'Begin. '
/** How the first leaves the laptop. */
const ENDS = ['the browser stays open', 'the browser is closed', 'the browser is killed'] as const

async function signInAs(laptop: BrowserLaptop, { cookie }: Townsman): Promise<void> {
  const at = cookie.indexOf('=')
  await laptop.context.addCookies([{ name: cookie.slice(0, at), value: cookie.slice(at + 1), url: laptop.network.address }])
}

async function share(town: Town, trial: Trial, folder: string): Promise<void> {
  const { relay } = town
  const dice = namedDice(trial.seed, 'A16')
  const runsCount = trial.count(2, 6, 24)
  let [searched, words, kept] = [0, 0, 0]
  for (let run = 0; run < runsCount && relay.isUp; run++) {
    const isUnsent = run % 2 === 0
    const end = must(ENDS[Math.floor(run / 2) % ENDS.length], 'one')
    const violation = (text: string): void => trial.violation(`run ${run}, ${isUnsent ? 'with unsent words' : 'all sent'}, ${end}: ${text}`)
    const [space, elsewhere] = [town.space(2 * run), town.space(2 * run + 1)]
    const canary = (i: number): string => tokenText(trial.seed, run, i)
    const first = town.somebody(space, 'member', `${canary(0)} de eerste`)
    const second = town.somebody(elsewhere, 'member', 'de tweede')
    const colleague = town.somebody(space, 'member', `${canary(1)} de collega`)
    await town.settled()
    const writer = await headlessLaptop(`writer ${run}`, colleague, relay.port, trial.seed)
    const item = await writePage(writer, dice, space, `${canary(2)} titel`, [`${BEGIN}${canary(3)} `])
    await writer.dispose()
    const other = await headlessLaptop(`other ${run}`, second, relay.port, trial.seed)
    const theirs = await writePage(other, dice, elsewhere, 'Van de tweede', ['Iets anders.'])
    await other.dispose()

    const laptop = await createBrowserLaptop({ folder, name: `a16-${run}`, member: first, relayPort: relay.port })
    try {
      await prepare(laptop, item)
      await laptop.open(item)
      await laptop.person.syncIs('relay')
      if (isUnsent) {
        laptop.network.down()
        laptop.network.cut()
        await laptop.person.syncIs('offline')
      }
      await laptop.toEnd()
      await laptop.type(`${canary(4)} `)
      await laptop.person.syncIs(isUnsent ? 'offline' : 'relay')
      const secrets = [...[0, 1, 2, 3, 4].map(canary), space, first.user, colleague.user]
      const before = await reach(laptop.page, first.user)
      if (secrets.some((word) => !before.includes(word))) violation('the first does not see all of it: the trial proves nothing')

      // The second, in the same profile.
      if (end === 'the browser is closed') await laptop.close()
      else if (end === 'the browser is killed') await laptop.kill()
      laptop.network.heal()
      if (!laptop.isOpen) await laptop.open(theirs, { path: '/.well-known/security.txt', isUnsure: true })
      await signInAs(laptop, second)
      const { page, person } = laptop
      const look = async (where: string): Promise<void> => {
        const seen = await reach(page, second.user)
        searched += seen.length
        const found = secrets.filter((word) => seen.includes(word))
        if (found.length > 0) violation(`${found.length} words of the first ${where}: ${found[0] ?? ''}`)
      }
      const address = laptop.network.address
      await page.goto(`${address}/`)
      await page.getByRole('tree').waitFor()
      await person.syncIs('relay')
      await look('at the front door')
      await page.goto(`${address}/item/${theirs}`)
      await person.text().waitFor()
      await look('beside a document of their own')
      await page.keyboard.press('Control+k')
      await page.getByRole('dialog').getByRole('combobox').waitFor()
      await look('among what was looked at last')
      await page.keyboard.type('titel')
      await look('in what is found')
      await page.keyboard.press('Escape')
      // By its address, as out of the history of the browser: nothing of it is there, or comes.
      await page.goto(`${address}/item/${item}`)
      await page.getByRole('tree').waitFor()
      await person.syncIs('relay')
      await look('under the address of their document')
      await laptop.close()

      // The first again.
      await laptop.open(item)
      const hasAll = (text: string): boolean => [canary(3), canary(4)].every((word) => text.split(word).length === 2)
      if ((await awaited(async () => hasAll(await laptop.text()), LEVEL_MS_MAX)) === null) violation(`their words are not there when they come back: ${(await laptop.text()).slice(-80)}`)
      await laptop.person.syncIs('relay')
      if (laptop.person.errors.length > 0) violation(laptop.person.errors.join('; ').slice(0, 200))
      const reader = await headlessLaptop(`reader ${run}`, colleague, relay.port, trial.seed)
      if (!hasAll(await proseOf(reader, item))) violation('their words are not with the others, once')
      else if (isUnsent) kept++
      await reader.dispose()
      words += secrets.length
    } finally {
      await laptop.dispose()
    }
    trial.progress(`${run + 1} of ${runsCount}`)
  }
  trial.figure(`${count(runsCount, 'time')} two people in one profile, ${count(words, 'word')} and ids of the first looked for in ${count(searched, 'character')} within reach of the second, unsent work there and sent ${kept} of ${Math.ceil(runsCount / 2)} times`)
}

export const a16: Row = {
  id: 'A16',
  name: 'Shared laptop',
  promise: 'who uses the same browser after somebody else sees nothing of them, and costs them no word that was not sent yet',
  target: '24 runs by hand, 6 by default, 2 in CI, with and without unsent work, the browser left open, closed or killed in between: 0 words, names or ids of the first within reach of the second (screen, storage of their window, caches, history), all of it there for the first afterwards',
  async run(trial) {
    const reason = whyNoWindow()
    if (reason !== null) return trial.skip(reason)
    const spaces = Array.from({ length: 2 * trial.count(2, 6, 24) }, (_, i) => ({ kind: 'municipality', name: `Gemeente ${i + 1}` }) as const)
    await withFolder((folder) => withTown(trial, 'A16', { spaces }, (town) => share(town, trial, folder)))
  },
}
