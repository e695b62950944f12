/** The municipality of the reference pictures: an agreement with a gap and a question, one on the table, a meeting with decisions and actions. */
import * as Y from 'yjs'
import { newId, type ItemId, type SpaceId } from '../../../shared/base/ids.ts'
import { orderBetween } from '../../../shared/base/order.ts'
import type { Dice } from '../../../shared/base/random.ts'
import type { FactEdit, FactValue } from '../../../shared/model/facts.ts'
import type { Items } from '../../../client/items/items.ts'
import type { WindowEngine } from '../loopback.ts'

type Block = { name: string; attrs?: Record<string, string | number>; content?: (string | Block)[] }

export const block = ({ name, attrs = {}, content = [] }: Block): Y.XmlElement => {
  const element = new Y.XmlElement(name)
  for (const [key, value] of Object.entries(attrs)) element.setAttribute(key, value as string)
  element.insert(0, content.map((part) => (typeof part === 'string' ? new Y.XmlText(part) : block(part))))
  return element
}
const heading = (text: string): Block => ({ name: 'heading', attrs: { level: 2 }, content: [text] })
const paragraph = (...content: (string | Block)[]): Block => ({ name: 'paragraph', content: content.filter((part) => part !== '') })
export const writeProse = (blocks: readonly Block[]) => (doc: Y.Doc): void => doc.getXmlFragment('prose').push(blocks.map(block))

function rowsAs(list: string, rows: readonly Record<string, FactValue>[], dice: Dice): { edits: FactEdit[]; ids: string[] } {
  let order = ''
  const ids: string[] = []
  const edits = rows.map((values): FactEdit => {
    order = orderBetween(order, '')
    const id = newId(dice)
    ids.push(id)
    return { op: 'insert', list, id, order, values }
  })
  return { edits, ids }
}
const set = (values: Record<string, FactValue>): FactEdit[] => Object.entries(values).map(([path, value]) => ({ op: 'set', path, value }))

export interface Example {
  debts: ItemId
  mind: ItemId
  meeting: ItemId
  earlier: ItemId
}

