/**
 * What can go wrong while starting, said to the person at the terminal: one line with what happened, and one with what to do next.
 * Every kind has its sentence here; a new kind does not compile until it has one.
 */
import { join } from 'node:path'
import { unreachable } from '../shared/base/assert.ts'
import type { ConfigFailure } from './config.ts'
import type { FolderFailure } from './store/data-folder.ts'
import type { DatabaseFailure } from './store/database.ts'
import { ERASURES_FILE } from './store/erase.ts'
import { StoreProblem } from './store/problem.ts'

export type ListenFailure =
  | { kind: 'port-busy'; host: string; port: number }
  | { kind: 'port-forbidden'; host: string; port: number }
  | { kind: 'host-unknown'; host: string; port: number }

export type LogFailure = { kind: 'erasures-unreadable'; path: string } | { kind: 'log-missing'; path: string; detail: string } | { kind: 'log-foreign'; path: string } | { kind: 'disk-full'; path: string }
export type DemoFailure = { kind: 'demo-not-empty'; path: string }

export type StartFailure = ConfigFailure | FolderFailure | DatabaseFailure | ListenFailure | LogFailure | DemoFailure

/** What a store says about itself when it is opened, as a failure of the start. Rethrows what is a bug. */
export function startFailureOf(error: unknown, path: string): StartFailure {
  if (!(error instanceof StoreProblem)) throw error
  // The store's sentences are for the log and in English; what SQLite or the system said stands between brackets.
  const detail = /\(([^()]+)\)/.exec(error.message)?.[1] ?? ''
  switch (error.kind) {
    case 'missing-folder':
      return { kind: 'folder-missing', path }
    case 'missing-store':
      return { kind: 'log-missing', path, detail }
    case 'foreign-store':
      return { kind: 'log-foreign', path }
    case 'full':
      return { kind: 'disk-full', path }
    case 'locked':
      return { kind: 'folder-in-use', path, by: null }
    case 'corrupt':
      return { kind: 'damaged', path, detail }
    case 'unreadable-erasures':
      return { kind: 'erasures-unreadable', path }
    case 'newer-schema':
      return { kind: 'folder-newer', path }
    case 'unsafe-settings':
      return { kind: 'not-durable', path, detail }
    case 'read-only':
    case 'failed':
      return { kind: 'unwritable', path, detail }
    case 'closed':
      throw error
    default:
      return unreachable(error.kind)
  }
}

const because = (detail: string): string => (detail === '' ? '' : ` (${detail})`)

