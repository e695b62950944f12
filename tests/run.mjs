// `npm test`: everything CI runs, set-up included, from a fresh clone. Plain JavaScript, because it starts on whatever Node
// is there and hands every stage to the pinned Node 24. Invariants: a stage whose folder does not exist is not there
// (no made-up results), every failure is on the last line, and nothing counted means failure.
//
//   npm test                     all stages
//   npm test -- --quick          without the browser, with fewer simulated schedules
//   npm test -- --only e2e,lint  these stages alone
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, launch, root, runtimePath, SetupError } from '../server/setup.mjs'

const MINUTE_MS = 60_000
const RUN_MINUTES_MAX = 39 // the promise is 40 on two cores; what still runs then is stopped and counted as failed
const SCHEDULES_FULL = 10_000 // row C1; 16.8 a second on two cores
const SCHEDULES_MINUTES_MAX = 12 // on a slow or busy machine no more are begun after that; a thousand are played on any
const SCHEDULES_QUICK = 100
/** What the rest of the simulation needs after the schedules: two on two cores, and half as much again. */
const AFTER_SCHEDULES_MINUTES = 3

const bin = (path) => join(root, 'node_modules', ...path.split('/'))
const outputFolder = join(root, 'test-output')

/** name, what must exist for it to be there, how to run it, minutes it may take, whether --quick has it */
const stages = [
  { name: 'types', needs: 'tsconfig.json', quick: true, minutes: 6, run: types },
  { name: 'lint', needs: 'eslint.config.js', quick: true, minutes: 6, run: () => tool('eslint/bin/eslint.js', ['.', '--max-warnings', '0']) },
  { name: 'architecture', tests: 'tests/architecture', quick: true, minutes: 3, run: () => vitest(['architecture']) },
  {
    name: 'vitest',
    tests: ['shared', 'server', 'client', 'tests'],
    quick: true,
    minutes: 15,
    run: () => vitest(['unit', 'client', 'contract'], { workers: 3 }), // these wait for relays that start, die and sync: two leave a core idle
  },
  { name: 'build', needs: 'client/index.html', quick: true, minutes: 4, run: build },
  { name: 'e2e', tests: 'tests', quick: false, minutes: 25, run: e2e },
  // Last, because it alone can do with less: it plays as many schedules as there is time left for.
  { name: 'simulation', tests: ['tests/simulation', 'tests/replay'], quick: true, minutes: 18, run: () => vitest(['simulation']) },
]

const total = { passed: 0, failed: [], skipped: [], repeated: [] }
let quick = false
let deadline = Infinity
/** Schedules may take this long: what comes after them must still fit, and a busy machine leaves them less. */
let schedulesMinutes = SCHEDULES_MINUTES_MAX
const children = new Set()

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.once(signal, () => {
    for (const child of children) stop(child, signal)
    process.exit(code)
  })
}

await launch(async () => {
  const { only, isQuick } = readArguments(process.argv.slice(2))
  quick = isQuick
  const startedAt = Date.now()
  await ensureInstalled()
  const runtime = runtimePath()
  process.env.PATH = `${join(runtime, '..')}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`
  rmSync(outputFolder, { recursive: true, force: true })
  mkdirSync(outputFolder, { recursive: true })

  const lines = []
  for (const stage of stages) {
    if (only ? !only.includes(stage.name) : quick && !stage.quick) continue
    if (!isThere(stage)) continue
    const left = startedAt + RUN_MINUTES_MAX * MINUTE_MS - Date.now()
    if (!only) schedulesMinutes = Math.max(1, Math.min(SCHEDULES_MINUTES_MAX, left / MINUTE_MS - AFTER_SCHEDULES_MINUTES))
    deadline = Date.now() + Math.max(0, Math.min(stage.minutes * MINUTE_MS, left))
    console.log(`\n── ${stage.name} ──`)
    const stageStartedAt = Date.now()
    const failedBefore = total.failed.length
    const passedBefore = total.passed
    await stage.run()
    const failed = total.failed.length - failedBefore
    const passed = total.passed - passedBefore
    const line = `${stage.name.padEnd(13)} ${seconds(stageStartedAt).padStart(7)}   ${failed ? `${failed} failed` : 'ok'}${passed ? `, ${passed} passed` : ''}`
    console.log(`── ${line}`)
    lines.push(line)
  }

  console.log(`\n${lines.join('\n')}\n${'in all'.padEnd(13)} ${seconds(startedAt).padStart(7)}`)
  for (const { title, reason } of total.skipped) console.log(`skipped: ${title}: ${reason}`)
  for (const title of total.repeated) console.log(`passed at the second try only: ${title}`)
  for (const title of total.failed) console.log(`failed: ${title}`)
  // Counted stages give tests; the checks before them have no count of their own, so only their failures count.
  const counted = stages.some((stage) => stage.tests && (!only || only.includes(stage.name)))
  const ranNothing = counted && total.passed + total.failed.length === 0
  if (ranNothing) console.log('failed: no test ran at all')
  const failedCount = total.failed.length + (ranNothing ? 1 : 0)
  console.log(`\n${total.passed} passed, ${failedCount} failed${total.skipped.length ? `, ${total.skipped.length} skipped` : ''}`)
  return failedCount > 0 ? 1 : 0
})

