/**
 * The example programme: a programme, fourteen municipalities that take part, the templates as items, agreements at every stage, meetings, progress,
 * social map. Ordinary entries through the log, acts through applyAct; everything made up carries `sample` and says so in its text.
 *
 * Documents first, accounts last, the programme as the very last: whoever sees the programme has an example that is whole.
 */
import { assert, must } from '../../shared/base/assert.ts'
import type { Clock } from '../../shared/base/clock.ts'
import { newId, type ItemId, type SpaceId } from '../../shared/base/ids.ts'
import { orderBetween } from '../../shared/base/order.ts'
import { below, type Dice } from '../../shared/base/random.ts'
import { fail, ok, type Result } from '../../shared/base/result.ts'
import { addDays, dayOf } from '../../shared/derive/dates.ts'
import type { FactEdit, FactValue } from '../../shared/model/facts.ts'
import type { Role } from '../../shared/model/grants.ts'
import { MUNICIPALITIES, REGIONS, type Municipality } from '../../shared/model/municipalities.ts'
import type { Person } from '../../shared/model/people.ts'
import { insertsOf, templateEdits } from '../../shared/model/templates/edits.ts'
import { TEMPLATES } from '../../shared/model/templates/index.ts'
import { templateProse, writeBlocks, type ProseBlock } from '../../shared/model/templates/prose.ts'
import type { Accounts } from '../auth/accounts.ts'
import { loadFacts } from '../derive/facts-document.ts'
import type { Log } from '../store/log.ts'
import { writeAgreement } from './agreement.ts'
import { createDemoWriter, type DemoWriter, type ItemWriter, type Stamp } from './item-writer.ts'
import { ALSO_MEMBER_OF, castAdministrator, castPeople, DEMO_ROLES, demoLogin, HOME, type Cast, type DemoPerson, type DemoRole } from './people.ts'
import { milestonesOf, planMunicipality, type MunicipalityPlan } from './plan.ts'
import { ABOUT, ACTIONS, AGENDA, ATTENDANCE, CONTACTS, dayAndMonth, DECISIONS, KNOWLEDGE, SAMPLE_LINE, SIGNALS } from './texts.ts'

export const PROGRAMME_NAME = 'Gezonde start (voorbeeld)'

export interface DemoDeps {
  log: Log
  accounts: Accounts
  /** The same dice and clock give the same example. */
  dice: Dice
  clock: Clock
}

export interface DemoSummary {
  programme: SpaceId
  municipalities: number
  items: number
  entries: number
}

/** The people that get a sign-in link, once the example is there. */
export const demoPeople = (accounts: Pick<Accounts, 'accounts'>): { role: DemoRole; person: Person }[] =>
  DEMO_ROLES.flatMap((role) => {
    const account = accounts.accounts().find(({ login }) => login === demoLogin(role))
    return account ? [{ role, person: account.person }] : []
  })

const DAY_MS = 86_400_000

/**
 * Fills an empty installation with the example.
 * Errors: `already` when the example is there; `not-empty` when something else is (nothing is touched then). Rejects when the log fails.
 */
export async function seedDemo({ log, accounts, dice, clock }: DemoDeps): Promise<Result<DemoSummary, { kind: 'already' | 'not-empty' }>> {
  const present = accounts.spaces()
  if (present.some(({ kind, name }) => kind === 'programme' && name === PROGRAMME_NAME)) return fail({ kind: 'already' })
  if (present.length > 0) return fail({ kind: 'not-empty' })

  await loadFacts()
  const cast = castPeople(dice)
  const programme = newId(dice)
  const spaces = MUNICIPALITIES.map((municipality) => ({ municipality, space: newId(dice) }))
  await log.ensureSpace(programme)
  for (const { space } of spaces) await log.ensureSpace(space)

  const writer = createDemoWriter({ log, dice })
  const now = clock.now()
  const templates = writeProgramme({ writer, programme, cast, now, dice })
  for (const { municipality, space } of spaces) {
    const plan = planMunicipality(municipality.name, TEMPLATES.map(({ code }) => code), dice)
    writeMunicipality({ writer, space, municipality, plan, programme, templates, cast, now, dice })
  }
  const counts = await writer.flush()

  await openAccounts(accounts, cast, castAdministrator(dice), programme, spaces)
  return ok({ programme, municipalities: spaces.length, ...counts })
}