/** Out: Dutch, without a line break at the end. */
export function explain(failure: StartFailure): string {
  switch (failure.kind) {
    case 'bad-setting':
      return `De instelling ${failure.name} kan niet ${failure.found === '' ? 'leeg' : `"${failure.found}"`} zijn. Geef ${failure.wanted}.`
    case 'unknown-option':
      return `De optie ${failure.option} bestaat niet. Alleen --demo kan; de rest gaat met PORT, HOST, SAMENPAD_DATA en PUBLIC_URL.`
    case 'node-too-old':
      return `Samenpad draait op Node 24 of nieuwer; dit is Node ${failure.found}. Start met: npm start (dat gebruikt de Node die bij Samenpad hoort).`
    case 'folder-missing':
      return `In ${failure.path} staan geen gegevens van Samenpad. Start eerst één keer met npm start, of wijs met SAMENPAD_DATA de goede map aan.`
    case 'folder-not-ours':
      return `De map ${failure.path} is niet leeg en niet van Samenpad; er is niets in veranderd. Kies met SAMENPAD_DATA een lege of nieuwe map.`
    case 'folder-unmarked':
      return `In de map ${failure.path} staat een logboek van Samenpad, maar het bestand samenpad.json ontbreekt of is beschadigd; er is niets veranderd. Is dit jullie map, zet dan in dat bestand deze regel: ${failure.mark} Was er een reservekopie half teruggezet, doe dat dan opnieuw met: npm run -s samenpad -- restore BESTAND --force`
    case 'folder-newer':
      return `De gegevens in ${failure.path} zijn van een nieuwere versie van Samenpad; er is niets veranderd. Gebruik die nieuwere versie, of zet een reservekopie terug.`
    case 'folder-unwritable':
      return `In de map ${failure.path} kan niet worden geschreven${because(failure.detail)}. Geef deze gebruiker schrijfrecht, of kies met SAMENPAD_DATA een andere map.`
    case 'folder-in-use':
      return failure.by
        ? `Er draait al een Samenpad op ${failure.path} (proces ${failure.by.pid}, ${failure.by.address}). Gebruik dat adres, of stop het eerst.`
        : `De map ${failure.path} is in gebruik door een andere Samenpad. Stop die eerst, of kies met SAMENPAD_DATA een andere map.`
    case 'log-missing':
      return `Het logboek ontbreekt in ${failure.path}, terwijl het er wel was. Zet het bestand terug, of een reservekopie met: npm run -s samenpad -- restore BESTAND`
    case 'log-foreign':
      return `Het logboek en de accounts in ${failure.path} zijn van verschillende installaties; er is niets veranderd. Zet terug wat bij elkaar hoort, of een reservekopie met: npm run -s samenpad -- restore BESTAND --force`
    case 'erasures-unreadable':
      return `De lijst van wat definitief verwijderd is (${join(failure.path, ERASURES_FILE)}) is niet leesbaar; er is niets veranderd. Zet dat bestand terug uit een kopie van de map. Is die er niet, en is het logboek niet teruggezet uit een oudere kopie: verplaats het bestand dan en start opnieuw; het logboek kent dezelfde lijst.`
    case 'demo-not-empty':
      return `In ${failure.path} staan al andere gegevens; het voorbeeld komt daar niet bij. Kies voor het voorbeeld een lege map, bijvoorbeeld: SAMENPAD_DATA=./data-voorbeeld npm start -- --demo`
    case 'disk-full':
      return `De schijf van ${failure.path} is vol. Maak ruimte en start opnieuw; alles wat bevestigd was, is bewaard.`
    case 'folder-half-restored':
      return `Het terugzetten van een reservekopie in ${failure.path} is afgebroken. Doe het opnieuw met: npm run -s samenpad -- restore BESTAND --force`
    case 'missing':
      return `Het bestand ${failure.path} ontbreekt. Zet een reservekopie terug met: npm run -s samenpad -- restore BESTAND`
    case 'not-ours':
      return `Het bestand ${failure.path} is geen database van Samenpad; er is niets in veranderd. Haal het weg, of kies met SAMENPAD_DATA een andere map.`
    case 'newer':
      return `De database ${failure.path} is van een nieuwere versie van Samenpad (${failure.found}, deze kent ${failure.known}); er is niets veranderd. Gebruik die nieuwere versie.`
    case 'older':
      return `De database ${failure.path} is van een oudere versie van Samenpad (${failure.found}, nu ${failure.known}). Start Samenpad één keer met npm start; dan wordt hij bijgewerkt.`
    case 'unwritable':
      return `De database ${failure.path} kan niet worden geopend of beschreven${because(failure.detail)}. Kijk of de schijf vol is en of deze gebruiker er mag schrijven.`
    case 'busy':
      return `De database ${failure.path} wordt door een ander programma vastgehouden. Sluit dat programma en probeer het opnieuw.`
    case 'damaged':
      return `De database ${failure.path} is beschadigd${because(failure.detail)}. Bewaar de map zoals hij is en zet een reservekopie terug met: npm run -s samenpad -- restore BESTAND`
    case 'not-durable':
      return `De database ${failure.path} kan hier niet zeker worden opgeslagen${because(failure.detail)}. Kies met SAMENPAD_DATA een map op een gewone lokale schijf.`
    case 'port-busy':
      return `Poort ${failure.port} op ${failure.host} is al in gebruik. Stop het andere programma, of kies een andere poort, bijvoorbeeld: PORT=${failure.port + 1} npm start`
    case 'port-forbidden':
      return `Poort ${failure.port} op ${failure.host} mag deze gebruiker niet gebruiken. Kies een poort boven 1024, bijvoorbeeld: PORT=4180 npm start`
    case 'host-unknown':
      return `Het adres ${failure.host} is niet van deze machine. Zet HOST op 127.0.0.1 (alleen deze machine) of 0.0.0.0 (ook anderen).`
    default:
      return unreachable(failure)
  }
}
