/** How the installation is doing, for whoever runs it. */
import type { installation as dutch } from '../nl/installation.ts'
import type { Texts } from '../texts.ts'

export const installation: Texts<typeof dutch> = {
  title: 'How the installation is doing',
  show: 'Show how the installation is doing',
  also: 'server health disk back-up version trouble',
  again: 'Look again',
  onlyOnline: 'This can be seen only with a connection.',
  never: 'never yet',
  store: 'Storage',
  storeWell: 'The relay takes work and writes it through to the disk.',
  storeBad: 'The relay cannot store safely now. Look in the log of the machine.',
  backup: 'Backup',
  backupAt: (at: string) => `Last one: ${at}`,
  backupHint: 'Make one at least every week: npm run -s samenpad -- backup FILE',
  room: 'Room on the disk',
  roomText: (used: string, free: string) => `${used} used, ${free} free`,
  roomHint: 'Make room before the disk is full. A full disk takes no more work; what is on laptops stays there.',
  connections: 'Connections',
  connectionsText: (sockets: number, queued: number) => `${sockets} open, ${queued} edits in line`,
  people: 'People and spaces',
  peopleText: (people: number, spaces: number) => `${people} ${people === 1 ? 'account' : 'accounts'}, ${spaces} ${spaces === 1 ? 'space' : 'spaces'}`,
  verified: 'Everything checked',
  verifyHint: 'Checks the log of who did what too: npm run -s samenpad -- verify',
  version: 'Version',
  versionText: (version: string, at: string) => `${version}, started: ${at}`,
}
