// A backup that is put back where there is too little room for it.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { newId } from '../../shared/base/ids.ts'
import { systemDice } from '../../server/system.ts'
import { buildShim, createShim } from '../trust/shim.ts'
import { atEnd, freshFolder, run, startUnderTest } from './relay-under-test.ts'

test('a command for which there is no room ends in one sentence', async ({ skip }) => {
  const own = freshFolder()
  const library = buildShim(own)
  if ('reason' in library) return skip(library.reason)
  const relay = await startUnderTest()
  const space = relay.space()
  await relay.running.close()
  const shim = createShim(library.path, relay.folder, own)
  atEnd(() => shim.close())
  const env = { SAMENPAD_DATA: relay.folder, ...shim.env }
  // The first writes; the second only says that it was asked.
  for (const [args, says] of [[['invite', '--space', space, '--role', 'member'], /^De database .*accounts\.sqlite kan niet/m], [['verify'], /kon niet in het register/]] as const) {
    shim.room(0)
    const { stderr } = await run('server/cli.ts', [...args], env).ended
    shim.room(-1)
    expect(stderr).toMatch(says)
    expect(stderr).toContain('Kijk of de schijf vol is')
    expect(stderr).not.toContain('    at ')
  }
})

/** Of the size of the backup. Its log is unpacked, and that is all it needs. */
const ROOMS = [0, 0.3, 0.7, 0.97, 1.02, 1.3, 1.7, 2.5]

test('a restore for which there is no room leaves what was there, however little was lacking', async ({ skip }) => {
  const own = freshFolder()
  const library = buildShim(own)
  if ('reason' in library) return skip(library.reason)
  const relay = await startUnderTest()
  const space = relay.space()
  const { user } = await relay.member(space, 'leader')
  await relay.running.log.ensureSpace(space)
  for (let i = 0; i < 20; i++) {
    const doc = new Y.Doc()
    doc.getText('prose').insert(0, `${i} `.repeat(30_000))
    const entry = { space, entry: newId(systemDice), item: newId(systemDice), part: 'prose', format: 'yjs1', schema: 1, clientTime: 1, writer: newId(systemDice), payload: Y.encodeStateAsUpdate(doc) } as const
    expect(await relay.running.relay.push(user, entry)).toMatchObject({ kind: 'stored' })
  }
  await relay.running.close()
  const file = join(freshFolder(), 'kopie')
  expect((await run('server/cli.ts', ['backup', file], { SAMENPAD_DATA: relay.folder }).ended).code).toBe(0)

  const shim = createShim(library.path, relay.folder, own)
  atEnd(() => shim.close())
  const state = () => ({
    log: createHash('sha256').update(readFileSync(join(relay.folder, 'log.sqlite'))).digest('hex'),
    mark: readFileSync(join(relay.folder, 'samenpad.json'), 'utf8'),
    folders: readdirSync(relay.folder, { withFileTypes: true }).filter((one) => one.isDirectory()).map(({ name }) => name),
  })
  const before = state()
  const codes: (number | null)[] = []
  for (const room of ROOMS) {
    shim.room(Math.floor(room * statSync(file).size))
    const { code } = await run('server/cli.ts', ['restore', file, '--force'], { SAMENPAD_DATA: relay.folder, ...shim.env }).ended
    shim.room(-1)
    codes.push(code)
    if (code === 0) break
    expect([room, state()]).toEqual([room, before])
  }
  expect(codes.length).toBeGreaterThan(3)
  expect(codes.at(-1)).toBe(0)
})