async function openAccounts(accounts: Accounts, cast: Cast, administrator: DemoPerson, programme: SpaceId, spaces: readonly { municipality: Municipality; space: SpaceId }[]): Promise<void> {
  const everybody = [...cast.all, administrator]
  for (const { user, login, person } of everybody) assert(accounts.createPerson({ user, login, ...person }).ok, 'nobody is there yet')
  const roles: [DemoPerson, SpaceId, Role][] = []
  for (const { municipality, space } of spaces) {
    accounts.createSpace({ space, kind: 'municipality', name: municipality.name })
    roles.push([cast.leaderOf(municipality.name), space, 'leader'])
    for (const person of cast.membersOf(municipality.name)) roles.push([person, space, 'member'])
    if (municipality.name === HOME) roles.push([cast.role('lezer'), space, 'reader'], [administrator, space, 'admin'])
    if ((ALSO_MEMBER_OF as readonly string[]).includes(municipality.name)) roles.push([cast.role('projectleider'), space, 'member'])
  }
  // Everybody may begin from the templates, which are in the space of the programme.
  for (const person of everybody) roles.push([person, programme, person.role === 'programmaleider' ? 'programme-leader' : person.role === 'beheerder' ? 'admin' : 'reader'])
  accounts.createSpace({ space: programme, kind: 'programme', name: PROGRAMME_NAME })
  for (const [{ user }, space, role] of roles) accounts.setRole(user, space, role)
  for (const { space } of spaces) accounts.setParticipation(programme, space, true)
  const setup = accounts.createSetupLink()
  const accepted = await accounts.acceptLink(setup.token, null, cast.role('beheerder').user)
  assert(accepted.ok, 'a fresh set-up link makes the first administrator')
}

/** First facts of an item that is no agreement. */
function beginItem(writer: DemoWriter, space: SpaceId, stamp: Stamp, values: Record<string, FactValue>, lists: FactEdit[] = []): ItemWriter {
  const sets = Object.entries(values).map(([path, value]): FactEdit => ({ op: 'set', path, value }))
  return writer.begin(space).edit(stamp, ...sets, { op: 'set', path: 'parent', value: '' }, ...lists)
}

function writeProgramme({ writer, programme, cast, now, dice }: { writer: DemoWriter; programme: SpaceId; cast: Cast; now: number; dice: Dice }): Map<string, ItemId> {
  const leader = cast.role('programmaleider').user
  const templates = new Map<string, ItemId>()
  let order = ''
  const begun = now - 500 * DAY_MS
  TEMPLATES.forEach((template, index) => {
    order = orderBetween(order, '')
    const stamp: Stamp = { by: leader, at: begun + index * 3_600_000 }
    const item = writer.begin(programme).edit(stamp, ...templateEdits(template, dice, { as: 'template', order })).prose(stamp, templateProse(template))
    templates.set(template.code, item.item)
  })
  const stamp: Stamp = { by: leader, at: begun + DAY_MS }
  beginItem(writer, programme, stamp, { type: 'knowledge', title: 'Over dit voorbeeld', theme: 'voorbeeld', sample: true, order: 'V' }).prose(stamp, (doc) => writeBlocks(doc, ABOUT))
  order = ''
  for (const { name, centre } of REGIONS) {
    order = orderBetween(order, '')
    beginItem(writer, programme, stamp, { type: 'region', title: name, centre, toConfirm: true, order })
  }
  return templates
}

interface MunicipalityRequest {
  writer: DemoWriter
  space: SpaceId
  municipality: Municipality
  plan: MunicipalityPlan
  programme: SpaceId
  templates: ReadonlyMap<string, ItemId>
  cast: Cast
  now: number
  dice: Dice
}

