// The files of the window as they go over the line: packed, in parts or not again; nothing from beside them; and a window that is replaced while the relay runs.
import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { atEnd, freshDist, startUnderTest } from './relay-under-test.ts'

interface Heard {
  status: number
  headers: IncomingHttpHeaders
  text: string
}
interface Asked {
  method?: string
  /** Whether to go away at the first bytes. */
  leaves?: boolean
}

/** Sent as it stands here: `fetch` unpacks, and tidies up addresses. */
const ask = (port: number, path: string, headers: Record<string, string> = {}, { method = 'GET', leaves = false }: Asked = {}): Promise<Heard> =>
  new Promise((resolve, reject) => {
    const asked = request({ port, path, method, headers: { accept: 'application/json', ...headers }, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (piece: string) => (leaves ? answer.destroy() : (text += piece))).on('error', () => undefined)
      answer.on('close', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
    })
    asked.on('error', reject).end()
  })

const asked = (...headers: Record<string, string>[]): Record<string, string>[] => headers

const SCRIPT = '/assets/main-1a2b3c.js'
const TEXT = 'export const built = true'

/** A relay with a script that is packed in two ways, as far as it can tell. */
async function withWindow() {
  const dist = freshDist()
  const write = (name: string, text: string): void => writeFileSync(join(dist, name), text)
  write(`${SCRIPT}.br`, 'packed small')
  write(`${SCRIPT}.gz`, 'packed less small')
  const { port, lines } = await startUnderTest({ dist })
  return { dist, write, lines, port, get: (path: string, headers?: Record<string, string>, how?: Asked) => ask(port, path, headers, how) }
}

