/**
 * What a page is asked to time about itself. Begins at the event's own time stamp, so that waiting in the queue counts, and ends behind the
 * next frame: requestAnimationFrame, then a message, which comes after style, layout and paint. (The Event Timing API reports seconds for
 * keys typed in a headless browser.)
 */
import type { BrowserContext, Page } from 'playwright-core'

interface Probe {
  keys: number[]
  /** Part of the time of each key until the handlers were through: what is computed before the frame. */
  handled: number[]
  isTiming: boolean
  /** ms after the start of the navigation; null: not yet. */
  firstView: number | null
  firstRows: number | null
  /** Times from a press of a key to the frame in which `isTrue` holds. */
  until(selector: string, countMin: number): Promise<number>
  asked: Record<string, number[]>
}
declare global {
  interface Window {
    probe: Probe
  }
}

/** In: before the first page of the context opens. */
export const installProbe = (target: BrowserContext | Page): Promise<unknown> =>
  target.addInitScript(() => {
    if (window.top !== window) return
    const afterFrame = (run: (now: number) => void): void =>
      void requestAnimationFrame(() => {
        const channel = new MessageChannel()
        channel.port1.onmessage = () => run(performance.now())
        channel.port2.postMessage(null)
      })
    let lastInput = 0
    const probe: Probe = {
      keys: [], handled: [], isTiming: false, firstView: null, firstRows: null, asked: {},
      until: (selector, countMin) =>
        new Promise((resolve) => {
          const began = lastInput
          const look = (): void => {
            if (document.querySelectorAll(selector).length >= countMin) afterFrame((now) => resolve(now - began))
            else requestAnimationFrame(look)
          }
          look()
        }),
    }
    window.probe = probe
    for (const type of ['keydown', 'pointerdown'])
      addEventListener(
        type,
        (event) => {
          lastInput = event.timeStamp
          if (!probe.isTiming || type !== 'keydown') return
          const began = event.timeStamp
          // The last thing that a key does before the browser may draw.
          addEventListener('input', () => probe.handled.push(performance.now() - began), { once: true })
          afterFrame((now) => probe.keys.push(now - began))
        },
        { capture: true },
      )
    // The first view: anything that a person can use. Rows: the tree has its content.
    const watch = new MutationObserver(() => {
      if (probe.firstView === null && document.querySelector('button, [role="tree"], form')) {
        probe.firstView = performance.now()
        afterFrame((now) => (probe.firstView = now))
      }
      if (probe.firstRows === null && document.querySelectorAll('[role="treeitem"]').length > 3) {
        probe.firstRows = performance.now()
        afterFrame((now) => (probe.firstRows = now))
        watch.disconnect()
      }
    })
    watch.observe(document, { childList: true, subtree: true })
    // Questions to the engine's worker, from asking to the answer.
    const Native = window.Worker
    window.Worker = class extends Native {
      constructor(address: string | URL, options?: WorkerOptions) {
        super(address, options)
        const begun = new Map<number, { method: string; at: number }>()
        const post = this.postMessage.bind(this)
        this.postMessage = (message: { type?: string; id?: number; method?: string }) => {
          if (message.type === 'call') begun.set(message.id ?? 0, { method: message.method ?? '', at: performance.now() })
          post(message)
        }
        this.addEventListener('message', ({ data }: MessageEvent<{ type?: string; id?: number }>) => {
          const call = data.type === 'answer' ? begun.get(data.id ?? 0) : undefined
          if (!call) return
          begun.delete(data.id ?? 0)
          ;(probe.asked[call.method] ??= []).push(performance.now() - call.at)
        })
      }
    }
  })

/** Out: what the page timed since it was asked last. */
export const takeKeys = (page: Page): Promise<{ keys: number[]; handled: number[] }> =>
  page.evaluate(() => ({ keys: window.probe.keys.splice(0), handled: window.probe.handled.splice(0) }))

/** Presses one key after another with a pause between, as a hand does; each is timed by the page. */
export async function pressKeys(page: Page, letters: string, pauseMs: number): Promise<void> {
  await page.evaluate(() => void (window.probe.isTiming = true))
  for (const letter of letters) {
    await page.keyboard.press(letter)
    await page.waitForTimeout(pauseMs)
  }
  await page.evaluate(() => void (window.probe.isTiming = false))
}

export async function signedIn(context: BrowserContext, address: string, cookie: string): Promise<void> {
  const at = cookie.indexOf('=')
  await context.addCookies([{ name: cookie.slice(0, at), value: cookie.slice(at + 1), url: address, httpOnly: true, sameSite: 'Lax' }])
}
