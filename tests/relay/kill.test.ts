/** The relay killed in the middle of its work, with its own threads, its own file and no warning; and what it promised compared with what is there. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { below, seededDice } from '../../shared/base/random.ts'
import { createSqliteLog } from '../../server/store/sqlite-log.ts'

const CHILD = fileURLToPath(new URL('kill-child.ts', import.meta.url))
const SPACES = ['51', '52', '53'].map((byte) => byte.repeat(16))
const KILLS = 10

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'samenpad-kill-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Lets one life promise so many things, kills it, and returns every complete line it wrote. */
function liveAndDie(life: number, promises: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, folder, String(life)], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let errors = ''
    let count = 0
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      for (const char of text) if (char === '\n') count++
      if (count > promises) child.kill('SIGKILL')
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.on('error', reject)
    child.on('close', (_code, signal) => {
      if (signal === 'SIGKILL' && errors === '') resolve(out.slice(0, out.lastIndexOf('\n')).split('\n'))
      else reject(new Error(`life ${life} ended by itself: ${errors}`))
    })
  })
}

it('[INV1] killed ten times under load: everything acknowledged or fanned out is there, under the same epoch and seq', { timeout: 240_000 }, async () => {
  const dice = seededDice(2026)
  const acknowledged = new Set<string>()
  const fannedOut = new Map<string, string>()
  for (let life = 0; life < KILLS; life++) {
    for (const line of await liveAndDie(life, 300 + below(dice, 3_000))) {
      const [what, ...rest] = line.split(' ')
      if (what === 'a') acknowledged.add(rest[0]!)
      else if (what === 'e') {
        const [epoch, seq, entry] = rest as [string, string, string]
        const place = `${epoch} ${seq}`
        expect(fannedOut.get(entry) ?? place).toBe(place)
        fannedOut.set(entry, place)
      } else expect(line).toBe('ready')
    }
  }
  const log = await createSqliteLog({ folder, dice })
  expect(log.restored).toBe(false)
  const places = new Map<string, string>()
  for (const space of SPACES) {
    const { epoch } = (await log.head(space))!
    const { entries } = await log.read(space, 0, Infinity, 1e9)
    entries.forEach((entry, i) => {
      expect(entry.seq).toBe(i + 1)
      places.set(entry.entry, `${epoch} ${entry.seq}`)
    })
  }
  expect((await log.verify()).problems).toEqual([])
  await log.close()
  expect([...acknowledged].filter((entry) => !places.has(entry))).toEqual([])
  expect([...fannedOut].filter(([entry, place]) => places.get(entry) !== place)).toEqual([])
  // Or the test tested nothing.
  expect(acknowledged.size).toBeGreaterThan(KILLS * 100)
  expect(fannedOut.size).toBeGreaterThan(KILLS * 100)
})
