/** The table of routes of a relay as it runs: started once, asked, and ended. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { startRelay } from '../../server/assemble.ts'
import type { Route } from '../../server/http/route.ts'
import { systemClock, systemDice } from '../../server/system.ts'
import { plainConfig } from '../support/plain-config.ts'

export type RouteLine = Pick<Route, 'method' | 'path' | 'operation'>

export async function routesOfRelay(): Promise<readonly RouteLine[]> {
  const folder = mkdtempSync(join(tmpdir(), 'samenpad-access-'))
  const started = await startRelay(plainConfig({ data: join(folder, 'data') }), { clock: systemClock, dice: systemDice, log: pino({ level: 'silent' }), version: 'access', dist: join(folder, 'none') })
  if (!started.ok) throw new Error(`the relay did not start: ${started.failure.kind}`)
  const { routes } = started.value.app
  await started.value.close()
  rmSync(folder, { recursive: true })
  return routes
}
