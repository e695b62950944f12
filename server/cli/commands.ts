/** Every command of the command line, in the order in which the help shows them. */
import { ok } from '../../shared/base/result.ts'
import { backup, lost, restore, verify } from './care.ts'
import type { Command } from './command.ts'
import { exportSpace, items } from './documents.ts'
import { erase } from './erase.ts'
import { invite, reset, spaces, token, users } from './people.ts'

const version: Command = {
  name: 'version',
  usage: '',
  summary: 'Zegt welke versie dit is',
  options: [],
  operation: () => 'machine.read',
  run: (_given, { version }) => ok({ json: { name: 'samenpad', version, node: process.version }, text: version }),
}

export const COMMANDS: readonly Command[] = [spaces, items, users, invite, reset, token, backup, restore, lost, verify, exportSpace, erase, version]
