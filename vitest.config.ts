// One configuration, one project for each stage of tests/run.mjs; the folder of a file decides which project it is in.
// Node code runs as Node runs it. Only client files need Svelte's compiler, and then its browser half.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { STEADY_THREADS } from './server/node-flags.mjs'

const SECOND_MS = 1000

const inBrowser = '**/*.e2e.test.ts'
const needsSvelte = ['tests/items/**', 'tests/workbench/**']
/** Packages bring tests of their own; the servers that the bench compares with are installed inside tests/. */
const ofOthers = '**/node_modules/**'
const hasItsOwnStage = ['tests/architecture/**', 'tests/simulation/**', 'tests/replay/**']

/** Small files first would leave the rows of trust, which take minutes each, to one worker at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/tests/trust/')
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    execArgv: [STEADY_THREADS],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: ['shared/**/*.test.ts', 'server/**/*.test.ts'],
          testTimeout: 20 * SECOND_MS,
        },
      },
      {
        plugins: [svelte()],
        resolve: { conditions: ['browser', 'module', 'import', 'default'] },
        test: {
          name: 'client',
          environment: 'node',
          include: ['client/**/*.test.ts', ...needsSvelte.map((folder) => `${folder}/*.test.ts`)],
          exclude: [inBrowser],
          server: { deps: { inline: [/svelte/, /bits-ui/, /runed/] } },
          testTimeout: 20 * SECOND_MS,
        },
      },
      {
        // Parts together and interfaces with all their implementations: every folder of tests/ that is not named elsewhere here.
        test: {
          name: 'contract',
          environment: 'node',
          include: ['tests/**/*.test.ts'],
          exclude: [ofOthers, inBrowser, ...needsSvelte, ...hasItsOwnStage],
          testTimeout: 30 * SECOND_MS,
        },
      },
      {
        test: { name: 'architecture', environment: 'node', include: ['tests/architecture/**/*.test.ts'], testTimeout: 180 * SECOND_MS },
      },
      {
        // SAMENPAD_SCHEDULES: how many seeded schedules the simulation runs; tests/run.mjs sets it.
        test: {
          name: 'simulation',
          environment: 'node',
          include: ['tests/{simulation,replay}/**/*.test.ts'],
          testTimeout: 900 * SECOND_MS,
        },
      },
      {
        // Real browsers and real relays, two files at a time: half of such a walk is waiting. Time limits only say "it hangs".
        test: {
          name: 'e2e',
          environment: 'node',
          include: [inBrowser],
          // Three processes of a browser on two cores: what fails once may be the machine, what fails twice is not. Second tries are printed at the end.
          retry: 1,
          testTimeout: 180 * SECOND_MS,
          hookTimeout: 180 * SECOND_MS,
        },
      },
    ],
  },
})
