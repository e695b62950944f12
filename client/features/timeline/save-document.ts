/** A document as it is on this laptop now, as a file that people can read and take along; also without a connection. */
import type { ItemId } from '../../../shared/base/ids.ts'
import { markdownOf } from '../../../shared/derive/markdown.ts'
import { proseJson } from '../../../shared/derive/prose-json.ts'
import { textAt } from '../../../shared/model/facts.ts'
import { saveFile } from '../../platform/download.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'

/** What no file may be called. */
export const fileNameOf = (name: string): string => `${name.replace(/[\\/:*?"<>|\p{Cc}]/gu, '-')}.md`

export async function saveDocument({ items, notices }: Services, item: ItemId): Promise<void> {
  const handle = await items.open(item)
  try {
    const { facts, acts: { settled: { status, version } } } = handle
    const title = textAt(facts.registers, 'title')
    const name = fileNameOf(title || t.common.untitled)
    saveFile(name, markdownOf({ facts, prose: proseJson(handle.doc), title, status, version }))
    notices.say(t.timeline.version.saved(name))
  } finally {
    handle.dispose()
  }
}
