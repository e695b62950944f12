/** What a new agreement begins with: nothing, one of the built-in templates, or a template that somebody wrote in a space that can be read. */
import * as Y from 'yjs'
import { newId, type ItemId, type SpaceId } from '../../../shared/base/ids.ts'
import type { Dice } from '../../../shared/base/random.ts'
import { rowsOf, type FactEdit, type FactValue, type Registers } from '../../../shared/model/facts.ts'
import { agreementSchema } from '../../../shared/model/items/agreement.ts'
import { COMMON_FIELDS } from '../../../shared/model/items/index.ts'
import type { ItemRow } from '../../../shared/model/rows.ts'
import { TEMPLATES, type PathwayTemplate } from '../../../shared/model/templates/index.ts'
import { templateEdits } from '../../../shared/model/templates/edits.ts'
import { templateProse } from '../../../shared/model/templates/prose.ts'
import type { Items } from '../../items/items.ts'

export type Beginning = { kind: 'empty' } | { kind: 'built-in'; template: PathwayTemplate } | { kind: 'item'; row: ItemRow }

export interface Draft {
  edits: FactEdit[]
  prose: (doc: Y.Doc) => void
}

export const beginningsOf = (rows: readonly ItemRow[]): Beginning[] => [
  ...rows.filter((row) => row.type === 'template').map((row): Beginning => ({ kind: 'item', row })),
  // A template that a space took over under its own title is offered once, as theirs.
  ...TEMPLATES.filter((template) => !rows.some((row) => row.type === 'template' && row.title === template.title)).map((template): Beginning => ({ kind: 'built-in', template })),
  { kind: 'empty' },
]

export const titleOfBeginning = (beginning: Beginning, untitled: string): string => (beginning.kind === 'empty' ? untitled : beginning.kind === 'item' ? beginning.row.title : beginning.template.title)

/** Facts of a template as first edits of an agreement: all that the schema names, rows with ids of their own, and where they came from. */
export function copiedEdits(registers: Registers, origin: { space: SpaceId; item: ItemId }, dice: Dice): FactEdit[] {
  const left = new Set<string>([...COMMON_FIELDS, 'originSpace', 'originItem', 'originSeal', 'owner', 'reviewBy'])
  const edits: FactEdit[] = Object.keys(agreementSchema.fields).flatMap((path): FactEdit[] => {
    const value = registers[path]
    return left.has(path) || value === undefined || value === null || value === '' ? [] : [{ op: 'set', path, value }]
  })
  for (const list of Object.keys(agreementSchema.lists)) {
    for (const { id: _id, order, ...values } of rowsOf(registers, list)) edits.push({ op: 'insert', list, id: newId(dice), order, values: values as Record<string, FactValue> })
  }
  return [...edits, { op: 'set', path: 'sample', value: true }, { op: 'set', path: 'originSpace', value: origin.space }, { op: 'set', path: 'originItem', value: origin.item }]
}

const emptyProse = (headings: readonly string[]) => (doc: Y.Doc): void => {
  const blocks = headings.flatMap((text) => {
    const heading = new Y.XmlElement('heading')
    // Attributes are stored as they are; the schema wants a number, Yjs types them as text.
    heading.setAttribute('level', 2 as unknown as string)
    heading.insert(0, [new Y.XmlText(text)])
    return [heading, new Y.XmlElement('paragraph')]
  })
  const [first = [], second = []] = [blocks.slice(0, 2), blocks.slice(2)]
  doc.getXmlFragment('prose').push([...first, new Y.XmlElement('pathwaySteps'), ...second])
}

/** In: what to begin with; headings for an empty text. Errors: rejects when the template cannot be read from the local store. */
export async function draftFrom(beginning: Beginning, items: Items, dice: Dice, headings: readonly string[]): Promise<Draft> {
  if (beginning.kind === 'empty') return { edits: [], prose: emptyProse(headings) }
  if (beginning.kind === 'built-in') return { edits: templateEdits(beginning.template, dice, { as: 'agreement' }).filter((edit) => edit.op !== 'set' || edit.path !== 'type'), prose: templateProse(beginning.template) }
  const { row } = beginning
  const handle = await items.open(row.item)
  try {
    const edits = copiedEdits(handle.facts.registers, { space: row.space, item: row.item }, dice)
    // Cloned, not copied as bytes: the new text begins its own history under its own writer.
    const blocks = handle.prose.toArray().flatMap((block) => (block instanceof Y.XmlElement ? [block.clone()] : []))
    return { edits, prose: (doc) => doc.getXmlFragment('prose').push(blocks) }
  } finally {
    handle.dispose()
  }
}
