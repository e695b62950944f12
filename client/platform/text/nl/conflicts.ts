/** Twee antwoorden op één vraag: kiezen zonder dat er iets verdwijnt. */
export const conflicts = {
  category: 'Twee antwoorden',
  choose: 'Kies een antwoord',
  heading: (count: number) => (count === 2 ? 'Twee antwoorden — kies er één' : `${count} antwoorden — kies er één`),
  explain: 'Mensen vulden dit in zonder elkaars antwoord te zien. Er is niets kwijt. Welk antwoord geldt?',
  about: (where: string, field: string) => `${where}, ‘${field}’`,
  answers: 'Antwoorden',
  other: 'Een ander antwoord invullen',
  otherLabel: 'Jouw antwoord',
  stays: 'Het andere antwoord blijft in de tijdlijn staan. Je keuze gaat mee zodra je weer verbinding hebt.',
  take: (answer: string) => `Kies ${answer}`,
  takeNone: 'Kies een antwoord',
  chosen: (field: string, answer: string) => `‘${field}’ is nu ${answer}.`,
  gone: 'Dit is al gekozen. Er is niets meer te doen.',
  readOnly: 'Je leest hier mee. Een deelnemer kan kiezen.',
  next: 'Naar de volgende vraag met twee antwoorden',
  none: 'Nergens in dit document zijn twee antwoorden.',
}