describe('a file', () => {
  test('comes packed as the other side takes it, and says that it depends on that', async () => {
    const { get, dist } = await withWindow()
    const [br, gzip, plain] = [['br', 'packed small'], ['gzip', 'packed less small'], [undefined, TEXT]] as const
    for (const [accepts, [encoding, text]] of [
      ['br', br], ['gzip, deflate, br, zstd', br], ['BR', br], ['gzip', gzip], ['br;q=0, gzip', gzip], ['br;q=0.1, gzip;q=0.9', gzip], ['br ; q=0.9 , gzip ; q=0.9', br],
      ['identity', plain], ['', plain], ['br;q=0', plain], ['deflate', plain], ['*', plain], ['x-br', plain], ['br;q=x', plain],
    ] as const) {
      const heard = await get(SCRIPT, { 'accept-encoding': accepts })
      expect([accepts, heard.status, heard.headers['content-encoding'], heard.text, heard.headers['content-length']]).toEqual([accepts, 200, encoding, text, String(text.length)])
      expect([heard.headers.vary, heard.headers['content-type']]).toEqual(['accept-encoding', 'text/javascript; charset=utf-8'])
    }
    const tags = await Promise.all(['br', 'gzip', ''].map(async (accepts) => (await get(SCRIPT, { 'accept-encoding': accepts })).headers.etag))
    expect(new Set(tags).size).toBe(3)
    // What a build did not pack, or packed in one way only.
    rmSync(join(dist, `${SCRIPT}.br`))
    expect((await get(SCRIPT, { 'accept-encoding': 'br, gzip' })).headers['content-encoding']).toBe('gzip')
    expect((await get('/sw.js', { 'accept-encoding': 'br, gzip' })).headers['content-encoding']).toBeUndefined()
  })

  test('is not sent again to whoever has it, in that packing', async () => {
    const { get } = await withWindow()
    const { etag = '', 'last-modified': modified = '', ...rest } = (await get(SCRIPT)).headers
    const packed = (await get(SCRIPT, { 'accept-encoding': 'br' })).headers.etag ?? ''
    for (const headers of asked({ 'if-none-match': etag }, { 'if-none-match': etag.replace('W/', '') }, { 'if-none-match': `"x" , ${etag}` }, { 'if-none-match': '*' }, { 'if-modified-since': modified }, { 'if-none-match': packed, 'accept-encoding': 'br' }, { 'if-none-match': etag, range: 'bytes=0-1' })) {
      const heard = await get(SCRIPT, headers)
      expect([headers, heard.status, heard.text, heard.headers['content-length']]).toEqual([headers, 304, '', undefined])
      expect(heard.headers).toMatchObject({ 'cache-control': 'public, max-age=31536000, immutable', vary: 'accept-encoding', 'content-security-policy': rest['content-security-policy'], 'x-content-type-options': 'nosniff' })
    }
    for (const headers of asked({ 'if-none-match': '"x"' }, { 'if-none-match': packed }, { 'if-none-match': '' }, { 'if-none-match': '"x"', 'if-modified-since': modified }, { 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, { 'if-modified-since': 'gisteren' })) {
      expect([headers, (await get(SCRIPT, headers)).text]).toEqual([headers, TEXT])
    }
  })

  test('comes in parts, so that a download goes on where it ended', async () => {
    const { get } = await withWindow()
    const { etag = '', 'last-modified': modified = '' } = (await get(SCRIPT)).headers
    const last = TEXT.length - 1
    const parts: [string, number, number][] = [['bytes=0-5', 0, 5], ['bytes=7-', 7, last], ['bytes=-4', last - 3, last], ['bytes=0-0', 0, 0], ['bytes=3-99999', 3, last], ['bytes=-99999', 0, last]]
    for (const [range, start, end] of parts) {
      for (const ifRange of [undefined, etag, modified]) {
        const heard = await get(SCRIPT, { range, ...(ifRange === undefined ? {} : { 'if-range': ifRange }) })
        expect([range, heard.status, heard.text, heard.headers['content-range'], heard.headers['content-length']]).toEqual([range, 206, TEXT.slice(start, end + 1), `bytes ${start}-${end}/${TEXT.length}`, String(end - start + 1)])
      }
      // Of another version: a part of it would be put behind what is not its beginning.
      expect((await get(SCRIPT, { range, 'if-range': '"x"' })).text).toBe(TEXT)
      const head = await get(SCRIPT, { range }, { method: 'HEAD' })
      expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', String(TEXT.length)])
    }
    const packed = await get(SCRIPT, { range: 'bytes=0-5', 'accept-encoding': 'br' })
    expect([packed.status, packed.text, packed.headers['content-encoding'], packed.headers['content-range']]).toEqual([206, 'packed', 'br', 'bytes 0-5/12'])
    for (const range of [`bytes=${TEXT.length}-`, 'bytes=99999-', 'bytes=-0', `bytes=${'9'.repeat(40)}-`]) {
      const heard = await get(SCRIPT, { range })
      expect([range, heard.status, heard.headers['content-range'], heard.headers['cache-control'], heard.headers['x-content-type-options']]).toEqual([range, 416, `bytes */${TEXT.length}`, 'no-store', 'nosniff'])
    }
    for (const range of ['bytes=5-2', 'bytes=0-1,4-5', 'bytes=-', 'bytes=', 'bytes=a-b', 'items=0-1', 'bytes=-1-2', '0-1']) expect([range, (await get(SCRIPT, { range })).text]).toEqual([range, TEXT])
  })

  test('that is empty is empty, however it is asked for', async () => {
    const { get, write } = await withWindow()
    write('/assets/empty-1a2b3c.css', '')
    for (const headers of asked({}, { 'accept-encoding': 'br' }, { range: 'bytes=5-2' })) {
      const heard = await get('/assets/empty-1a2b3c.css', headers)
      expect([heard.status, heard.text, heard.headers['content-length'], heard.headers['content-type']]).toEqual([200, '', '0', 'text/css; charset=utf-8'])
    }
    expect((await get('/assets/empty-1a2b3c.css', { range: 'bytes=0-' })).status).toBe(416)
  })

  test.runIf(process.platform === 'linux')('is closed again, whoever leaves in the middle of it', async () => {
    // What nobody closed is closed when memory is tidied up, sooner or later, and said then.
    const warnings: string[] = []
    const hear = ({ message }: Error): void => void warnings.push(message)
    process.on('warning', hear)
    atEnd(() => process.off('warning', hear))
    const { get, write, dist, lines } = await withWindow()
    write('/assets/large-1a2b3c.wasm', 'x'.repeat(8_000_000))
    const { etag = '' } = (await get('/assets/large-1a2b3c.wasm', {}, { method: 'HEAD' })).headers
    const ways: [Record<string, string>, Asked][] = [[{}, { leaves: true }], [{}, { method: 'HEAD' }], [{ 'if-none-match': etag }, {}], [{ range: 'bytes=0-9' }, {}], [{ range: 'bytes=9999999-' }, {}], [{ range: 'bytes=5-' }, { leaves: true }]]
    for (let i = 0; i < 5; i++) await Promise.all(ways.map(([headers, how]) => get('/assets/large-1a2b3c.wasm', headers, how)))
    await get('/assets') // a folder is opened as well, to see what it is
    const open = (): string[] => readdirSync('/proc/self/fd').flatMap((fd) => linkOf(`/proc/self/fd/${fd}`)).filter((path) => path.startsWith(dist))
    await expect.poll(open, { timeout: 20_000 }).toEqual([])
    expect([warnings.filter((text) => /file descriptor|FileHandle/.test(text)), lines.filter((line) => /"level":[56]0/.test(line))]).toEqual([[], []])
  })
})

/** One may have been closed since they were listed. */
function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)]
  } catch {
    return []
  }
}