function readArguments(given) {
  const result = { only: undefined, isQuick: false }
  const rest = [...given]
  while (rest.length > 0) {
    const argument = rest.shift()
    if (argument === '--quick') result.isQuick = true
    else if (argument === '--only') result.only = (rest.shift() ?? '').split(',').filter(Boolean)
    else throw new SetupError(`Unknown option ${argument}. Known: --quick, --only ${stages.map((stage) => stage.name).join(',')}`)
  }
  const unknown = result.only?.filter((name) => !stages.some((stage) => stage.name === name)) ?? []
  if (unknown.length > 0 || result.only?.length === 0)
    throw new SetupError(`Unknown stage ${unknown.join(', ')}. Known: ${stages.map((stage) => stage.name).join(', ')}`)
  return result
}

function isThere(stage) {
  if (stage.needs) return existsSync(join(root, stage.needs))
  return [stage.tests].flat().some((folder) => holdsFiles(join(root, folder), '.test.ts'))
}

function holdsFiles(folder, ending) {
  return existsSync(folder) && readdirSync(folder, { recursive: true }).some((name) => name.endsWith(ending))
}

function seconds(startedAt) {
  return `${((Date.now() - startedAt) / 1000).toFixed(1)} s`
}

/** svelte-check sees every .ts of tsconfig.json as tsc does, and the types of .svelte files that tsc cannot see. */
function types() {
  return tool('svelte-check/bin/svelte-check', ['--tsconfig', './tsconfig.json', '--output', 'human', '--fail-on-warnings'])
}

async function build() {
  try {
    await ensureBuilt()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.log(error.message)
    total.failed.push('build')
  }
}

/** The browsers look at the built client, so there is nothing to see when it does not build. */
async function e2e() {
  if (existsSync(join(root, 'client', 'index.html')) && !total.failed.includes('build')) await build()
  if (total.failed.includes('build')) total.failed.push('e2e: not run, because the client does not build')
  else await vitest(['e2e'])
}

/** Runs a check that has no tests of its own: it fails as one, or says nothing. */
async function tool(path, args, name = path.split('/')[0]) {
  const code = await runNode([bin(path), ...args], {})
  if (code !== 0) total.failed.push(`${name}${code === 'timeout' ? ': did not finish in time' : ''}`)
}

/** `workers`: files at a time, where it is not as many as vitest.config.ts says. */
async function vitest(projects, { workers } = {}) {
  const countsFile = join(outputFolder, `${projects.join('-')}.json`)
  const args = [...projects.flatMap((project) => ['--project', project]), ...(workers ? [`--maxWorkers=${workers}`] : [])]
  const code = await runNode(
    [bin('vitest/vitest.mjs'), 'run', ...args, '--passWithNoTests', '--reporter=default', '--reporter=./tests/support/count-reporter.ts'],
    {
      SAMENPAD_COUNTS: countsFile,
      SAMENPAD_SCHEDULES: String(quick ? SCHEDULES_QUICK : SCHEDULES_FULL),
      SAMENPAD_SCHEDULES_MINUTES: String(schedulesMinutes),
    },
  )
  const name = projects.join(', ')
  const counts = existsSync(countsFile) ? JSON.parse(readFileSync(countsFile, 'utf8')) : undefined
  if (code === 'timeout') total.failed.push(`${name}: did not finish in time`)
  else if (!counts) total.failed.push(`${name}: vitest ended without a count (exit code ${code})`)
  else if (code !== 0 && counts.failed.length === 0) total.failed.push(`${name}: vitest ended with exit code ${code}`)
  if (!counts) return
  total.passed += counts.passed
  total.failed.push(...counts.failed)
  total.repeated.push(...counts.repeated)
  for (const skipped of counts.skipped) {
    if (skipped.reason) total.skipped.push(skipped)
    else total.failed.push(`${skipped.title}: skipped without a reason; use context.skip('why')`)
  }
}

/** Runs one Node 24 process and what it starts, within the time of its stage. Resolves its exit code, or 'timeout'. */
function runNode(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(runtimePath(), args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
      detached: process.platform !== 'win32',
    })
    children.add(child)
    let late = false
    const timer = setTimeout(
      () => {
        late = true
        stop(child, 'SIGKILL')
      },
      Math.max(0, deadline - Date.now()),
    )
    child.once('error', reject)
    child.once('exit', (code) => {
      clearTimeout(timer)
      children.delete(child)
      resolve(late ? 'timeout' : (code ?? 1))
    })
  })
}

/** Ends a stage with everything it started: browsers and relays are in its process group. */
function stop(child, signal) {
  if (process.platform === 'win32') child.kill(signal)
  else process.kill(-child.pid, signal)
}
