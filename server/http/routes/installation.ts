/** How the installation is doing, for its administrators: version, store, room on the disk, connections, the last backup. Numbers and times only. */
import * as v from 'valibot'
import type { Accounts } from '../../auth/accounts.ts'
import type { Relay } from '../../relay/api.ts'
import { defineRoute, type Route } from '../route.ts'
import { time } from '../schemas.ts'
import type { Readiness } from './health.ts'

export interface Storage {
  /** Of all files in the data folder. */
  usedBytes: number
  /** For this user on that disk. */
  freeBytes: number
}

export interface InstallationRoutesDeps {
  accounts: Pick<Accounts, 'spaces' | 'accounts' | 'audit'>
  relay: Pick<Relay, 'counts'>
  version: string
  startedAt: number
  readiness(): Promise<Readiness>
  storage(): Promise<Storage>
  socketsCount(): number
  /** How long the account of who did what is kept. */
  auditDays: number
  securityContact: string | null
}

export function installationRoutes({ accounts, relay, version, startedAt, readiness, storage, socketsCount, auditDays, securityContact }: InstallationRoutesDeps): Route[] {
  const lastDone = (operation: string): number | null => accounts.audit.page({ operation, result: 'done', from: 'cli' }, 1).records[0]?.time ?? null
  return [
    defineRoute({
      method: 'GET',
      path: '/api/installation',
      summary: 'How the installation is doing: version, store, room, connections, last backup',
      operation: 'installation.read',
      answer: v.object({
        version: v.string(), startedAt: time, ready: v.boolean(), checks: v.record(v.string(), v.string()), usedBytes: time, freeBytes: time,
        spacesCount: time, peopleCount: time, socketsCount: time, queuedCount: time, backupAt: v.nullable(time), restoreAt: v.nullable(time), verifyAt: v.nullable(time),
        auditDays: time, securityContact: v.nullable(v.string()),
      }),
      refusals: [],
      async handle() {
        const [{ isReady, checks }, { usedBytes, freeBytes }] = await Promise.all([readiness(), storage()])
        return {
          status: 200,
          body: {
            version, startedAt, ready: isReady, checks, usedBytes, freeBytes, spacesCount: accounts.spaces().length,
            peopleCount: accounts.accounts().filter(({ kind, isDisabled }) => kind === 'person' && !isDisabled).length, socketsCount: socketsCount(), queuedCount: relay.counts().queuedEntries,
            backupAt: lastDone('machine.backup'), restoreAt: lastDone('machine.restore'), verifyAt: lastDone('machine.verify'), auditDays, securityContact,
          },
        }
      },
    }),
  ]
}
