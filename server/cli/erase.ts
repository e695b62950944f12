/** *Definitief verwijderen* from the machine itself: by the running relay if there is one, by this process otherwise. Never by both. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isId, newId, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import { ERASE_REASON_CHARS_MAX, ERASED_RANGES_BYTES_MAX } from '../../shared/model/limits.ts'
import { encodeRanges } from '../../shared/protocol/erase-prose.ts'
import { openAccounts } from '../auth/accounts.ts'
import { ACCOUNTS_FILE } from '../auth/schema.ts'
import { deletedRanges } from '../derive/deleted-ranges.ts'
import type { EraseOutcome } from '../derive/eraser.ts'
import { startFailureOf } from '../explain.ts'
import { takeDataFolder, type RelayNote } from '../store/data-folder.ts'
import type { EraseMode } from '../store/erase.ts'
import { BEFORE_RESTORE } from '../store/lost.ts'
import { forgetSnapshots } from '../store/snapshot-file.ts'
import { createSqliteLog } from '../store/sqlite-log.ts'
import { findSpace, refuse, refuseStart, withAccounts, type Command, type CommandFailure, type Output, type Surroundings } from './command.ts'

interface Asked {
  space: SpaceId
  item: ItemId
  mode: EraseMode
  reason: string
}

const ALL = Number.MAX_SAFE_INTEGER
const UNKNOWN_ITEM = (item: ItemId) => refuse('unknown-item', `Het document ${item} staat niet in deze ruimte; er is niets veranderd. Kijk wat er staat met: npm run -s samenpad -- items --space …`)

export const erase: Command = {
  name: 'erase',
  usage: '--space S --item KENMERK [--history] --reason TEKST',
  summary: 'Verwijdert een document definitief, of met --history wat uit de tekst was weggehaald: ook uit de geschiedenis en van laptops',
  options: ['space', 'item', 'reason'],
  flags: ['history'],
  operation: () => 'machine.erase',
  run: ({ options, flags }, surroundings) =>
    withAccounts(surroundings, 'read', async ({ path, relay, accounts }) => {
      const space = findSpace(accounts, options.space ?? '')
      if (!space.ok) return space
      const item = options.item ?? ''
      const reason = (options.reason ?? '').trim()
      if (!isId(item)) return refuse('usage', `${item} is geen kenmerk van een document. Kijk wat er staat met: npm run -s samenpad -- items --space ${options.space ?? ''}`)
      if (reason === '' || reason.length > ERASE_REASON_CHARS_MAX) return refuse('usage', `Geef met --reason een reden van 1 tot ${ERASE_REASON_CHARS_MAX} tekens; zonder persoonsgegevens, want de reden blijft bewaard.`)
      const asked: Asked = { space: space.value.space, item, mode: flags.has('history') ? 'history' : 'whole', reason }
      const asking = relay ? await byRelay(relay, asked) : null
      // A relay that was killed leaves its note behind; whether there is one, the lock of the folder says.
      const done = asking === null || (!asking.ok && asking.failure.kind === 'relay-unreachable') ? await byOurselves(surroundings, asked) : asking
      const isAccounted = done === asking
      if (!done.ok) return fail({ ...done.failure, isAccounted })
      return ok({ ...told(path, asked, space.value.name, done.value), isAccounted, about: { space: asked.space, subject: `${asked.item} ${asked.mode} ${asked.reason}` } })
    }),
}

function told(path: string, { space, item, mode, reason }: Asked, name: string, done: EraseOutcome): Output {
  const aside = readdirSync(path).filter((one) => one.startsWith(BEFORE_RESTORE)).map((one) => join(path, one))
  const lines = [
    mode === 'whole' ? `Document ${item} is definitief verwijderd uit ${name} (${done.entriesCount} bewerkingen).` : `Wat uit de tekst van ${item} was weggehaald, is definitief verwijderd (${done.entriesCount} bewerkingen herschreven).`,
    'Laptops verwijderen het zodra ze weer verbinding maken; wat daar nog niet verstuurd was, blijft daar apart staan.',
    'Reservekopieën van vóór dit moment bevatten het nog: bewaar of vernietig ze volgens uw eigen regels. Bij terugzetten in deze map gaat het er weer uit.',
    ...(mode === 'history' && done.factsEntriesCount > 0 ? ['Velden (gegevens buiten de tekst) houden hun geschiedenis. Stond het in een veld, verwijder dan het hele document.'] : []),
    ...(mode === 'history' && done.sealsCount > 0 ? ['Voorgestelde en vastgestelde teksten (zegels) zijn niet veranderd. Stond het in zo’n tekst, verwijder dan het hele document.'] : []),
    ...(aside.length > 0 ? [`Deze mappen, bij een eerdere terugzetting opzij gezet, kunnen het nog bevatten: ${aside.join(', ')}`] : []),
    ...(done.isScrubbed ? [] : ['Vrije plekken in het bestand zijn nog niet overschreven, omdat een ander programma het leest of de schijf vol is. Het knooppunt doet dat zodra het kan.']),
  ]
  return { json: { space: { id: space, name }, item, mode, reason, ...done, keptAside: aside }, text: lines.join('\n') }
}

/** The relay has the log; it answers to who can read the secret it left in its folder. */
async function byRelay({ control }: RelayNote, asked: Asked): Promise<Result<EraseOutcome, CommandFailure>> {
  if (!control) return refuse('relay-older', 'Het knooppunt dat nu draait, is van een oudere versie; er is niets veranderd. Start het opnieuw en probeer het nog eens.')
  let answer: Response
  try {
    answer = await fetch(`${control.address}/api/control/erasures`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...asked, secret: control.secret }) })
  } catch {
    return refuse('relay-unreachable', `Het knooppunt antwoordt niet op ${control.address}; er is niets veranderd. Is het net gestopt, probeer het dan nog eens.`)
  }
  if (answer.ok) return ok((await answer.json()) as EraseOutcome)
  if (answer.status === 404) return UNKNOWN_ITEM(asked.item)
  return refuse('storage', `Het knooppunt kon het niet uitvoeren (${answer.status}). Kijk in het logboek van het knooppunt, en herhaal de opdracht.`)
}

