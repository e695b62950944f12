/** One agreement of the example, brought to its stage by what people would have done: writing, proposing, signing, adopting, writing on. */
import * as Y from 'yjs'
import { assert } from '../../shared/base/assert.ts'
import type { ItemId, SpaceId } from '../../shared/base/ids.ts'
import { below, type Dice } from '../../shared/base/random.ts'
import { addDays, dayOf } from '../../shared/derive/dates.ts'
import type { Act } from '../../shared/model/acts.ts'
import { insertsOf, templateEdits } from '../../shared/model/templates/edits.ts'
import type { PathwayTemplate } from '../../shared/model/templates/index.ts'
import { templateProse, writeBlocks } from '../../shared/model/templates/prose.ts'
import type { DemoWriter, ItemWriter, Stamp } from './item-writer.ts'
import type { DemoPerson } from './people.ts'
import type { Stage } from './plan.ts'

const DAY_MS = 86_400_000

export interface AgreementRequest {
  writer: DemoWriter
  space: SpaceId
  municipality: string
  areaCode: string
  template: PathwayTemplate
  origin: { space: SpaceId; item: ItemId }
  stage: Stage
  order: string
  /** Who leads, and who writes and signs along. */
  leader: DemoPerson
  others: readonly DemoPerson[]
  now: number
  dice: Dice
}

export function writeAgreement(request: AgreementRequest): ItemWriter {
  const { writer, space, municipality, areaCode, template, origin, stage, order, leader, others, now, dice } = request
  const today = dayOf(now)
  /** Work began 150 to 400 days ago; whatever was decided since is younger than what was written then. */
  const age = 150 + below(dice, 250)
  const at = (daysAgo: number): number => now - daysAgo * DAY_MS - below(dice, 8 * 3_600_000)
  const by = (person: DemoPerson, daysAgo: number): Stamp => ({ by: person.user, at: at(daysAgo) })
  const other = (index: number): DemoPerson => others[index % others.length] ?? leader

  const item = writer.begin(space)
  item.edit(by(leader, age), ...templateEdits(template, dice, { as: 'agreement', order, origin }), ...insertsOf('areas', [{ code: areaCode }], dice))
  item.prose(by(leader, age - 1), templateProse(template))
  item.set(by(leader, age - 10), { owner: `beleidsmedewerker, Gemeente ${municipality}`, reviewBy: addDays(today, 120 + below(dice, 300)) })
  item.prose(by(other(0), age - 20), (doc) => appendSentence(doc, 0, ` In ${municipality} bespreken we dit elk jaar in het platform.`))

  const finish = FINISH[stage]
  finish({ item, by, today, leader, other, template, municipality })
  return item
}

interface Scene {
  item: ItemWriter
  by(person: DemoPerson, daysAgo: number): Stamp
  today: string
  leader: DemoPerson
  other(index: number): DemoPerson
  template: PathwayTemplate
  municipality: string
}

const FINISH: Record<Stage, (scene: Scene) => void> = {
  gaps(scene) {
    const { item, by, leader, other } = scene
    const steps = item.rows('steps')
    const passed = steps.filter(({ handover }) => handover === true)
    item.set(by(leader, 40), { owner: '' })
    const [first] = passed
    if (first) item.set(by(other(0), 30), { [`steps/${first.id}/feedbackWithin`]: '', [`steps/${first.id}/ifNoReply`]: '' })
    const last = steps.at(-1)
    if (last) item.set(by(other(1), 25), { [`steps/${last.id}/role`]: '' })
    if (first) {
      item.set(by(leader, 20), { [`steps/${first.id}/term`]: 8 })
      item.setApart(`steps/${first.id}/term`, [{ stamp: by(other(0), 2), value: 3 }, { stamp: by(other(1), 2), value: 5 }])
    }
  },
  concept({ item, by, other }) {
    item.prose(by(other(1), 20), (doc) => writeBlocks(doc, [{ kind: 'paragraph', text: 'De werkgroep kijkt hier nog naar.' }]))
  },
  consultation({ item, by, today, leader }) {
    item.act(by(leader, 15), { kind: 'consult', until: addDays(today, 14) })
  },
  proposed(scene) {
    propose(scene, 12)
    signAll(scene, 10, 2)
  },
  returned(scene) {
    const { item, by, other } = scene
    const seal = propose(scene, 20)
    signAll(scene, 18, 1)
    const party = item.acts().parties.at(-1)
    if (party) item.act(by(other(1), 15), { kind: 'sign', seal, party, verdict: 'returned', note: 'De termijn is voor ons nog niet haalbaar.' })
  },
  adopted(scene) {
    adopt(scene, 90)
  },
  'review-soon'(scene) {
    const { item, by, today, leader } = scene
    item.set(by(leader, 100), { reviewBy: addDays(today, 30) })
    adopt(scene, 95)
  },
  'review-passed'(scene) {
    const { item, by, today, leader } = scene
    item.set(by(leader, 100), { reviewBy: addDays(today, -20) })
    adopt(scene, 95)
  },
  changed(scene) {
    const { item, by, other } = scene
    adopt(scene, 80)
    item.prose(by(other(0), 6), (doc) => appendSentence(doc, 1, ' Sinds kort belt het wijkteam ook zelf terug.'))
  },
  revision(scene) {
    const { item, by, leader, other } = scene
    adopt(scene, 100)
    item.act(by(leader, 30), { kind: 'revise', reason: 'De sociale kaart is veranderd; de stappen moeten mee.' })
    item.prose(by(other(1), 12), (doc) => appendSentence(doc, 0, ' Dit wordt herschreven.'))
  },
  withdrawn({ item, by, leader }) {
    item.act(by(leader, 25), { kind: 'withdraw', reason: 'Gaat op in het pad Meerdere signalen.' })
  },
}

function propose({ item, by, leader }: Scene, daysAgo: number): string {
  const { content, seal } = item.sealed()
  const parties = item.rows('parties').map(({ name }) => String(name))
  item.act(by(leader, daysAgo), { kind: 'propose', seal, content, parties })
  return seal
}

/** The first so many parties agree, one of them with a reservation. */
function signAll({ item, by, leader, other }: Scene, daysAgo: number, count: number): void {
  const { parties, seal } = item.acts()
  assert(seal !== null, 'signed after it was proposed')
  parties.slice(0, count).forEach((party, index) => {
    const act: Act = index === 1 ? { kind: 'sign', seal, party, verdict: 'reservation', note: 'Akkoord, als de sociale kaart klopt.' } : { kind: 'sign', seal, party, verdict: 'agreed', note: '' }
    item.act(by(index === 0 ? leader : other(index), daysAgo - index / 10), act)
  })
}

function adopt(scene: Scene, daysAgo: number): void {
  const { item, by, leader } = scene
  const seal = propose(scene, daysAgo)
  const { length } = item.acts().parties
  signAll(scene, daysAgo - 5, length)
  item.act(by(leader, daysAgo - 15), { kind: 'adopt', seal, mandate: '' })
}

/** Adds to the end of the nth paragraph, as somebody who types there. */
function appendSentence(doc: Y.Doc, nth: number, sentence: string): void {
  const paragraphs = doc.getXmlFragment('prose').toArray().filter((node): node is Y.XmlElement => node instanceof Y.XmlElement && node.nodeName === 'paragraph')
  const text = paragraphs[nth]?.get(0)
  if (text instanceof Y.XmlText) text.insert(text.length, sentence)
}
