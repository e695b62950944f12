/** Backup, restore and verify: the data folder as a whole. */
import { resolve } from 'node:path'
import { unreachable } from '../../shared/base/assert.ts'
import { ok, type Result } from '../../shared/base/result.ts'
import { openAccounts } from '../auth/accounts.ts'
import { ACCOUNTS_APPLICATION_ID, ACCOUNTS_FILE, ACCOUNTS_MIGRATIONS } from '../auth/schema.ts'
import { explain, startFailureOf } from '../explain.ts'
import { makeBackup, restoreBackup, type BackupFailure, type Companion } from '../store/backup.ts'
import { findDataFolder, takeDataFolder } from '../store/data-folder.ts'
import { verifyLogFile, type VerifyReport } from '../store/log-care.ts'
import { verifySnapshotFile } from '../store/snapshot-file.ts'
import { LOG_FILE } from '../store/log-rows.ts'
import { findLost, type Lost } from '../store/lost.ts'
import { refuse, refuseStart, withAccounts, type Command, type CommandFailure } from './command.ts'

const ACCOUNTS: Companion = { name: ACCOUNTS_FILE, applicationId: ACCOUNTS_APPLICATION_ID, migrations: ACCOUNTS_MIGRATIONS }

function refuseBackup(failure: BackupFailure): { ok: false; failure: CommandFailure } {
  switch (failure.kind) {
    case 'file-exists':
      return refuse(failure.kind, `${failure.path} bestaat al; er is niets veranderd. Kies een andere naam.`)
    case 'file-missing':
      return refuse(failure.kind, `${failure.path} bestaat niet. Controleer de naam.`)
    case 'not-a-backup':
      return refuse(failure.kind, `${failure.path} is geen hele reservekopie van Samenpad (${failure.detail}); er is niets veranderd. Gebruik een andere kopie.`)
    case 'newer-backup':
      return refuse(failure.kind, `${failure.path} is gemaakt met een nieuwere versie van Samenpad; er is niets veranderd. Gebruik die nieuwere versie.`)
    case 'folder-filled':
      return refuse(failure.kind, `In ${failure.path} staan al gegevens; er is niets veranderd. Met --force worden ze eerst opzij gezet, in een eigen map.`)
    case 'folder-changed':
      return refuse(failure.kind, `Terwijl de kopie werd gemaakt, is in ${failure.path} een reservekopie teruggezet; er is geen kopie gemaakt. Probeer het nog eens als dat klaar is.`)
    case 'log-damaged':
      return refuse(failure.kind, `Het logboek klopt niet (${failure.report.problems[0]?.text ?? ''}); er is niets veranderd. Kijk wat er is met: npm run -s samenpad -- verify`)
    case 'missing': case 'not-ours': case 'newer': case 'older': case 'unwritable': case 'busy': case 'damaged': case 'not-durable':
      return refuse(failure.kind, explain(failure))
    default:
      return unreachable(failure)
  }
}

/** What the store throws on opening becomes a failure with a next step. */
async function guarded<T>(path: string, work: () => Promise<Result<T, CommandFailure>> | Result<T, CommandFailure>): Promise<Result<T, CommandFailure>> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) return refuse('disk-full', `De schijf is vol (${error.message}). Maak ruimte en probeer het opnieuw.`)
    if (error instanceof Error && 'syscall' in error) return refuse('unwritable', `${error.message}. Kijk of de map bestaat en of deze gebruiker er mag schrijven.`)
    return refuseStart(startFailureOf(error, path))
  }
}

export const backup: Command = {
  name: 'backup',
  usage: 'BESTAND',
  summary: 'Maakt één gecontroleerde reservekopie van alles, ook terwijl het knooppunt draait',
  options: [],
  takesFile: true,
  operation: () => 'machine.backup',
  run({ file }, { data, version, clock, dice }) {
    const folder = findDataFolder(data)
    if (!folder.ok) return refuseStart(folder.failure)
    return guarded(folder.value.path, () => {
      const made = makeBackup(folder.value.path, file, ACCOUNTS, { version, now: clock.now(), dice })
      if (!made.ok) return refuseBackup(made.failure)
      const { spaces, entries, files, createdAt } = made.value
      return ok({ json: { file: resolve(file), createdAt, spaces, entries, files }, text: `Reservekopie gemaakt en gecontroleerd: ${resolve(file)} (${spaces} ruimtes, ${entries} bewerkingen)`, about: { subject: `${entries} entries` } })
    })
  },
}

