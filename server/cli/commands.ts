/** Every command of the command line, in the order in which the help shows them. */
import { ok } from '../../shared/base/result.ts'
import { VERSION } from '../version.ts'
import { backup, lost, restore, verify } from './care.ts'
import type { Command } from './command.ts'
import { exportSpace, items } from './documents.ts'
import { erase } from './erase.ts'
import { invite, spaces, token, users } from './people.ts'

const version: Command = {
  name: 'version',
  usage: '',
  summary: 'Zegt welke versie dit is',
  options: [],
  operation: () => 'machine.read',
  run: () => ok({ json: { name: 'samenpad', version: VERSION, node: process.version }, text: VERSION }),
}

export const COMMANDS: readonly Command[] = [spaces, items, users, invite, token, backup, restore, lost, verify, exportSpace, erase, version]