test('no path leads out of the window, to a dotfile, or to a file under another name than its own', async () => {
  const { dist, write, get } = await withWindow()
  writeFileSync(join(dist, '..', 'secret.txt'), 'SECRET')
  for (const folder of ['.git', 'with space']) mkdirSync(join(dist, folder))
  for (const name of ['.env', '.git/config', 'assets/.secret', '..secret', 'with space/x.txt']) write(name, 'SECRET')
  symlinkSync(join(dist, '..'), join(dist, '.up'))
  const odd = [
    '/..', '/../secret.txt', '/%2e%2e/secret.txt', '/.%2e/secret.txt', '/..%2fsecret.txt', '/%2e%2e%2fsecret.txt', '/..%5csecret.txt', '/..\\secret.txt', '/%5c..%5csecret.txt', '/%252e%252e/secret.txt', '/..%252fsecret.txt', '/%c0%ae%c0%ae/secret.txt', '/%e0%80%ae%e0%80%ae/secret.txt', '/%u002e%u002e/secret.txt',
    '/assets/../../secret.txt', '/assets/%2e%2e/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt', '/assets/..%5c..%5csecret.txt', '/assets/..;/..;/secret.txt', '/assets/../index.html', `/assets/./main-1a2b3c.js`, `/assets//main-1a2b3c.js`, '//index.html', '///', '/./index.html', '/.', '/./', '//evil.example/secret.txt',
    '/.env', '/%2eenv', '/.git/config', '/assets/.secret', '/..secret', '/.up/secret.txt', '/with%20space/x.txt', '/with space/x.txt'.replace(' ', '+'),
    '/%00', '/index.html%00', `${SCRIPT}%00`, '/sw.js%00.html', '/%', '/%2', '/%zz', '/assets/%', '/%ff', '/%ff%fe', '/x#%ff', '/index.html#x', '/index.html;x', '/index.html.', '/index.html%20', '/index.html::$DATA', '/INDEX.HTML', '/sw.js/', '/sw.js/x', `${SCRIPT}/`, '/assets', '/assets/', '/assets%2f', `/assets%2fmain-1a2b3c.js`, '/%2findex.html', '/C:/secret.txt', '/file:///etc/passwd', 'http://evil.example/secret.txt', 'http://evil.example/../secret.txt', `/assets/${'a'.repeat(300)}.js`, `/${'a'.repeat(5_000)}`, '/a'.repeat(2_000),
  ]
  const page = (await get('/', { accept: 'text/html' })).text
  for (const path of odd) {
    const program = await get(path)
    expect([path, program.status, program.text.includes('SECRET')]).toEqual([path, expect.toBeOneOf([400, 404]), false])
    const browser = await get(path, { accept: 'text/html,*/*' })
    const isPage = browser.status === 200 && browser.text === page
    expect([path, isPage || browser.status === 400 || browser.status === 404]).toEqual([path, true])
    // What could be taken for another path is not even a page.
    if (/^[^?#]*(\.\.|%2e%2e|\.%2e)(\/|$)|\/\/|%00|\\|%5c|^\/assets(\/|$)/i.test(path)) expect([path, isPage]).toEqual([path, false])
  }
  // A name in other letters of the same meaning is its own.
  for (const path of ['/%69ndex.html', '/index%2ehtml', '/index.html?x=/../..']) expect([path, (await get(path)).text]).toEqual([path, page])
})

test('a window that is replaced, taken away and put back while the relay runs is served as it is now', async () => {
  const { dist, write, get } = await withWindow()
  write('index.html.br', 'packed page')
  const html = { accept: 'text/html', 'accept-encoding': 'br' }
  const before = await get('/item/x', html)
  expect([before.status, before.text]).toEqual([200, 'packed page'])
  rmSync(join(dist, 'index.html.br'))
  write('index.html', '<!doctype html><head><title>Anders</title>')
  write('assets/next-4d5e6f.js', 'export const next = true')
  const after = await get('/item/x', { ...html, 'if-none-match': before.headers.etag ?? '' })
  expect([after.status, after.text, after.headers['content-encoding']]).toEqual([200, '<!doctype html><head><title>Anders</title>', undefined])
  expect((await get('/assets/next-4d5e6f.js')).text).toBe('export const next = true')

  rmSync(dist, { recursive: true })
  for (const path of ['/', '/index.html', '/item/x']) {
    const { status, headers, text } = await get(path, html)
    expect([path, status, headers['cache-control'], headers['retry-after'], text.includes('nog niet gebouwd')]).toEqual([path, 503, 'no-store', '60', true])
  }
  expect([(await get(SCRIPT)).status, (await get('/')).status]).toEqual([404, 404])
  mkdirSync(dist)
  write('index.html', 'weer daar')
  expect((await get('/', html)).text).toBe('weer daar')
})

test('nothing but reading: other methods find nothing, and HEAD says what GET would', async () => {
  const { get } = await withWindow()
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) for (const path of ['/', SCRIPT]) expect([method, path, (await get(path, { accept: 'text/html' }, { method })).status]).toEqual([method, path, 404])
  for (const path of ['/', SCRIPT, '/sw.js', '/item/x', '/assets/none.js'])
    for (const accepts of ['', 'br, gzip']) {
      const headers = { accept: 'text/html', 'accept-encoding': accepts }
      const [full, head] = [await get(path, headers), await get(path, headers, { method: 'HEAD' })]
      const { date: _, ...told } = full.headers
      expect([path, head.status, head.text, full.text.length > 0]).toEqual([path, full.status, '', true])
      expect(head.headers).toMatchObject(told)
    }
})

test('a log line names no file', async () => {
  const { get, lines } = await withWindow()
  await get('/welkom/geheim-geheim', { accept: 'text/html' })
  await get(SCRIPT)
  const text = lines.join('')
  expect([text.includes('geheim-geheim'), text.includes('main-1a2b3c')]).toEqual([false, false])
})