export const restore: Command = {
  name: 'restore',
  usage: 'BESTAND [--force]',
  summary: 'Zet een reservekopie terug terwijl het knooppunt stilstaat; laptops leveren daarna aan wat de kopie niet had',
  options: [],
  flags: ['force'],
  takesFile: true,
  operation: () => 'machine.restore',
  run({ file, flags }, { data, clock, dice }) {
    return guarded(data, () => {
      const folder = takeDataFolder(data, 'restore')
      if (!folder.ok) return refuseStart(folder.failure)
      try {
        // Invitations that were used since the copy would open again.
        const prepare = (path: string) => {
          const accounts = openAccounts({ path, mode: 'write', clock, dice })
          if (!accounts.ok) return accounts.failure
          accounts.value.forgetLinks()
          accounts.value.dispose()
          return null
        }
        const done = restoreBackup(folder.value.path, file, ACCOUNTS, { mayReplace: flags.has('force'), prepare, now: clock.now(), dice })
        if (!done.ok) return refuseBackup(done.failure)
        const { manifest, movedTo } = done.value
        const behind = findLost(folder.value.path)
        const aside = movedTo === null ? '' : `\nWat er stond, is bewaard in ${movedTo}`
        return ok({
          json: { file: resolve(file), folder: folder.value.path, createdAt: manifest.createdAt, spaces: manifest.spaces, entries: manifest.entries, movedTo, behind: { entries: behind.entries, since: behind.since, until: behind.until } },
          text: `Teruggezet in ${folder.value.path}: ${manifest.spaces} ruimtes, ${manifest.entries} bewerkingen. Uitnodigingen zijn vervallen; maak nieuwe waar dat nodig is. Rollen, wachtwoorden en wie is ingelogd, zijn weer die van ${moment(manifest.createdAt)}: ga na wie sindsdien is weggegaan, en sluit die opnieuw buiten.${aside}\n${behindText(behind, manifest.createdAt)}`,
          about: { subject: `copy of ${new Date(manifest.createdAt).toISOString()}, ${manifest.entries} entries, ${behind.entries} behind` },
        })
      } finally {
        folder.value.dispose()
      }
    })
  },
}

const moment = (time: number): string => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
const period = ({ since, until }: Lost): string => (since === null || until === null ? '' : `van ${moment(since)} tot en met ${moment(until)}`)
const LATER = 'Laptops leveren bij hun volgende contact aan wat zij nog hebben; wat dan nog mist, staat in: npm run -s samenpad -- lost'

function behindText(behind: Lost, createdAt: number): string {
  if (behind.entries > 0) return `De kopie mist ${behind.entries} bewerkingen ${period(behind)}. ${LATER}`
  return behind.compared.length > 0 ? 'De kopie mist niets van wat hier stond.' : `Wat er na ${moment(createdAt)} is geschreven, staat niet in de kopie. ${LATER}`
}

export const lost: Command = {
  name: 'lost',
  usage: '',
  summary: 'Zegt welke bewerkingen sinds een teruggezette kopie nergens meer zijn, van wanneer en in welke documenten',
  options: [],
  operation: () => 'machine.verify',
  run: (_given, surroundings) =>
    withAccounts(surroundings, 'read', ({ path, accounts }) =>
      guarded(path, () => {
        const found = findLost(path)
        const names = new Map(accounts.spaces().map(({ space, name }) => [space, name]))
        const lines =
          found.entries > 0
            ? [
                `${found.entries} bewerkingen ${period(found)} zijn door geen laptop teruggebracht:`,
                ...found.items.map((one) => `- ${names.get(one.space) ?? one.space}, document ${one.item}: ${one.entries}, van ${moment(one.since)} tot en met ${moment(one.until)}`),
                `Ze staan nog in de map van voor het terugzetten, in ${path}.`,
              ]
            : [found.compared.length > 0 ? 'Alles van voor het terugzetten is er weer.' : 'Er is hier geen logboek van voor een terugzetting om mee te vergelijken.']
        return ok({
          json: found,
          text: [...lines, ...found.unreadable.map(({ folder, reason }) => `Het logboek in ${folder} kan niet gelezen worden (${reason}).`)].join('\n'),
          isBad: found.unreadable.length > 0,
          about: { subject: `${found.entries} lost` },
        })
      }),
    ),
}

export const verify: Command = {
  name: 'verify',
  usage: '',
  summary: 'Rekent alles na: het logboek, de snapshots, de accounts en het register van wie wat deed',
  options: [],
  operation: () => 'machine.verify',
  run: (_given, surroundings) =>
    withAccounts(surroundings, 'read', ({ path, accounts }) =>
      guarded(path, () => {
        const log: VerifyReport = verifyLogFile(`${path}/${LOG_FILE}`)
        const snapshots = verifySnapshotFile(path)
        const audit = accounts.audit.verify()
        const structure = accounts.database.all('PRAGMA integrity_check(20)').map((row) => String(row.integrity_check)).filter((line) => line !== 'ok')
        const problems = [
          ...log.problems,
          ...snapshots.problems,
          ...structure.map((text) => ({ space: null, text: `accounts: ${text}` })),
          ...(audit.brokenAt === null ? [] : [{ space: null, text: `audit: record ${audit.brokenAt} does not follow from the ones before` }]),
        ]
        const counts = `${log.spaces} ruimtes, ${log.entries} bewerkingen, ${audit.count} regels in het register`
        return ok({
          json: { ok: problems.length === 0, spaces: log.spaces, entries: log.entries, payloadBytes: log.payloadBytes, snapshots: snapshots.snapshots, audit: { records: audit.count, brokenAt: audit.brokenAt, head: audit.head }, problems },
          text: problems.length === 0 ? `Alles klopt: ${counts}.` : [`Er klopt iets niet (${counts}):`, ...problems.map(({ space, text }) => `- ${space === null ? '' : `${space}: `}${text}`)].join('\n'),
          isBad: problems.length > 0,
          about: { subject: `${problems.length} problems` },
        })
      }),
    ),
}
