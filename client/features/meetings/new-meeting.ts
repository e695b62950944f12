/** What a new meeting begins with: today's date in its title, the usual agenda with a heading in the notes for each point, and who was there last time. */
import * as Y from 'yjs'
import type { Dice } from '../../../shared/base/random.ts'
import { newId } from '../../../shared/base/ids.ts'
import { orderBetween } from '../../../shared/base/order.ts'
import { rowsOf, type FactEdit, type FactValue, type Registers } from '../../../shared/model/facts.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'

export const latestMeeting = (rows: readonly ItemRow[]): ItemRow | null =>
  rows.filter((row) => row.type === 'meeting').reduce<ItemRow | null>((latest, row) => (latest === null || row.date > latest.date ? row : latest), null)

function inserts(list: string, rows: readonly Record<string, FactValue>[], dice: Dice): FactEdit[] {
  let order = ''
  return rows.map((values): FactEdit => {
    order = orderBetween(order, '')
    return { op: 'insert', list, id: newId(dice), order, values }
  })
}

/** In: facts of the meeting before, null when there was none; points of the usual agenda. */
export function meetingEdits(title: string, date: string, before: Registers | null, points: readonly { title: string; minutes: number }[], dice: Dice): FactEdit[] {
  const kept = (path: string): FactEdit[] => {
    const value = before?.[path]
    return value === undefined || value === null || value === '' ? [] : [{ op: 'set', path, value }]
  }
  const seats = before ? rowsOf(before, 'attendance').map((seat) => ({ job: seat.job ?? '', organisation: seat.organisation ?? '', presence: 'present' })) : []
  return [
    { op: 'set', path: 'title', value: title },
    { op: 'set', path: 'date', value: date },
    ...['startTime', 'endTime', 'place', 'chair', 'noteTaker'].flatMap(kept),
    ...inserts('attendance', seats, dice),
    ...inserts('agenda', points.map((point) => ({ ...point })), dice),
  ]
}

export const meetingProse = (points: readonly { title: string }[]) => (doc: Y.Doc): void =>
  doc.getXmlFragment('prose').push(
    points.flatMap(({ title }) => {
      const heading = new Y.XmlElement('heading')
      // Attributes are stored as they are; the schema wants a number, Yjs types them as text.
      heading.setAttribute('level', 2 as unknown as string)
      heading.insert(0, [new Y.XmlText(title)])
      return [heading, new Y.XmlElement('paragraph')]
    }),
  )