function writeMunicipality(request: MunicipalityRequest): void {
  const { writer, space, municipality, plan, programme, templates, cast, now, dice } = request
  const leader = cast.leaderOf(municipality.name)
  const others = [...cast.membersOf(municipality.name), leader]
  let order = ''
  const agreements = plan.agreements.map(({ template: code, stage }) => {
    order = orderBetween(order, '')
    const template = must(TEMPLATES.find((one) => one.code === code), 'the plan names templates that exist')
    const origin = { space: programme, item: must(templates.get(code), 'every template is an item') }
    return writeAgreement({ writer, space, municipality: municipality.name, areaCode: municipality.code, template, origin, stage, order, leader, others, now, dice })
  })
  writeMeetings(request, leader, agreements)
  writeProgress(request, leader)
  writeContacts(request, leader)
  writeKnowledge(request, leader)
}

function writeMeetings({ writer, space, municipality, plan, now, dice }: MunicipalityRequest, leader: DemoPerson, agreements: readonly ItemWriter[]): void {
  const today = dayOf(now)
  let decisionNumber = 0
  let actionNumber = 0
  // The last one is still to come, the first is the oldest.
  for (let index = 0; index < plan.meetings; index++) {
    const daysFromNow = index === plan.meetings - 1 ? 18 + below(dice, 10) : -70 * (plan.meetings - 1 - index) + below(dice, 20)
    const isHeld = daysFromNow < 0
    const date = addDays(today, daysFromNow)
    const at = (days: number): number => Math.min(now - 3_600_000, now + (daysFromNow + days) * DAY_MS)
    const by = (days: number): Stamp => ({ by: leader.user, at: at(days) })
    const about = (): ItemId => agreements[below(dice, agreements.length)]?.item ?? ''

    const attendance = ATTENDANCE.map(({ job, organisation }) => ({ job, organisation: organisation === 'Gemeente' ? `Gemeente ${municipality.name}` : organisation, presence: isHeld && below(dice, 5) === 0 ? 'absent' : isHeld ? 'present' : '' }))
    const agenda = AGENDA.map(({ title, minutes }) => ({ title, minutes, item: title.startsWith('Zorgpaden') ? about() : '' }))
    const decisions = isHeld
      ? Array.from({ length: 1 + below(dice, 2) }, () => ({ ...DECISIONS[below(dice, DECISIONS.length)], number: (decisionNumber += 1), item: about(), public: true }))
      : []
    const actions = isHeld ? Array.from({ length: 2 + below(dice, 3) }, () => ({ ...actionOf(dice, index, plan.meetings, date), number: (actionNumber += 1), item: about() })) : []

    const meeting = beginItem(writer, space, by(-14), {
      type: 'meeting', title: `Platform ${dayAndMonth(date)}`, date, startTime: '14.00', endTime: '16.00', place: 'Gemeentehuis', chair: `wethouder, Gemeente ${municipality.name}`,
      noteTaker: `projectleider, Gemeente ${municipality.name}`, sample: true, order: '',
    }, [...insertsOf('attendance', attendance, dice), ...insertsOf('agenda', agenda, dice)])
    if (!isHeld) {
      meeting.prose(by(-13), (doc) => writeBlocks(doc, [{ kind: 'paragraph', text: `Dit overleg moet nog komen. ${SAMPLE_LINE}` }]))
      continue
    }
    meeting.edit(by(0), ...insertsOf('decisions', decisions as Record<string, FactValue>[], dice), ...insertsOf('actions', actions, dice))
    meeting.prose(by(0.1), (doc) => writeBlocks(doc, notesOf(dice)))
    // Minutes are adopted in the next meeting; those of the last one are still a draft.
    if (index < plan.meetings - 2) {
      const { content, seal } = meeting.sealed()
      meeting.act(by(60), { kind: 'propose', seal, content, parties: [] }).act(by(61), { kind: 'adopt', seal, mandate: '' })
    }
  }
}

/** Older actions are done more often; some of what is open is late. */
function actionOf(dice: Dice, index: number, meetings: number, date: string): { text: string; owner: string; due: string; status: string } {
  const { text, owner } = must(ACTIONS[below(dice, ACTIONS.length)], 'the list is not empty')
  const isOld = index < meetings - 2
  const status = isOld ? (below(dice, 4) === 0 ? 'open' : 'done') : (['open', 'busy', 'open', 'done'] as const)[below(dice, 4)] ?? 'open'
  return { text, owner: below(dice, 12) === 0 ? '' : owner, due: addDays(date, 14 + below(dice, 60)), status }
}

