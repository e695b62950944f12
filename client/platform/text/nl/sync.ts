/** Waar het werk staat: de statuszin en wat daarbij hoort. Deze zinnen zijn nooit mooier dan de waarheid. */
const edits = (count: number) => (count === 1 ? '1 wijziging' : `${count} wijzigingen`)

export const sync = {
  category: 'Bijwerken',
  relay: 'Alles opgeslagen bij het knooppunt',
  local: (count: number) => `${edits(count)} alleen op deze laptop`,
  pending: 'Bezig met opslaan op deze laptop',
  offline: 'Offline — je kunt doorwerken',
  refused: (count: number) => `${edits(count)} geweigerd — bekijk`,
  rechecking: 'Bezig met controleren bij het knooppunt',
  behind: (count: string) => `Bezig met bijwerken, nog ${count}`,
  storeFailed: 'Deze laptop slaat niets meer op — bewaar je werk in een bestand',
  signedOut: 'Je bent uitgelogd — log opnieuw in',
  upgrade: 'Deze versie is te oud — herlaad',
  waiting: (count: number) => (count === 1 ? '1 wijziging wacht op deze laptop' : `${count} wijzigingen wachten op deze laptop`),
}
