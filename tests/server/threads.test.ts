// What the threads of the relay may take, asked of the relay as people start it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NODE_FLAGS, STEADY_THREADS } from '../../server/node-flags.mjs'
import { THREAD_YOUNG_MB } from '../../server/store/thread-port.ts'
import { relayProcess } from '../trust/relay-process.ts'
import { atEnd, freshFolder } from './relay-under-test.ts'

test('threads keep to the young generation that each was given, whatever the first one was started with', async () => {
  const [data, folder] = [join(freshFolder(), 'data'), freshFolder()]
  const relay = relayProcess({ data, env: { YOUNG_FOLDER: folder }, nodeArguments: ['--import', new URL('./young-generation.mjs', import.meta.url).href] })
  atEnd(() => relay.kill())
  await relay.start()
  const sizes = readdirSync(folder).map((thread) => Number(readFileSync(join(folder, thread), 'utf8')))
  expect(sizes.length).toBeGreaterThanOrEqual(2)
  // The writer alone has more.
  expect(sizes.filter((bytes) => bytes > THREAD_YOUNG_MB * 2 ** 20).length).toBe(1)
})

test('whatever has threads with wasm in it is started so that their end is not its own: the relay, and this process', () => {
  expect(NODE_FLAGS).toContain(STEADY_THREADS)
  expect(process.execArgv).toContain(STEADY_THREADS)
})
