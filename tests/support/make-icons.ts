// `npm run icons`: draws the PNG icons of the installable app from the mark, client/public/icons/mark.svg. Run it after the
// mark changes and commit the files. Rendered by the browser of the tests, so that no image library has to come along.
import { readFile, writeFile } from 'node:fs/promises'
import { launchChromium } from './browser.ts'

const folder = new URL('../../client/public/icons/', import.meta.url)
const paper = '#FFFFFF'

/** `share`: how much of the square the mark takes. A maskable icon may lose everything outside the middle 80 %. */
const icons = [
  { file: 'mark-192.png', size: 192, share: 0.86, background: 'transparent' },
  { file: 'mark-512.png', size: 512, share: 0.86, background: 'transparent' },
  { file: 'mark-maskable-512.png', size: 512, share: 0.56, background: paper },
  { file: 'mark-touch-180.png', size: 180, share: 0.66, background: paper },
]

const mark = await readFile(new URL('mark.svg', folder), 'utf8')
const browser = await launchChromium()
try {
  for (const { file, size, share, background } of icons) {
    const page = await browser.newPage({ viewport: { width: size, height: size } })
    await page.setContent(
      `<style>html,body{margin:0;height:100%}body{display:grid;place-items:center;background:${background}}svg{width:${share * 100}%}</style>${mark}`,
    )
    await writeFile(new URL(file, folder), await page.screenshot({ omitBackground: true }))
    await page.close()
  }
} finally {
  await browser.close()
}