export async function makeExample(items: [Items, Items], engines: [WindowEngine, WindowEngine], space: SpaceId, dice: Dice): Promise<Example> {
  const [mine, theirs] = items
  const steps = rowsAs(
    'steps',
    [
      { action: 'Bespreek de zorgen over geld en leg uit waarom je ernaar vraagt.', role: 'verloskundige', termUnit: 'consult', consent: 'recorded' },
      { action: 'Draag warm over: bel samen met de ouder het wijkteam.', role: 'wijkteam', term: 5, termUnit: 'workdays', feedbackTo: 'verloskundige', feedbackWithin: '5 werkdagen', handover: true, ifNoReply: 'de verwijzer belt zelf met het wijkteam' },
      { action: 'Voer het eerste gesprek. Bij dreigende huisuitzetting: binnen 3 werkdagen.', role: 'schuldhulp', term: 4, termUnit: 'weeks', feedbackHow: 'gesprek gevoerd, plan of afgezien' },
      { action: 'Laat de verwijzer weten wat er is afgesproken.', term: 5, termUnit: 'workdays', feedbackTo: 'verloskundige en huisarts' },
      { action: 'Geen toestemming of geen gesprek? Vraag het opnieuw.', role: 'verloskundige', term: 28, termUnit: 'at-week' },
    ],
    dice,
  )
  const debts = await mine.create({
    space, type: 'agreement',
    edits: [
      ...set({
        title: 'Schulden en geldzorgen', domain: 'income', targetGroup: 'Zwangeren en partners', owner: 'Gemeente Schiedam', reviewBy: '2027-03-01',
        trigger: 'Zorgen over geld, post blijft dicht of rekening niet betaald', sample: true,
      }),
      ...rowsAs('parties', ['Verloskundigen', 'wijkteam', 'schuldhulp', 'JGZ', 'huisartsen'].map((name) => ({ name })), dice).edits,
      ...steps.edits,
    ],
    prose: writeProse([
      heading('Waarom deze afspraak'),
      paragraph('Geldzorgen geven stress. Dat is voelbaar in de zwangerschap en in het gezin. Veel ouders beginnen er niet zelf over. Daarom vragen wij ernaar, bij de eerste afspraak en opnieuw in week 28. De verwijzer blijft betrokken totdat de ander het heeft overgenomen.'),
      heading('Het pad in één oogopslag'),
      { name: 'pathwayFlow' },
      heading('Stappen'),
      { name: 'pathwaySteps' },
      heading('Als het niet lukt'),
      paragraph('Komt er binnen de termijn geen bericht? Dan belt de verwijzer zelf met het wijkteam. Bij drie of meer paden tegelijk plannen we een overleg met alle betrokkenen.'),
    ]),
  })
  // Both answer the same question apart.
  engines[1].pause()
  const [handle, other] = [await mine.open(debts), await theirs.open(debts)]
  handle.set(`steps/${steps.ids[1]}/term`, 3)
  other.set(`steps/${steps.ids[1]}/term`, 10)
  await Promise.resolve()
  await new Promise((resolve) => setTimeout(resolve))
  engines[1].resume()
  handle.dispose()
  other.dispose()

  const mind = await mine.create({
    space, type: 'agreement',
    edits: [
      ...set({ title: 'Psychische klachten', domain: 'mental', owner: 'GGZ Rijnmond', reviewBy: '2028-11-01' }),
      ...rowsAs('steps', [
        { action: 'Vraag ernaar en vraag toestemming.', role: 'verloskundige', termUnit: 'consult', consent: 'ask' },
        { action: 'Verwijs naar de poli, direct of via de huisarts.', role: 'verloskundige', term: 5, termUnit: 'workdays' },
        { action: 'Maak samen een plan.', role: 'ggz', term: 14, termUnit: 'days' },
      ], dice).edits,
    ],
    prose: writeProse([heading('Wat spreken we af'), paragraph('Merk je somberheid, angst of een moeilijke eerdere bevalling? Vraag toestemming en verwijs direct.')]),
  })

  const earlier = await mine.create({
    space, type: 'meeting',
    edits: [
      ...set({ title: 'Platform 9 september 2026', date: '2026-09-09' }),
      ...rowsAs('decisions', [{ number: 13, text: 'kinderwensspreekuur start in Oost' }], dice).edits,
      ...rowsAs('actions', [
        { number: 29, text: 'Zet de folder in drie talen klaar', owner: 'GGD', due: '2026-10-15', status: 'open' },
        { number: 30, text: 'Nodig de huisartsen uit', owner: 'projectleider', due: '2026-11-30', status: 'busy' },
      ], dice).edits,
    ],
    prose: writeProse([paragraph('Kort overleg.')]),
  })

  const decisions = rowsAs('decisions', [{ number: 14, text: 'verslag vastgesteld', public: true }, { number: 15, text: 'voorleggen aan alle partijen', item: mind }], dice)
  const actions = rowsAs('actions', [
    { number: 31, text: 'tekst stap 3', owner: 'GGD', due: '2026-12-02', status: 'open', item: mind },
    { number: 32, text: 'telefoonlijst', owner: 'wijkteam', due: '2026-12-05', status: 'open' },
  ], dice)
  const meeting = await mine.create({
    space, type: 'meeting',
    edits: [
      ...set({ title: 'Platform 18 november 2026', date: '2026-11-18', startTime: '15:00', endTime: '16:30', place: 'Stadhuis Schiedam en online', chair: 'projectleider', noteTaker: 'wijkteammedewerker' }),
      ...rowsAs('attendance', [
        ['projectleider', 'Gemeente', 'present'], ['verloskundige', 'Verloskundigenpraktijk', 'present'], ['gynaecoloog', 'Ziekenhuis', 'present'], ['jeugdverpleegkundige', 'JGZ', 'present'],
        ['wijkteammedewerker', 'wijkteam', 'present'], ['adviseur', 'GGD', 'present'], ['huisarts', 'Huisartsenpraktijk', 'absent'], ['schuldhulpverlener', 'schuldhulp', 'absent'],
      ].map(([job, organisation, presence]) => ({ job: job ?? '', organisation: organisation ?? '', presence: presence ?? '' })), dice).edits,
      ...rowsAs('agenda', [{ title: 'Opening en verslag vorige keer', minutes: 5 }, { title: 'Zorgpad Psychische klachten', minutes: 25, item: mind }, { title: 'Signalen uit de praktijk', minutes: 20 }, { title: 'Rondvraag', minutes: 10 }], dice).edits,
      ...decisions.edits,
      ...actions.edits,
    ],
    prose: writeProse([
      heading('Opening en verslag vorige keer'),
      paragraph('Het verslag van 9 september is goed.'),
      paragraph({ name: 'decisionRef', attrs: { id: decisions.ids[0] ?? '' } }),
      heading('Zorgpad Psychische klachten'),
      paragraph('De GGD licht het voorstel toe. De verloskundigen willen direct kunnen verwijzen, zonder omweg. Afgesproken: binnen 5 werkdagen een plek op de poli.'),
      paragraph({ name: 'decisionRef', attrs: { id: decisions.ids[1] ?? '' } }, ' ', { name: 'actionRef', attrs: { id: actions.ids[0] ?? '' } }, ' ', { name: 'actionRef', attrs: { id: actions.ids[1] ?? '' } }),
      heading('Signalen uit de praktijk'),
      paragraph('Drie praktijken merken dat ouders later komen. We kijken in het voorjaar naar de cijfers.'),
      heading('Rondvraag'),
      paragraph(''),
    ]),
  })
  return { debts, mind, meeting, earlier }
}
