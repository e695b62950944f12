/**
 * The relay as a program: reads the settings, starts, says where it is, and stops cleanly when asked. What a person can put right is said in one
 * sentence with a next step, and ends in exit code 1; a bug keeps its stack.
 */
import { setFlagsFromString } from 'node:v8'
import { pino } from 'pino'
import { DIST, isBuilt, startRelay } from './assemble.ts'
import { readConfig } from './config.ts'
import { explain, type StartFailure } from './explain.ts'
import { systemClock, systemDice } from './system.ts'
import { VERSION } from './version.ts'

/** After this long a stop that hangs (a disk that does not answer) becomes an exit with an error. */
const STOP_MS_MAX = 8_000
const SAME_WISH_MS = 1000 // longer than signals take to travel, shorter than a person takes to lose patience

function giveUp(failure: StartFailure): void {
  console.error(`\n${explain(failure)}\n`)
  process.exitCode = 1
}

process.umask(0o077) // what we write is for this account alone
// The size that Node was started with is for this thread. Read when another one begins, it would overrule what that one is given: see THREAD_YOUNG_MB.
setFlagsFromString('--max-semi-space-size=0')

const config = readConfig(process.env, process.argv.slice(2), process.versions.node)
if (!config.ok) giveUp(config.failure)
else {
  const log = pino({ level: config.value.logLevel, base: null }, pino.destination({ dest: 2, sync: true }))
  const started = await startRelay(config.value, { clock: systemClock, dice: systemDice, log, version: VERSION, dist: DIST })
  if (!started.ok) giveUp(started.failure)
  else {
    const { address, setupToken, seeded, demoLinks } = started.value
    if (seeded) console.log(`\nHet voorbeeldprogramma is geladen: ${seeded.municipalities} gemeenten, ${seeded.items} documenten. Alle cijfers zijn verzonnen.`)
    console.log(`\nSamenpad draait op ${address}`)
    if (!isBuilt(DIST)) console.log('De werkplek is nog niet gebouwd; start met npm start om hem te bouwen.')
    if (config.value.publicUrl !== null && config.value.securityContact === null) console.log('Waar iemand een zwakke plek kan melden, staat er nog niet bij: geef met SECURITY_CONTACT een adres (mailto: of https://).')
    if (setupToken) console.log(`\nEr is nog geen beheerder. Open deze link één keer om dat te worden:\n  ${address}/welkom/${setupToken}`)
    if (demoLinks.length > 0) {
      console.log('\nInloggen als:')
      const labels = demoLinks.map(({ role, person }) => `${role} (${person.organisation})`)
      const width = Math.max(...labels.map(({ length }) => length))
      for (const [index, { token }] of demoLinks.entries()) console.log(`  ${(labels[index] ?? '').padEnd(width)}  ${address}/welkom/${token}`)
    }
    console.log('\nStoppen: Ctrl+C\n')

    let stoppingSince: number | null = null
    const stop = (): void => {
      if (stoppingSince !== null) {
        // A signal to the whole process group arrives here twice: by itself and through the launcher. That is one wish.
        if (Date.now() - stoppingSince > SAME_WISH_MS) process.exit(1) // asked twice: somebody does not want to wait
        return
      }
      stoppingSince = Date.now()
      const timer = setTimeout(() => {
        console.error('Het stoppen duurt te lang en is afgebroken. Alles wat bevestigd was, is opgeslagen.')
        process.exit(1)
      }, STOP_MS_MAX)
      void started.value.close().then(() => {
        clearTimeout(timer)
        console.log('Samenpad is gestopt.')
        process.exit(0)
      })
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
    process.on('SIGHUP', stop)
  }
}
