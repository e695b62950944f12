/**
 * An item as Markdown, for whoever takes it along: facts as a head, steps and other lists as tables, prose as it stands. Labels are Dutch, because
 * that is the language of the documents; `sample` and the status are always said. Not meant to be read back: the JSON beside it is for that.
 */
import { rowsOf, type FactsState, type FactValue, type Registers } from '../model/facts.ts'
import { isItemType, SCHEMAS } from '../model/items/index.ts'
import type { FieldSpec, Fields } from '../model/items/schema.ts'
import type { Status } from '../model/acts.ts'
import { areaName } from '../model/municipalities.ts'
import { labelOf } from '../model/vocabularies.ts'
import type { ProseMark, ProseNode } from './prose-json.ts'

export interface MarkdownInput {
  facts: FactsState
  prose: ProseNode
  title: string
  status: Status
  version: number
}

/** Out: ends in one newline. */
export function markdownOf({ facts, prose, title, status, version }: MarkdownInput): string {
  const { registers } = facts
  const schema = SCHEMAS[isItemType(registers.type) ? registers.type : 'knowledge']
  const { title: _title, sample: _sample, ...fields } = schema.fields
  const blocks: string[] = [`# ${line(title || 'Zonder titel')}`]
  const head = [
    `Status: ${labelOf('status', status, 'nl')}${version > 0 ? `, versie ${version}` : ''}`,
    ...(registers.sample === true ? ['Voorbeeld: termijnen en cijfers zijn verzonnen'] : []),
    ...Object.entries(fields).flatMap(([name, spec]) => {
      const text = shown(spec, registers[name])
      return text === '' ? [] : [`${FIELD_NAMES[name] ?? name}: ${text}`]
    }),
  ]
  blocks.push(head.map((text) => `- ${line(text)}`).join('\n'))
  const open = Object.keys(facts.conflicts).length
  if (open > 0) blocks.push(`> ${open === 1 ? 'Eén vraag heeft' : `${open} vragen hebben`} twee of meer antwoorden. Hier staat er één; de andere staan in het JSON-bestand.`)
  blocks.push(...blocksOf((prose.content ?? []).map((node) => withRecords(node, registers)), ''))
  for (const [list, rowFields] of Object.entries(schema.lists)) {
    const table = tableOf(rowsOf(registers, list), rowFields)
    if (table) blocks.push(`## ${LIST_NAMES[list] ?? list}`, table)
  }
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

/** Dutch names of fields and lists in a document that left the product. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  theme: 'Thema', domain: 'Domein', phase: 'Fase', targetGroup: 'Doelgroep', trigger: 'Aanleiding', instrument: 'Instrument', threshold: 'Drempel', signalledBy: 'Wie signaleert',
  conversationRule: 'Gespreksregel', escalation: 'Opschalen', closure: 'Afsluiten', owner: 'Eigenaar', reviewBy: 'Herzien vóór', validFrom: 'Geldig vanaf', originSpace: 'Herkomst, ruimte',
  originItem: 'Herkomst', originSeal: 'Herkomst, zegel', date: 'Datum', startTime: 'Begin', endTime: 'Einde', place: 'Plaats', chair: 'Voorzitter', noteTaker: 'Notulist', job: 'Functie', line: 'Lijn',
  phone: 'Telefoon', mail: 'Mail', hours: 'Bereikbaar', lastChecked: 'Laatst gecontroleerd', vpgTrained: 'Opgeleide VPG', centre: 'Centrum', website: 'Website', toConfirm: 'Te bevestigen',
  name: 'Naam', code: 'Code', action: 'Wat', role: 'Wie', organisation: 'Organisatie', term: 'Binnen', termUnit: 'Eenheid', termFrom: 'Vanaf', consent: 'Toestemming', feedbackTo: 'Terugkoppeling aan',
  feedbackWithin: 'Terugkoppeling binnen', feedbackHow: 'Hoe', ifNoReply: 'Als niet', handover: 'Overdracht', proof: 'Bewijs', item: 'Onderdeel', text: 'Tekst', presence: 'Aanwezig', title: 'Titel',
  minutes: 'Minuten', number: 'Nr.', reason: 'Reden', mandate: 'Mandaat', public: 'Openbaar', due: 'Uiterlijk', status: 'Status', note: 'Toelichting', period: 'Periode', area: 'Gebied', value: 'Waarde',
  source: 'Bron', kindOf: 'Soort', sample: 'Voorbeeld',
}
const LIST_NAMES: Readonly<Record<string, string>> = {
  parties: 'Partijen', areas: 'Gebieden', steps: 'Stappen', contacts: 'Sociale kaart', indicators: 'Indicatoren', sources: 'Bronnen', attendance: 'Aanwezigheid', agenda: 'Agenda', decisions: 'Besluiten',
  actions: 'Acties', milestones: 'Mijlpalen', factors: 'Factoren', partnerships: 'Samenwerkingsverbanden', themes: 'Thema’s', projects: 'Projecten',
}

function shown(spec: FieldSpec, value: FactValue | undefined): string {
  if (value === undefined || value === null || value === '') return ''
  switch (spec.kind) {
    case 'flag':
      return value === true ? 'ja' : ''
    case 'code':
      return labelOf(spec.vocabulary, String(value), 'nl')
    case 'area':
      return areaName(String(value))
    case 'number':
      return typeof value === 'number' ? String(value).replace('.', ',') : ''
    case 'text':
    case 'longText':
    case 'date':
    case 'item':
    case 'id':
      return String(value)
  }
}

/** Columns that no row fills are left out. */
function tableOf(rows: ReturnType<typeof rowsOf>, fields: Fields): string | null {
  const columns = Object.entries(fields).filter(([name, spec]) => rows.some((row) => shown(spec, row[name]) !== ''))
  if (columns.length === 0) return null
  const cells = (texts: string[]): string => `| ${texts.map((text) => escape(text).replaceAll('|', '\\|').replace(/\s*\n\s*/g, '<br>')).join(' | ')} |`
  return [
    cells(columns.map(([name]) => FIELD_NAMES[name] ?? name)),
    `|${' --- |'.repeat(columns.length)}`,
    ...rows.map((row) => cells(columns.map(([name, spec]) => shown(spec, row[name])))),
  ].join('\n')
}

/** Characters that would mean something in Markdown or HTML say themselves. */
const escape = (text: string): string => text.replace(/[\\`*_[\]<>]/g, (character) => `\\${character}`)
const line = (text: string): string => escape(text.replace(/\s*\n\s*/g, ' '))
/** What would make a paragraph a heading, list or quote at the start of a line. */
const paragraph = (text: string): string => text.replace(/^(\s*)([#+-])(?=\s)/gm, '$1\\$2').replace(/^(\s*\d+)([.)])(?=\s)/gm, '$1\\$2')

/** References in the notes of a meeting, and the list that holds what they refer to. */
const RECORDS: Readonly<Record<string, { list: string; word: string }>> = { decisionRef: { list: 'decisions', word: 'Besluit' }, actionRef: { list: 'actions', word: 'Actie' } }

/** A reference says what it refers to: outside the product there is nothing to follow. */
function withRecords(node: ProseNode, registers: Registers): ProseNode {
  const record = RECORDS[node.type]
  if (!record) return node.content ? { ...node, content: node.content.map((child) => withRecords(child, registers)) } : node
  const row = rowsOf(registers, record.list).find(({ id }) => id === node.attrs?.id)
  const number = typeof row?.number === 'number' ? ` ${row.number}` : ''
  const words = row ? String(row.text ?? '') : 'vervallen'
  return { type: 'paragraph', content: [{ type: 'text', text: `${record.word}${number}:`, marks: [{ type: 'bold' }] }, { type: 'text', text: ` ${words}` }] }
}

function blocksOf(nodes: readonly ProseNode[], indent: string): string[] {
  return nodes.map((node) => blockOf(node, indent)).filter((block) => block.trim() !== '')
}

function blockOf(node: ProseNode, indent: string): string {
  const content = node.content ?? []
  switch (node.type) {
    case 'heading': {
      const level = Math.min(6, Math.max(1, numberOf(node.attrs?.level)) + 1)
      return `${indent}${'#'.repeat(level)} ${inlineOf(content).replace(/\n/g, ' ')}`
    }
    case 'paragraph':
      return paragraph(inlineOf(content)).split('\n').map((text) => indent + text).join('\n')
    case 'bulletList':
      return itemsOf(content, indent, () => '- ')
    case 'orderedList':
      return itemsOf(content, indent, (index) => `${numberOf(node.attrs?.start) + index}. `)
    case 'taskList':
      return itemsOf(content, indent, (_index, item) => (item.attrs?.checked === true ? '- [x] ' : '- [ ] '))
    case 'blockquote':
      return blocksOf(content, '').join('\n\n').split('\n').map((text) => `${indent}> ${text}`).join('\n')
    case 'codeBlock':
      return ['```', plain(content), '```'].map((text) => text.split('\n').map((one) => indent + one).join('\n')).join('\n')
    case 'horizontalRule':
      return `${indent}---`
    case 'table':
      return gridOf(content, indent)
    case 'pathwaySteps':
      return `${indent}*De stappen staan in de tabel hieronder.*`
    default:
      // A block of a later version: its text, whatever it was.
      return content.some(({ text }) => text !== undefined) ? indent + inlineOf(content) : blocksOf(content, indent).join('\n\n')
  }
}

/** An attribute may be anything that somebody's program wrote. */
const numberOf = (value: unknown): number => (typeof value === 'number' || typeof value === 'string' ? Number(value) || 1 : 1)

function itemsOf(items: readonly ProseNode[], indent: string, mark: (index: number, item: ProseNode) => string): string {
  return items.map((item, index) => {
    const bullet = mark(index, item)
    const inner = blocksOf(item.content ?? [], indent + ' '.repeat(bullet.length)).join('\n')
    return indent + bullet + inner.slice(indent.length + bullet.length)
  }).join('\n')
}

const CELLS_FILLED_COUNT_MAX = 100_000

function gridOf(rows: readonly ProseNode[], indent: string): string {
  const texts = rows.map((row) => (row.content ?? []).map((cell) => blocksOf(cell.content ?? [], '').join(' ').replaceAll('|', '\\|').replace(/\n/g, '<br>')))
  const width = Math.max(0, ...texts.map((row) => row.length))
  // Filled up to the widest row for whoever reads the text itself; the first row alone says how wide a table is. One row of 40,000 cells above 5,000 empty ones,
  // filled up, is more than a text can hold.
  const isFilled = width * texts.length <= CELLS_FILLED_COUNT_MAX
  const lineOf = (row: readonly string[], index: number): string =>
    `${indent}| ${(isFilled || index === 0 ? Array.from({ length: width }, (_, column) => row[column] ?? '') : row).join(' | ')} |`
  const [head = '', ...rest] = texts.map(lineOf)
  return width === 0 ? '' : [head, `${indent}|${' --- |'.repeat(width)}`, ...rest].join('\n')
}

const plain = (nodes: readonly ProseNode[]): string => nodes.map(({ text, content }) => text ?? plain(content ?? [])).join('')

function inlineOf(nodes: readonly ProseNode[]): string {
  return nodes.map((node) => {
    if (node.text !== undefined) return marked(node.text, node.marks ?? [])
    if (node.type === 'hardBreak') return '\\\n'
    // A live reference or another inline part: what it says, if it says anything.
    const label = node.attrs?.label ?? node.attrs?.title ?? node.attrs?.text
    return typeof label === 'string' ? escape(label) : inlineOf(node.content ?? [])
  }).join('')
}

function marked(text: string, marks: readonly ProseMark[]): string {
  const has = (type: string): boolean => marks.some((mark) => mark.type === type)
  const [, before = '', core = '', after = ''] = /^(\s*)([\s\S]*?)(\s*)$/.exec(text) ?? []
  if (core === '') return text
  let words = has('code') ? `\`${core.replaceAll('`', "'")}\`` : escape(core)
  if (has('bold')) words = `**${words}**`
  if (has('italic')) words = `*${words}*`
  if (has('strike')) words = `~~${words}~~`
  const href = marks.find((mark) => mark.type === 'link')?.attrs?.href
  // Only what a reader may follow; anything else stays the words it was.
  if (typeof href === 'string' && /^(https?:|mailto:|tel:)/i.test(href)) words = `[${words}](<${href.replace(/[<>\s]/g, encodeURIComponent)}>)`
  return before + words + after
}
