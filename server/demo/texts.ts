/** Words of the example programme beside the templates: agenda, minutes, social map, knowledge pages. All made up, and said to be. */
import type { VOCABULARIES } from '../../shared/model/vocabularies.ts'
import type { ProseBlock } from '../../shared/model/templates/prose.ts'

export const SAMPLE_LINE = 'Dit is een voorbeeld. Namen van organisaties zijn functies, cijfers en afspraken zijn verzonnen.'

export const AGENDA: readonly { title: string; minutes: number }[] = [
  { title: 'Opening', minutes: 5 },
  { title: 'Mededelingen', minutes: 5 },
  { title: 'Verslag en actielijst', minutes: 10 },
  { title: 'Cijfers', minutes: 10 },
  { title: 'Zorgpaden: vaststellen en herzien', minutes: 40 },
  { title: 'Signalen uit de praktijk', minutes: 15 },
  { title: 'Scholing', minutes: 10 },
  { title: 'Borging', minutes: 10 },
  { title: 'Besluiten en acties', minutes: 10 },
  { title: 'Rondvraag en volgende bijeenkomst', minutes: 5 },
]

export const ATTENDANCE: readonly { job: string; organisation: string }[] = [
  { job: 'verloskundige', organisation: 'Verloskundigenpraktijk' },
  { job: 'gynaecoloog', organisation: 'Ziekenhuis' },
  { job: 'jeugdverpleegkundige', organisation: 'JGZ' },
  { job: 'wijkteammedewerker', organisation: 'Wijkteam' },
  { job: 'huisarts', organisation: 'Huisartsenpraktijk' },
  { job: 'kraamverzorgende', organisation: 'Kraamzorg' },
  { job: 'schuldhulpverlener', organisation: 'Schuldhulpverlening' },
  { job: 'projectleider', organisation: 'Gemeente' },
]

export const SIGNALS: readonly string[] = [
  'Verwijzers horen niet altijd of een gesprek is geweest. We spreken af dat de ontvanger binnen vijf werkdagen iets laat weten.',
  'Ouders vertellen hetzelfde verhaal vaak drie keer. Het wijkteam maakt een korte overdracht op één blad.',
  'Niet iedereen kent de nieuwe functies bij JGZ. De sociale kaart krijgt een vaste dag in het jaar.',
  'De wachttijd bij de POP-poli loopt op. We vragen de regio om mee te denken.',
  'De tolk wordt soms te laat gevraagd. De praktijkassistent regelt de tolk voortaan bij de aanmelding.',
]

export const DECISIONS: readonly { text: string; reason: string; mandate: string }[] = [
  { text: 'Het platform stelt het zorgpad vast.', reason: 'Alle partijen hebben gelezen en akkoord gegeven.', mandate: 'platform' },
  { text: 'Terugkoppelen doen we met een kort bericht in het eigen systeem, binnen vijf werkdagen.', reason: 'Zo hoeft niemand na te bellen.', mandate: 'platform' },
  { text: 'De sociale kaart wordt twee keer per jaar nagelopen.', reason: 'Oude nummers kosten tijd en vertrouwen.', mandate: 'platform' },
  { text: 'Het zorgpad gaat terug naar de werkgroep.', reason: 'De term voor het eerste gesprek is nog niet haalbaar.', mandate: 'platform' },
  { text: 'De gemeente reserveert uren voor de projectleider in het volgende jaar.', reason: 'Zonder uren stopt het overleg.', mandate: 'gemeente' },
]

export const ACTIONS: readonly { text: string; owner: string }[] = [
  { text: 'Nieuwe functies van JGZ in de sociale kaart zetten', owner: 'jeugdverpleegkundige, JGZ' },
  { text: 'Termijn voor het eerste gesprek afstemmen met schuldhulp', owner: 'wijkteammedewerker, Wijkteam' },
  { text: 'Korte uitleg over de meldcode plannen voor nieuwe collega’s', owner: 'projectleider, Gemeente' },
  { text: 'Navragen wie bij de POP-poli het aanspreekpunt is', owner: 'verloskundige, Verloskundigenpraktijk' },
  { text: 'Concept rondsturen aan de huisartsen', owner: 'huisarts, Huisartsenpraktijk' },
  { text: 'Cijfers per wijk opvragen bij de GGD', owner: 'beleidsmedewerker, Gemeente' },
  { text: 'Folder over kraamzorg laten lezen door de moederraad', owner: 'kraamverzorgende, Kraamzorg' },
  { text: 'Datum prikken voor het overleg over meerdere signalen', owner: 'projectleider, Gemeente' },
]