function notesOf(dice: Dice): ProseBlock[] {
  const signal = must(SIGNALS[below(dice, SIGNALS.length)], 'the list is not empty')
  return [
    { kind: 'heading', level: 2, text: 'Verslag en actielijst' },
    { kind: 'paragraph', text: 'Het vorige verslag is doorgenomen. De open acties staan in de lijst.' },
    { kind: 'heading', level: 2, text: 'Zorgpaden' },
    { kind: 'paragraph', text: 'De werkgroep licht toe wat er is veranderd. De partijen vullen aan.' },
    { kind: 'heading', level: 2, text: 'Signalen uit de praktijk' },
    { kind: 'paragraph', text: signal },
    { kind: 'paragraph', text: SAMPLE_LINE },
  ]
}

function writeProgress({ writer, space, municipality, plan, now, dice }: MunicipalityRequest, leader: DemoPerson): void {
  const stamp: Stamp = { by: leader.user, at: now - 20 * DAY_MS }
  const milestones = milestonesOf(plan).map(({ code, status }, index) => ({
    code, status, date: status === 'done' || status === 'embedded' ? dayOf(now - (400 - index * 20) * DAY_MS) : '', proof: '', note: status === 'busy' ? 'voorbeeld: loopt' : '',
  }))
  const quarter = (back: number): string => {
    const day = dayOf(now - back * 91 * DAY_MS)
    return `${day.slice(0, 4)}-K${Math.ceil(Number(day.slice(5, 7)) / 3)}`
  }
  // Counts of people stay at ten or more, so that nothing has to be hidden in an example.
  const indicators = ['Aanmeldingen kinderwensspreekuur', 'Prenatale huisbezoeken', 'Overleggen bij meerdere signalen'].flatMap((name, index) =>
    [3, 2, 1].map((back) => ({ name, period: quarter(back), area: municipality.code, value: 10 + below(dice, index === 2 ? 12 : 50), source: 'voorbeeldcijfers', sample: true })),
  )
  const factors = [
    { kindOf: 'success', text: 'Voorbeeld: dezelfde mensen komen elke keer, dus men kent elkaar.' },
    { kindOf: 'failure', text: 'Voorbeeld: het geld voor de projectleider is tijdelijk.' },
  ]
  const item = beginItem(writer, space, stamp, { type: 'progress', title: `Voortgang ${municipality.name}`, sample: true, vpgTrained: below(dice, 8), order: 'V' }, [
    ...insertsOf('milestones', milestones, dice), ...insertsOf('indicators', indicators, dice), ...insertsOf('factors', factors, dice),
  ])
  item.prose(stamp, (doc) => writeBlocks(doc, [{ kind: 'paragraph', text: `Voorbeeldcijfers. ${SAMPLE_LINE}` }]))
}

function writeContacts({ writer, space, municipality, now, dice }: MunicipalityRequest, leader: DemoPerson): void {
  let order = ''
  const host = municipality.name.toLowerCase().replace(/[^a-z]+/g, '-')
  for (const { title, job, line, hours, box } of CONTACTS.slice(0, 3 + below(dice, 4))) {
    order = orderBetween(order, '')
    const checkedDaysAgo = 20 + below(dice, 260)
    const stamp: Stamp = { by: leader.user, at: now - checkedDaysAgo * DAY_MS }
    beginItem(writer, space, stamp, { type: 'contact', title, job, line, phone: '', mail: `${box}@${host}.example`, hours, lastChecked: dayOf(stamp.at), sample: true, order }, insertsOf('areas', [{ code: municipality.code }], dice))
  }
}

function writeKnowledge({ writer, space, now, dice }: MunicipalityRequest, leader: DemoPerson): void {
  let order = ''
  KNOWLEDGE.slice(0, 2 + below(dice, 2)).forEach(({ title, theme, blocks }, index) => {
    order = orderBetween(order, '')
    const stamp: Stamp = { by: leader.user, at: now - (200 - 10 * index) * DAY_MS }
    beginItem(writer, space, stamp, { type: 'knowledge', title, theme, sample: true, order }).prose(stamp, (doc) => writeBlocks(doc, blocks))
  })
}
