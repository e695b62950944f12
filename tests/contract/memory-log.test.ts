import { describe, expect, it } from 'vitest'
import { seededDice } from '../../shared/base/random.ts'
import { createMemoryLog, restoreMemoryLog, type MemoryLogOptions } from '../../server/store/memory-log.ts'
import type { Log } from '../../server/store/log.ts'
import { describeErasure } from './erasure.contract.ts'
import { describeLog } from './log.contract.ts'
import { createEntryMaker, createTypist } from './payloads.ts'

describeLog('memory log', async () => {
  let log = createMemoryLog({ dice: seededDice(1) })
  return {
    log,
    async reopen() {
      await log.close()
      return (log = log.reopen())
    },
    dispose: () => log.close(),
  }
})

describe('memory log, faults', () => {
  const SPACE = '50'.repeat(16)
  const AUTHOR = 'a0'.repeat(16)

  async function setup(more: Partial<MemoryLogOptions> = {}) {
    const steps: { step: string; run: () => void }[] = []
    const log = createMemoryLog({ dice: seededDice(1), schedule: (step, run) => void steps.push({ step, run }), ...more })
    await log.ensureSpace(SPACE)
    const typist = createTypist(1)
    const make = createEntryMaker()
    const entry = make.entry({ space: SPACE, item: make.id(), writer: make.id(), payload: typist.type('hallo') })
    const settled: string[] = []
    const appended = log.append([{ entry, author: AUTHOR, serverTime: 1 }]).then(
      ({ results }) => settled.push(results[0]!.kind),
      (problem: { kind: string }) => settled.push(problem.kind),
    )
    return { steps, log, settled, appended, entry }
  }
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

  it('a commit waits for the scheduler; the answer comes after the sync', async () => {
    const { steps, log, settled, appended } = await setup()
    await turn()
    expect(settled).toEqual([])
    expect((await log.head(SPACE))!.head).toBe(0)
    expect(steps.map(({ step }) => step)).toEqual(['sync'])
    steps[0]!.run()
    expect(steps.map(({ step }) => step)).toEqual(['sync', 'answer'])
    steps[1]!.run()
    await appended
    expect(settled).toEqual(['stored'])
  })

  it('[INV1] a crash before the sync loses the append, a crash after it loses only the answer', async () => {
    for (const syncedFirst of [false, true]) {
      const { steps, log, settled } = await setup()
      if (syncedFirst) steps[0]!.run()
      log.crash()
      for (const { run } of steps) run()
      await turn()
      expect(settled).toEqual([])
      expect((await log.reopen().head(SPACE))!.head).toBe(syncedFirst ? 1 : 0)
    }
  })

  it('[INV1] a failed commit is never answered as stored, whether or not it reached the disk', async () => {
    for (const fault of ['failed', 'unsure'] as const) {
      const { steps, log, settled, appended } = await setup({ fault: () => fault })
      for (const step of steps) step.run()
      await appended
      expect(settled).toEqual(['full'])
      expect((await log.head(SPACE))!.head).toBe(fault === 'unsure' ? 1 : 0)
    }
  })

  it('a restored backup has its old entries under a new epoch', async () => {
    const { steps, log, entry } = await setup()
    const before = await log.head(SPACE)
    const backup = log.backup()
    for (const step of steps) step.run()
    const restored = restoreMemoryLog(backup, { dice: seededDice(2) })
    const after = await restored.head(SPACE)
    expect(after!.head).toBe(0)
    expect(after!.epoch).not.toBe(before!.epoch)
    expect((await restored.append([{ entry, author: AUTHOR, serverTime: 1 }])).results[0]).toEqual({ kind: 'stored', seq: 1, repeated: false })
  })
})

describeErasure('memory log', async () => {
  let log = createMemoryLog({ dice: seededDice(1) })
  const world = {
    log: log as Log,
    async reopen() {
      await log.close()
      return (world.log = log = log.reopen())
    },
    dispose: () => log.close(),
  }
  return world
})