export const CONTACTS: readonly { title: string; job: string; line: keyof (typeof VOCABULARIES)['line']; hours: string; box: string }[] = [
  { title: 'Wijkteam, aanmeldpunt', job: 'wijkteammedewerker', line: 'municipal', hours: 'werkdagen 9.00–17.00', box: 'wijkteam' },
  { title: 'JGZ, prenataal huisbezoek', job: 'jeugdverpleegkundige', line: 'first', hours: 'werkdagen 8.30–12.30', box: 'jgz' },
  { title: 'Schuldhulpverlening', job: 'schuldhulpverlener', line: 'municipal', hours: 'werkdagen 9.00–16.00', box: 'schuldhulp' },
  { title: 'POP-poli', job: 'ggz-behandelaar', line: 'second', hours: 'dinsdag en donderdag', box: 'pop-poli' },
  { title: 'Veilig Thuis, advies en melden', job: 'adviseur', line: 'other', hours: 'dag en nacht', box: 'veilig-thuis' },
  { title: 'Kraamzorg, regionaal loket', job: 'intaker', line: 'first', hours: 'werkdagen 8.00–17.00', box: 'kraamzorg' },
]

export const KNOWLEDGE: readonly { title: string; theme: string; blocks: readonly ProseBlock[] }[] = [
  {
    title: 'Zo werken wij samen',
    theme: 'samenwerken',
    blocks: [
      { kind: 'heading', level: 2, text: 'Wat we van elkaar verwachten' },
      { kind: 'paragraph', text: 'De verwijzer blijft betrokken totdat de ander het heeft overgenomen. Wie iets ontvangt, laat dat weten.' },
      { kind: 'bullets', items: ['Vraag eerst toestemming.', 'Draag warm over: bel, liefst samen met de ouder.', 'Koppel terug binnen de afgesproken termijn.'] },
      { kind: 'paragraph', text: SAMPLE_LINE },
    ],
  },
  {
    title: 'Een tolk regelen',
    theme: 'taal',
    blocks: [
      { kind: 'paragraph', text: 'Regel de tolk bij de aanmelding, niet pas in het gesprek. Familie is geen tolk.' },
      { kind: 'bullets', items: ['Vraag welke taal en welk dialect iemand spreekt.', 'Plan dubbele tijd.', 'Vraag of iemand liever een vrouw of een man als tolk heeft.'] },
      { kind: 'paragraph', text: SAMPLE_LINE },
    ],
  },
  {
    title: 'Gegevens delen: wat mag',
    theme: 'privacy',
    blocks: [
      { kind: 'paragraph', text: 'In afspraken en verslagen staan nooit gegevens over ouders of kinderen. Die horen in het eigen dossier.' },
      { kind: 'paragraph', text: 'Bespreek signalen uit de praktijk zonder dat iemand te herkennen is.' },
      { kind: 'paragraph', text: SAMPLE_LINE },
    ],
  },
]

export const ABOUT: readonly ProseBlock[] = [
  { kind: 'heading', level: 2, text: 'Wat is dit' },
  { kind: 'paragraph', text: 'Een voorbeeld om mee te proberen: een programma met veertien gemeenten, zestien sjablonen voor zorgpadafspraken, overleggen en een sociale kaart.' },
  { kind: 'paragraph', text: SAMPLE_LINE },
  { kind: 'heading', level: 2, text: 'Wat kun je proberen' },
  { kind: 'bullets', items: ['Open een afspraak en schrijf erin, ook zonder netwerk.', 'Begin een afspraak vanuit een sjabloon.', 'Kijk bij Voortgang welke afspraken iets missen.'] },
]

const MONTHS = ['januari', 'februari', 'maart', 'april', 'mei', 'juni', 'juli', 'augustus', 'september', 'oktober', 'november', 'december'] as const

/** In: YYYY-MM-DD. Out: "18 november". */
export const dayAndMonth = (day: string): string => `${Number(day.slice(8))} ${MONTHS[Number(day.slice(5, 7)) - 1]}`
