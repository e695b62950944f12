/** D5: a folder that cannot be used, or that lost a part, ends the start in one sentence; nothing is begun anew over what is there, and nothing is touched. */
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { namedDice } from '../../shared/base/random.ts'
import { settle } from './people.ts'
import { relayProcess, withFolder } from './relay-process.ts'
import { count, type Row, type Trial } from './row.ts'
import { createWriter } from './writer.ts'

const SAID_MS_MAX = 5_000
/** Nobody, on every Unix. */
const STRANGER = 65_534

export const d5: Row = {
  id: 'D5',
  name: 'Folder that cannot be used',
  promise: 'a read-only, lost, half or foreign data folder is said in one sentence; the relay never starts empty over an existing store',
  target: 'every case: exit code 1 with a sentence ≤ 5 s, nothing touched',
  run: (trial) => withFolder((folder) => cases(folder, trial)),
}

interface Case {
  name: string
  spoil(data: string): void
  /** Under an account that owns nothing here. */
  asStranger?: boolean
}

const CASES: readonly Case[] = [
  { name: 'the folder and all in it are read-only', asStranger: true, spoil: (data) => chmodAll(data, 0o555, 0o444) },
  { name: 'the folder belongs to another account', asStranger: true, spoil: (data) => chmodAll(data, 0o700, 0o600) },
  { name: 'the log belongs to another account', asStranger: true, spoil: (data) => {
    chownAll(data, STRANGER)
    chownSync(join(data, 'log.sqlite'), 0, 0)
    chmodSync(join(data, 'log.sqlite'), 0o600)
  } },
  { name: 'the log is gone', spoil: (data) => removeDatabase(data, 'log.sqlite') },
  { name: 'the log is empty', spoil: (data) => {
    removeDatabase(data, 'log.sqlite')
    writeFileSync(join(data, 'log.sqlite'), '')
  } },
  { name: 'the log is a folder', spoil: (data) => {
    removeDatabase(data, 'log.sqlite')
    mkdirSync(join(data, 'log.sqlite'))
  } },
  { name: 'the log was cut to half', spoil: (data) => truncateSync(join(data, 'log.sqlite'), lstatSync(join(data, 'log.sqlite')).size >> 1) },
  { name: 'the accounts are gone', spoil: (data) => removeDatabase(data, 'accounts.sqlite') },
  { name: 'the accounts are empty', spoil: (data) => {
    removeDatabase(data, 'accounts.sqlite')
    writeFileSync(join(data, 'accounts.sqlite'), '')
  } },
  { name: 'the mark of the folder is gone', spoil: (data) => rmSync(join(data, 'samenpad.json')) },
  { name: 'the mark of the folder is damaged', spoil: (data) => truncateSync(join(data, 'samenpad.json'), 20) },
  { name: 'the folder is a file', spoil: (data) => {
    rmSync(data, { recursive: true })
    writeFileSync(data, 'een bestand')
  } },
]

async function cases(folder: string, trial: Trial): Promise<void> {
  const isRoot = process.getuid?.() === 0
  chmodSync(folder, 0o755)
  const whole = join(folder, 'whole')
  await fill(whole, trial.seed)
  let tried = 0
  let slowest = 0
  const skipped: string[] = []
  for (const { name, spoil, asStranger = false } of CASES) {
    if (asStranger && !isRoot) {
      skipped.push(name)
      continue
    }
    const data = join(folder, `case-${tried}`)
    cpSync(whole, data, { recursive: true })
    spoil(data)
    const before = fingerprint(data)
    const relay = relayProcess({ data, ...(asStranger ? { uid: STRANGER } : {}) })
    const ended = await Promise.race([relay.launch(), sleep(60_000).then(() => null)])
    if (ended === null || ended.code !== 1) trial.violation(`${name}: ${ended === null ? 'it runs' : `exit code ${ended.code}`}: ${relay.output().trim().slice(0, 300)}`)
    if (relay.isUp) await relay.kill()
    if (ended) {
      slowest = Math.max(slowest, ended.ms)
      const said = ended.output.trim()
      if (asStranger && /Cannot find module|EACCES.*server/s.test(said)) skipped.push(`${name} (the program cannot be read by another account here)`)
      else if (said === '' || said.includes('\n') || /\s+at |Error:|undefined/.test(said)) trial.violation(`${name}: not a sentence: ${said.slice(0, 300)}`)
    }
    const after = fingerprint(data)
    if (after !== before) trial.violation(`${name}: something was changed: ${difference(before, after)}`)
    chmodAll(data, 0o700, 0o600)
    tried++
    trial.progress(name)
  }
  trial.figure(`${count(tried, 'case')} refused with a sentence and nothing touched`)
  if (trial.size !== 'small') trial.figure(`${Math.round(slowest)} ms at most`)
  if (slowest > SAID_MS_MAX) trial.missed(`said after ${Math.round(slowest)} ms`)
  if (skipped.length > 0) trial.figure(`not tried: ${skipped.join('; ')}`)
}

/** A store with something in it, stopped properly. */
export async function fill(data: string, seed: number): Promise<void> {
  const group = settle(data, 2, 1)
  const relay = relayProcess({ data })
  await relay.start()
  const dice = namedDice(seed, 'fill')
  const writer = createWriter({ space: group.space(0), dice })
  const { gone } = await writer.connect(relay.address, group.cookie(0))
  while (writer.acknowledged.size < 100) await sleep(5)
  await relay.stop()
  await gone
}

function each(path: string, visit: (path: string, isFolder: boolean) => void): void {
  const isFolder = lstatSync(path).isDirectory()
  if (isFolder) for (const name of readdirSync(path)) each(join(path, name), visit)
  visit(path, isFolder)
}
const chmodAll = (path: string, folderMode: number, fileMode: number): void => each(path, (one, isFolder) => chmodSync(one, isFolder ? folderMode : fileMode))
const chownAll = (path: string, uid: number): void => each(path, (one) => chownSync(one, uid, uid))
function removeDatabase(data: string, name: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(data, name + suffix), { force: true })
}

/** Locks come and go and say nothing about what is kept. */
const isLock = (path: string): boolean => /(relay\.lock|lock\.sqlite)(-journal|-wal|-shm)?$/.test(path)

function fingerprint(path: string): string {
  if (!existsSync(path)) return 'nothing'
  const lines: string[] = []
  each(path, (one, isFolder) => {
    if (!isFolder && !isLock(one)) lines.push(`${one.slice(path.length)} ${createHash('sha256').update(readFileSync(one)).digest('hex')}`)
  })
  return lines.sort().join('\n')
}
const difference = (before: string, after: string): string => {
  const old = new Set(before.split('\n'))
  const now = new Set(after.split('\n'))
  const name = (line: string): string => line.split(' ')[0] ?? ''
  return [...new Set([...[...now].filter((line) => !old.has(line)).map(name), ...[...old].filter((line) => !now.has(line)).map(name)])].join(', ')
}
