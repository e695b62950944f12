/** The templates as data: the promises that every pathway template keeps, whoever edits the texts. */
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { fromHex } from '../../shared/base/bytes.ts'
import { namedDice } from '../../shared/base/random.ts'
import { assignmentsOf, rowsOf, type FactValue } from '../../shared/model/facts.ts'
import { agreementSchema } from '../../shared/model/items/agreement.ts'
import { readFacts } from '../../shared/model/items/schema.ts'
import { AREA_CODE, MUNICIPALITIES, REGIONS } from '../../shared/model/municipalities.ts'
import { templateEdits } from '../../shared/model/templates/edits.ts'
import { TEMPLATES } from '../../shared/model/templates/index.ts'
import { proseBlocks, templateProse } from '../../shared/model/templates/prose.ts'
import { LOCAL_THRESHOLD } from '../../shared/model/templates/template.ts'
import { VOCABULARIES } from '../../shared/model/vocabularies.ts'

const textOf = (value: unknown): string => JSON.stringify(value)

describe('templates', () => {
  test('there are sixteen, each with its own code and title', () => {
    expect(TEMPLATES).toHaveLength(16)
    expect(new Set(TEMPLATES.map((template) => template.code)).size).toBe(16)
    expect(new Set(TEMPLATES.map((template) => template.title)).size).toBe(16)
  })

  test.each(TEMPLATES)('$code: every step has a role and a term, every handover has feedback and "als niet"', (template) => {
    expect(template.steps.length).toBeGreaterThanOrEqual(3)
    for (const step of template.steps) {
      expect(step.action).not.toBe('')
      expect(Object.keys(VOCABULARIES.role)).toContain(step.role)
      expect(step.organisation).not.toBe('')
      expect(step.term.unit === 'consult' ? step.term.count === null : (step.term.count ?? 0) > 0).toBe(true)
      expect(step.handover).toBe(step.feedback !== null)
      if (step.feedback) for (const part of [step.feedback.to, step.feedback.within, step.feedback.how, step.ifNoReply]) expect(part.trim()).not.toBe('')
    }
    expect(template.steps.some((step) => step.handover)).toBe(true)
  })

  test.each(TEMPLATES)('$code: consent is named where personal data go to another organisation', (template) => {
    // Counts without persons are the one handover that needs none.
    for (const step of template.steps) if (step.handover && !step.action.includes('alleen getallen')) expect(step.consent).not.toBe('none')
  })

  test.each(TEMPLATES)('$code: a number that decides something says that it is local, and the head is complete', (template) => {
    if (/\d/.test(template.threshold)) expect(template.threshold).toContain(LOCAL_THRESHOLD)
    for (const field of ['theme', 'targetGroup', 'trigger', 'instrument', 'threshold', 'signalledBy', 'conversationRule', 'escalation', 'closure'] as const) expect(template[field].trim()).not.toBe('')
    expect(template.parties.length).toBeGreaterThanOrEqual(3)
  })

  test('no text claims lower mortality, speaks of "kwetsbare vrouwen", or holds anything personal', () => {
    for (const template of TEMPLATES) {
      const text = textOf(template)
      expect(text).not.toMatch(/sterfte|overlijd|mortali/i)
      expect(text).not.toMatch(/kwetsbare (vrouw|moeder|zwanger)/i)
      expect(text).not.toMatch(/\d{8,}|@|\b06[- ]?\d{8}/)
      expect(text).not.toMatch(/!"/)
    }
  })

  test.each(TEMPLATES)('$code: its facts read back through the schema as they were written', (template) => {
    const registers: Record<string, FactValue> = {}
    for (const edit of templateEdits(template, namedDice(1, template.code), { as: 'agreement' })) for (const [path, value] of assignmentsOf(edit)) registers[path] = value
    const facts = readFacts(agreementSchema, registers)
    expect(facts.title).toBe(template.title)
    expect(facts.sample).toBe(true)
    expect(facts.owner).toBe('')
    expect(facts.parties.map((party) => party.name)).toEqual(template.parties)
    expect(facts.steps.map((step) => [step.action, step.role, step.term, step.termUnit, step.handover])).toEqual(
      template.steps.map((step) => [step.action, step.role, step.term.count, step.term.unit, step.handover]),
    )
    expect(rowsOf(registers, 'indicators')).toHaveLength(template.indicators.length)
    expect(facts.steps.every((step) => fromHex(step.id).length === 16)).toBe(true)
  })

  test('as a template it is the same item under another type', () => {
    const [agreement, template] = (['agreement', 'template'] as const).map((as) => templateEdits(TEMPLATES[0]!, namedDice(1, 'x'), { as }))
    const withoutType = (edits: typeof agreement) => edits?.filter((edit) => !(edit.op === 'set' && edit.path === 'type'))
    expect(withoutType(template)).toEqual(withoutType(agreement))
    expect(template).toContainEqual({ op: 'set', path: 'type', value: 'template' })
  })

  test.each(TEMPLATES)('$code: the prose has the five headings, one block for the steps, and a label that it is an example', (template) => {
    const doc = new Y.Doc()
    templateProse(template)(doc)
    const nodes = doc.getXmlFragment('prose').toArray() as Y.XmlElement[]
    const headings = nodes.filter((node) => node.nodeName === 'heading')
    expect(headings.map((node) => node.toString().replace(/<[^>]*>/g, ''))).toEqual(['Waarom deze afspraak', 'Het pad in één oogopslag', 'Stappen', 'Als het niet lukt', 'Zo kennen we elkaar'])
    expect(headings.every((node) => (node.getAttribute('level') as unknown) === 2)).toBe(true)
    expect(nodes.filter((node) => node.nodeName === 'pathwaySteps')).toHaveLength(1)
    expect(nodes[nodes.findIndex((node) => node.nodeName === 'pathwaySteps') - 1]?.toString()).toContain('Stappen')
    expect(new Set(nodes.map((node) => node.nodeName))).toEqual(new Set(['heading', 'paragraph', 'bulletList', 'pathwaySteps', 'pathwayFlow']))
    expect(textOf(proseBlocks(template))).toContain('voorbeeld')
  })
})

describe('municipalities', () => {
  test('the fourteen have codes of their own, and the three that merged say where they went', () => {
    expect(MUNICIPALITIES).toHaveLength(14)
    expect(new Set(MUNICIPALITIES.map((municipality) => municipality.code)).size).toBe(14)
    for (const municipality of MUNICIPALITIES) {
      expect(municipality.code).toMatch(AREA_CODE)
      expect(municipality.successor === null).toBe(municipality.validUntil === '')
      if (municipality.successor) expect(municipality.successor.code).toMatch(AREA_CODE)
    }
    expect(MUNICIPALITIES.filter((municipality) => municipality.successor).map((municipality) => municipality.name)).toEqual(['Appingedam', 'Delfzijl', 'Menterwolde'])
    expect(MUNICIPALITIES.filter((municipality) => municipality.status === 'confirmed').map((municipality) => municipality.name)).toEqual(['Appingedam', 'Delfzijl', 'Groningen', 'Menterwolde'])
    expect(MUNICIPALITIES.find((municipality) => municipality.name === 'Den Haag')?.alias).toBe("'s-Gravenhage")
  })

  test('there are ten regions, all to be confirmed', () => {
    expect(REGIONS).toHaveLength(10)
    expect(REGIONS.every((region) => region.status === 'to-confirm')).toBe(true)
  })
})
