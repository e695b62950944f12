/** De tijdlijn: wie veranderde wat en wanneer, in gewone zinnen. */
const capital = (text: string): string => text.charAt(0).toLocaleUpperCase('nl') + text.slice(1)
const small = (text: string): string => text.charAt(0).toLocaleLowerCase('nl') + text.slice(1)
const words = (count: number): string => (count === 1 ? '1 woord' : `${count} woorden`)

export const timeline = {
  view: 'Tijdlijn',
  category: 'Tijdlijn',
  show: 'Tijdlijn van dit document',
  list: 'Wie veranderde wat',
  count: (shown: number, all: number) => (shown < all ? `de laatste ${shown} van ${all}` : `${all}`),
  more: 'Toon meer',
  hereOnly: 'alleen op deze laptop',
  offline: 'Je bent offline. Dit is wat op deze laptop staat. Wat anderen intussen deden, zie je zodra je weer verbinding hebt.',
  olderElsewhere: 'Wat ouder is, staat alleen bij het knooppunt. Je ziet het zodra je verbinding hebt.',
  arriving: 'Dit document komt nog binnen. De tijdlijn is nog niet compleet.',
  none: { title: 'Nog niets te zien', text: 'Zodra iemand schrijft of iets invult, staat het hier.' },
  failed: 'De tijdlijn kan nu niet gelezen worden. Er is niets kwijt.',
  you: (who: string) => `${who} (jij)`,
  from: (who: string, when: string) => `van ${who}, ${when}`,
  when: (day: string, from: string, to: string) => (from === to ? `${day} ${from}` : `${day} ${from}–${to}`),
  inRow: (row: string, field: string) => `${capital(row)}, ${small(field)}`,
  goneRow: (row: string) => `${row} (weggehaald)`,
  rows: {
    parties: 'partij', areas: 'gebied', steps: 'stap', contacts: 'contact', indicators: 'indicator', sources: 'bron', attendance: 'aanwezige', agenda: 'agendapunt', decisions: 'besluit',
    actions: 'actie', milestones: 'mijlpaal', other: 'regel',
  },
  made: (title: string) => (title === '' ? 'Maakte dit document' : `Maakte dit document: ‘${title}’`),
  filled: (field: string, value: string) => `${field}: ‘${value}’ ingevuld`,
  changed: (field: string, before: string, after: string) => `${field}: eerst ‘${before}’, nu ‘${after}’`,
  now: (field: string, value: string) => `${field}: nu ‘${value}’`,
  cleared: (field: string, before: string) => `${field}: ‘${before}’ weggehaald`,
  apart: (field: string, value: string) => `${field}: ‘${value}’ ingevuld, zonder het andere antwoord te zien`,
  besides: (value: string) => `Er stond ook ‘${value}’`,
  chosen: (field: string, value: string) => `${field}: koos ‘${value}’`,
  unchosen: (value: string) => `Niet gekozen: ‘${value}’`,
  row: {
    added: (row: string, label: string) => (label === '' ? `${capital(row)} erbij` : `${capital(row)} erbij: ‘${label}’`),
    removed: (row: string, label: string) => (label === '' ? `${capital(row)} weggehaald` : `${capital(row)} weggehaald: ‘${label}’`),
    restored: (row: string, label: string) => (label === '' ? `${capital(row)} teruggezet` : `${capital(row)} teruggezet: ‘${label}’`),
    moved: (row: string) => `${capital(row)} verplaatst`,
  },
  moved: 'Verplaatste het document in de lijst',
  moreSteps: (count: number) => (count === 1 ? 'Nog 1 wijziging' : `Nog ${count} wijzigingen`),
  wrote: (blocks: number) => (blocks === 0 ? 'Schreef in de tekst' : blocks === 1 ? 'Schreef in de tekst, 1 alinea' : `Schreef in de tekst, ${blocks} alinea’s`),
  took: (blocks: number) => (blocks < 2 ? 'Haalde tekst weg' : `Haalde tekst weg, ${blocks} alinea’s`),
  laidOut: (blocks: number) => (blocks < 2 ? 'Wijzigde de opmaak van de tekst' : `Wijzigde de opmaak van de tekst, ${blocks} alinea’s`),
  about: (added: number, removed: number) =>
    removed === 0 ? `ongeveer ${words(added)} erbij` : added === 0 ? `ongeveer ${words(removed)} weg` : `ongeveer ${words(added)} erbij, ${words(removed)} weg`,
  unreadable: (count: number) => (count === 1 ? 'Een wijziging die deze versie van Samenpad niet kan lezen' : `${count} wijzigingen die deze versie van Samenpad niet kan lezen`),
}
