/** Hoe lang een ruimte zonder verbinding open blijft. */
const days = (count: number): string => (count === 1 ? '1 dag' : `${count} dagen`)

export const offline = {
  closed: {
    title: (space: string) => `${space} is dicht tot je verbinding maakt`,
    text: (count: number, since: string) =>
      `Deze ruimte blijft ${days(count)} open zonder verbinding. Die tijd was voorbij op ${since}. Maak verbinding: dan gaat alles vanzelf weer open. Wat je schreef en wat nog niet verstuurd is, staat nog op deze laptop. Het gaat dan mee.`,
    brief: 'Je werk staat nog op deze laptop.',
    action: 'Maak nu verbinding',
    tab: 'Dicht',
    told: (space: string) => `${space} is nu dicht. Maak verbinding om verder te gaan. Je werk staat nog op deze laptop.`,
    again: (space: string) => `${space} is weer open.`,
  },
  soon: (space: string, hours: number) => `Over ${hours} uur moet je een keer verbinding maken. Anders gaat ${space} op deze laptop dicht, tot je verbinding hebt.`,
  status: {
    closed: (count: number) => (count === 1 ? '1 ruimte is dicht' : `${count} ruimtes zijn dicht`),
    soon: (hours: number) => `nog ${hours} uur zonder verbinding`,
    hours: (hours: number) => `nog ${hours} uur`,
  },
  spaces: 'Ruimtes met een grens',
  item: 'Een document in een ruimte die nu dicht is',
  itemKept: 'Deze wijziging blijft bewaard. Maak verbinding, dan kun je haar weer lezen en kiezen wat ermee gebeurt.',
  progress: (names: string) => `Hieronder ontbreekt ${names}. Deze laptop had te lang geen verbinding. Maak verbinding, dan zie je de voortgang weer.`,
  setting: {
    title: 'Zonder verbinding',
    text: 'Op een laptop kun je hier ook zonder internet lezen en schrijven. Je kunt daar een grens aan stellen. Na die tijd gaat de ruimte op die laptop dicht, tot er weer verbinding is. Er raakt niets kwijt.',
    honest: 'Dit is een afspraak van het programma. Wie de laptop zelf kan openen, houdt het niet tegen. Vergrendel daarvoor de laptop.',
    none: 'Geen grens',
    limited: 'Hoogstens een aantal dagen',
    days: 'Aantal dagen',
    hint: (least: number, most: number) => `Een getal van ${least} tot ${most}.`,
    wrong: (least: number, most: number) => `Vul een heel getal in van ${least} tot ${most}.`,
    save: 'Bewaar',
    now: (count: number) => `Zonder verbinding blijft deze ruimte ${days(count)} open.`,
    nowNone: 'Zonder verbinding blijft deze ruimte open zo lang als nodig.',
    saved: (count: number) => `Laptops houden deze ruimte nu ${days(count)} open zonder verbinding.`,
    savedNone: 'Er is geen grens meer.',
  },
}
