/** The window under its own policy: what hands strings to the browser breaks no rule, what nobody allowed is refused, and a service worker can be taken back. */
import { expect, it } from 'vitest'
import { useExample } from '../support/example.ts'
import { demoLink, personIn, until } from '../support/person.ts'

const WORD = '<html xmlns:o="urn:schemas-microsoft-com:office:office"><body><p class=MsoListParagraph style="mso-list:l0 level1 lfo1"><span style="mso-list:Ignore">1.</span>uit Word geplakt<o:p></o:p></p><p class=MsoListParagraph style="mso-list:l0 level1 lfo1"><span style="mso-list:Ignore">2.</span>en nog een</p></body></html>'

const example = useExample()

it('[H1] typing, pasting and searching break no rule, and a string that nobody allowed becomes no markup and no script; [H2] a withdrawn worker goes with what it cached, and no word goes with it', async () => {
  const { product, browser } = example
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'nl-NL' })
  const person = await personIn(context)
  const { page } = person
  const broken: string[] = []
  await page.exposeFunction('ruleBroken', (what: string) => void broken.push(what))
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) => {
      void (globalThis as unknown as { ruleBroken(what: string): Promise<void> }).ruleBroken(`${effectiveDirective} ${blockedURI} ${sample}`)
    })
  })
  await person.signIn(demoLink(product, 'projectleider'))
  await person.open('Meerdere signalen')
  await person.write('Getypt onder de regels.')
  await person.text().evaluate((box, html) => {
    const data = new DataTransfer()
    data.setData('text/html', html)
    box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  }, WORD)
  await until('what was pasted is there, without the markers that Word draws', async () => /uit Word geplakt[\s\S]*en nog een/.test(await person.words()) && !/[12]\.\s*(uit Word|en nog)/.test(await person.words()))
  await person.syncIs('relay')
  await page.keyboard.press('Escape')
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  expect(broken).toEqual([])
  expect(person.errors).toEqual([])

  const refused = await page.evaluate(() => {
    const attempts: Record<string, () => unknown> = {
      markup: () => (document.createElement('div').innerHTML = '<img src=x onerror=alert(1)>'),
      'a worker from elsewhere': () => new Worker('https://evil.example/x.js'),
      'a worker of our own address that is no file of ours': () => new Worker('/api/me'),
      'a script by address': () => (document.createElement('script').src = '/api/me'),
      'a script by text': () => (document.createElement('script').text = 'alert(1)'),
    }
    return Object.entries(attempts).map(([name, attempt]) => {
      try {
        attempt()
        return `${name} passed`
      } catch {
        return 'refused'
      }
    })
  })
  expect(refused).toEqual(Array.from({ length: 5 }, () => 'refused'))
  const here = (): Promise<[number, number]> => page.evaluate(async () => [(await navigator.serviceWorker.getRegistrations()).length, (await caches.keys()).length])
  expect(await here()).toEqual([1, 1])

  await product.stop()
  process.env.WITHDRAW_WORKER = '1'
  try {
    await product.start()
    await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update())
    await until('the worker and its cache are gone', async () => (await here()).join() === '0,0')
    await person.text().waitFor()
    expect(await person.words()).toContain('Getypt onder de regels.')
    await product.kill()
    await person.write('Zonder worker en zonder knooppunt.')
    await person.syncIs('offline', 'local')
    await product.start()
    await person.syncIs('relay')
  } finally {
    delete process.env.WITHDRAW_WORKER
  }
  await context.close()
})
