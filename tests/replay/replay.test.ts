/**
 * A real writing session of two people, as it was recorded, through two engines and the relay. The recording says what everybody must end with,
 * so nothing here is compared with our own opinion of it. Skipped, with the reason, where the recording is not at hand.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadFacts } from '../../server/derive/facts-document.ts'
import { materialise } from '../../server/derive/materialise.ts'
import type { Log } from '../../server/store/log.ts'
import { createMemoryLog } from '../../server/store/memory-log.ts'
import { createThreadedLog } from '../../server/store/threaded-log.ts'
import type { Dice } from '../../shared/base/random.ts'
import { markdownOf } from '../../shared/derive/markdown.ts'
import type { ProseNode } from '../../shared/derive/prose-json.ts'
import { findRecording, readRecording, scriptOf, type Recording } from './recorded-session.ts'
import { replay } from './replay.ts'

const found = findRecording()

const textIn = ({ text, content }: ProseNode): string => text ?? (content ?? []).map(textIn).join('')

/** Of a folder of its own, in the writer's thread, as the relay has it. */
async function onDisk(): Promise<{ log: Log; end(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'samenpad-replay-'))
  const log = await createThreadedLog({ folder })
  return {
    log,
    async end() {
      await log.close()
      rmSync(folder, { recursive: true })
    },
  }
}

const logs: Record<string, (recording: Recording) => ReturnType<typeof replay>> = {
  'in memory': (recording) => replay(scriptOf(recording), (dice: Dice) => createMemoryLog({ dice })),
  'on SQLite in its writer thread': async (recording) => {
    const { log, end } = await onDisk()
    try {
      return await replay(scriptOf(recording), () => log)
    } finally {
      await end()
    }
  },
}

for (const [where, play] of Object.entries(logs))
  test(`[INV8][INV11] a recorded session of two people ends with its known text everywhere, with the log ${where}`, async (context) => {
    if ('missing' in found) return context.skip(found.missing)
    const recording = readRecording(found.path)
    const { windows, engines, fresh, seals, entries, counts } = await play(recording)
    await loadFacts()
    const exported = materialise(entries)
    const text = recording.endContent
    expect(windows).toEqual([text, text])
    expect(engines).toEqual([text, text])
    expect(fresh).toBe(text)
    expect(textIn(exported.prose)).toBe(text)
    expect(new Set([...seals, exported.seal]).size).toBe(1)
    // The Markdown is for people: the text with a backslash before what Markdown would take for itself.
    expect(markdownOf({ ...exported, ...exported.row }).replaceAll(/\\([^\w\s])/g, '$1')).toContain(text.trim())
    expect(counts.edits).toBe(recording.txns.reduce((sum, { patches }) => sum + patches.length, 0))
    expect(counts.absences).toBeGreaterThan(100)
    expect(counts.receipts).toBeGreaterThan(1_000)
    // Typing within the merge window is one entry.
    expect(counts.entries).toBeLessThan(counts.edits / 4)
  })
