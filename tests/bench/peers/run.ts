/**
 * `npm run bench -- --peers`: the relay beside the servers that others use, in one run on one machine. Ratios are what carries over to another
 * machine. `--only` one row or some, `--quick` a short form of each, `--write FILE` puts the tables into the section of that file.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describeMachine } from '../machine.ts'
import { catchUp } from './catch-up.ts'
import { documents } from './documents.ts'
import { fanOut } from './fan-out.ts'
import { history } from './history.ts'
import { hostile } from './hostile.ts'
import { idle } from './idle.ts'
import { ensurePeers, versionsOf } from './install.ts'
import { kill } from './kill.ts'
import { markdownOf, textOf, type Table, type Tell } from './table.ts'
import { withSection } from './section.ts'

const ROWS: Record<string, (tell: Tell, isQuick: boolean) => Promise<void>> = {
  fanout: fanOut,
  documents,
  catchup: catchUp,
  history,
  idle,
  hostile,
  kill,
}
export interface PeersOptions {
  only: string | undefined
  write: string | undefined
  isQuick: boolean
}

/** Out: exit code. */
export async function runPeers({ only, write, isQuick }: PeersOptions): Promise<number> {
  const names = only ? only.split(',') : Object.keys(ROWS)
  const unknown = names.find((name) => !(name in ROWS))
  if (unknown !== undefined) {
    console.error(`No row ${unknown}. There are: ${Object.keys(ROWS).join(', ')}.`)
    return 2
  }
  ensurePeers()
  const machine = [...describeMachine(), `others    ${versionsOf(['@y/websocket-server', 'y-leveldb', '@hocuspocus/server', '@automerge/automerge-repo', '@automerge/automerge'])}`]
  console.log(machine.join('\n'))
  const tables: Table[] = []
  const failed: string[] = []
  const began = performance.now()
  for (const name of names) {
    try {
      await ROWS[name]?.((measured) => {
        const table = isQuick ? { ...measured, title: `${measured.title} (short form)` } : measured
        tables.push(table)
        console.log(textOf(table))
      }, isQuick)
    } catch (error) {
      // The other rows still have something to say.
      console.error(`\n${name} did not finish:`, error)
      failed.push(name)
    }
  }
  console.log(`\n${((performance.now() - began) / 60_000).toFixed(1)} minutes.`)
  mkdirSync('test-output', { recursive: true })
  writeFileSync('test-output/peers.json', JSON.stringify({ machine, tables }, null, 2))
  if (failed.length > 0) {
    console.error(`Did not finish: ${failed.join(', ')}.${write ? ` ${write} stays as it was.` : ''}`)
    return 1
  }
  if (write) {
    const before = existsSync(write) ? readFileSync(write, 'utf8') : ''
    writeFileSync(write, names.reduce((text, name) => withSection(text, name, machine, tables.filter(({ row }) => row === name).map(markdownOf)), before))
  }
  return 0
}
