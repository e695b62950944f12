/** Wat er misging, wat veilig is en wat je nu kunt doen. */
export const errors = {
  commandFailed: (title: string) => `‘${title}’ is niet gelukt. Je werk staat nog zoals het was. Probeer het opnieuw.`,
  offline: 'Er is nu geen verbinding met het knooppunt. Probeer het opnieuw als je weer internet hebt.',
  http: {
    'bad-request': 'Het knooppunt begrijpt dit niet. Kijk na wat je hebt ingevuld.',
    'signed-out': 'Je bent uitgelogd. Log opnieuw in.',
    forbidden: 'Dit mag je niet met jouw rol. Vraag de projectleider of beheerder.',
    'not-found': 'Dit bestaat niet of niet meer.',
    gone: 'Dit is weggehaald.',
    conflict: 'Dit bestaat al.',
    'too-large': 'Dit is te groot om te versturen.',
    rate: 'Dat ging te snel achter elkaar. Wacht even en probeer het opnieuw.',
    storage: 'Het knooppunt kan nu niets opslaan. Probeer het later opnieuw.',
    internal: 'Er ging iets mis bij het knooppunt. Probeer het opnieuw. Blijft het? Meld het aan de beheerder.',
    'wrong-credentials': 'Dit adres en wachtwoord horen niet bij elkaar.',
    'link-used': 'Deze link is al gebruikt.',
    'link-expired': 'Deze link is verlopen.',
    'weak-password': 'Kies een wachtwoord van minstens 10 tekens.',
  },
}