async function byOurselves({ data, clock, dice }: Surroundings, asked: Asked): Promise<Result<EraseOutcome, CommandFailure>> {
  const folder = takeDataFolder(data)
  if (!folder.ok) return refuseStart(folder.failure)
  try {
    const accounts = openAccounts({ path: folder.value.file(ACCOUNTS_FILE), mode: 'write', clock, dice })
    if (!accounts.ok) return refuseStart(accounts.failure)
    try {
      const log = await createSqliteLog({ folder: folder.value.path, dice, installation: accounts.value.installation })
      try {
        const { space, item, mode, reason } = asked
        if ((await log.spaceOf(item)) !== space) return UNKNOWN_ITEM(item)
        const entries = await log.readItem(space, item, null, 1, ALL, ALL)
        const ranges = mode === 'whole' ? [] : encodeRanges(deletedRanges(entries.filter(({ part }) => part === 'prose').map(({ payload }) => payload)), ERASED_RANGES_BYTES_MAX)
        const { entriesCount, isScrubbed } = await log.erase({ id: newId(dice), space, item, mode, time: clock.now(), by: null, reason, ranges })
        // What the relay makes from the log and keeps beside it, it makes again.
        forgetSnapshots(folder.value.path)
        const countOf = (part: 'act' | 'facts'): number => (mode === 'whole' ? 0 : entries.filter((entry) => entry.part === part).length)
        return ok({ entriesCount, isScrubbed, sealsCount: countOf('act'), factsEntriesCount: countOf('facts') })
      } finally {
        await log.close()
      }
    } finally {
      accounts.value.dispose()
    }
  } catch (error) {
    return refuseStart(startFailureOf(error, data))
  } finally {
    folder.value.dispose()
  }
}
