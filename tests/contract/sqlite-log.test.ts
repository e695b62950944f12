import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededDice } from '../../shared/base/random.ts'
import { createSqliteLog } from '../../server/store/sqlite-log.ts'
import { describeLog } from './log.contract.ts'

describeLog('sqlite log', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'samenpad-log-'))
  const dice = seededDice(1)
  let log = await createSqliteLog({ folder, dice })
  return {
    log,
    async reopen() {
      await log.close()
      return (log = await createSqliteLog({ folder, dice }))
    },
    async dispose() {
      await log.close()
      rmSync(folder, { recursive: true })
    },
  }
})
