/** A log of many megabytes, written straight into a fresh data folder: pushing it through sockets would only take longer. */
import * as Y from 'yjs'
import { newId } from '../../shared/base/ids.ts'
import type { Dice } from '../../shared/base/random.ts'
import { createSqliteLog } from '../../server/store/sqlite-log.ts'
import { createEntryMaker } from '../contract/payloads.ts'
import { settle } from './people.ts'

const BATCH = 4

/** In: about so many megabytes, in entries of one megabyte each, over three spaces. */
export async function fillMuch(data: string, megabytes: number, dice: Dice): Promise<void> {
  const { spaces, space } = settle(data, 3, 1)
  const log = await createSqliteLog({ folder: data, dice })
  const make = createEntryMaker(1)
  const author = newId(dice)
  for (const space of spaces) await log.ensureSpace(space)
  for (let done = 0; done < megabytes; done += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, k) => {
      const doc = new Y.Doc()
      doc.getXmlFragment('prose').insert(0, [new Y.XmlText('Afspraak. '.repeat(100_000))])
      return { entry: make.entry({ space: space(k), item: newId(dice), writer: newId(dice), payload: Y.encodeStateAsUpdate(doc) }), author, serverTime: 1 }
    })
    for (const result of (await log.append(batch)).results) if (result.kind !== 'stored') throw new Error(`not stored: ${JSON.stringify(result)}`)
  }
  await log.close()
}
