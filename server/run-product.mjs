// Runs the product under the pinned Node as if this launcher were not there: same terminal, same signals, same exit code.
// Invariant: no relay outlives the `npm start` that began it, or it would hold the port and the data folder unseen.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { NODE_ENV, NODE_FLAGS } from './node-flags.mjs'
import { root, runtimePath } from './setup.mjs'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP']
const WATCH_MS = 100 // how long a relay may outlive a killed npm; looking costs one read of /proc

/** Out: the exit code of `file`; 128 + the signal's number when a signal ended it. `flags` are those of Node. */
export function runProduct(file, args, flags = NODE_FLAGS) {
  return new Promise((resolve, reject) => {
    const child = spawn(runtimePath(), [...flags, join(root, file), ...args], { stdio: 'inherit', env: { ...NODE_ENV, ...process.env } })
    const forward = (signal) => {
      // In a terminal Ctrl+C reaches the whole process group by itself; twice would look like an impatient second press.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    }
    for (const name of FORWARDED) process.on(name, forward)
    const stopWatching = watchNpm(() => child.kill('SIGTERM'))
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      for (const name of FORWARDED) process.off(name, forward)
      stopWatching()
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

/**
 * Calls `onGone` once when the npm that started us has ended. npm passes a signal to the shell it started us with, and most
 * shells die of it without passing it on, so nobody else tells us.
 */
function watchNpm(onGone) {
  if (!process.env.npm_lifecycle_event) return () => undefined
  const shell = process.ppid
  const npm = parentOfShell(shell)
  const timer = setInterval(() => {
    if (process.ppid === shell && parentOfShell(shell) === npm) return
    clearInterval(timer)
    onGone()
  }, WATCH_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Linux only, and only when a shell stands between npm and us; elsewhere our own parent is enough. */
function parentOfShell(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? []
    return ['sh', 'dash', 'bash'].includes(name) ? Number(rest.split(' ')[1]) : undefined
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined // another system, or just ended
    throw error
  }
}
