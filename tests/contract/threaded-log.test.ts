import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { StoredLog } from '../../server/store/sqlite-log.ts'
import { createThreadedLog } from '../../server/store/threaded-log.ts'
import { describeLog } from './log.contract.ts'

// Starting two threads takes longer than a test, so the suite shares one store.
const folder = mkdtempSync(join(tmpdir(), 'samenpad-log-'))
let shared: StoredLog | null = null
afterAll(async () => {
  await shared?.close()
  rmSync(folder, { recursive: true })
})

describeLog('threaded sqlite log', async () => {
  let log = (shared ??= await createThreadedLog({ folder }))
  return {
    log,
    async reopen() {
      await log.close()
      return (log = shared = await createThreadedLog({ folder }))
    },
    async dispose() {
      // A test that closed the log leaves the next one to open it.
      const isOpen = await log.head('00'.repeat(16)).then(() => true, () => false)
      if (!isOpen) shared = null
    },
  }
})
