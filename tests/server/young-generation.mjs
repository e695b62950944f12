// Preloaded into every thread of a relay: makes garbage until the young generation is as large as it gets, and writes down how large, under the thread's number.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getHeapSpaceStatistics } from 'node:v8'
import { isMainThread, threadId } from 'node:worker_threads'

if (!isMainThread) {
  let kept = []
  for (let i = 0; i < 3_000_000; i++) {
    kept.push({ i })
    if (kept.length > 50_000) kept = []
  }
  const { space_size: bytes } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  writeFileSync(join(process.env.YOUNG_FOLDER, String(threadId)), String(bytes))
}
