/** Templates about living conditions: debts, housing, language and newcomers, late entry into care. Terms are illustrative; legal terms are to be confirmed locally. */
import { atWeek, beforeWeek, handover, LOCAL_THRESHOLD, sameConsult, step, within, type PathwayTemplate } from './template.ts'

export const schulden: PathwayTemplate = {
  code: 'schulden',
  title: 'Schulden en geldzorgen',
  theme: 'Schulden',
  domain: 'income',
  phase: 'during',
  targetGroup: 'Zwangeren en partners',
  trigger: 'Zorgen over geld, post blijft dicht of rekeningen blijven liggen.',
  instrument: 'R4U, onderdeel werk en inkomen, of een andere lijst',
  threshold: `Een zorg die de ouder zelf noemt is genoeg (${LOCAL_THRESHOLD})`,
  signalledBy: 'Iedere professional',
  conversationRule: 'Begin er zelf over en leg uit waarom: geldzorgen geven stress. Vraag of je iets mag regelen.',
  escalation: 'Dreigt uithuiszetting of afsluiting? Dan het eerste gesprek binnen 3 werkdagen. Wettelijke termijnen: lokaal nagaan.',
  closure: 'Het pad eindigt als schuldhulp of wijkteam het heeft overgenomen en de verwijzer dat weet.',
  parties: ['Verloskundigen', 'Wijkteam', 'Schuldhulp', 'JGZ', 'Huisartsen'],
  steps: [
    step({
      action: 'Bespreek de zorgen over geld en leg uit waarom je ernaar vraagt. Noteer de toestemming in het eigen dossier.',
      role: 'iedereen', organisation: 'Eigen organisatie', term: sameConsult, consent: 'recorded',
    }),
    handover({
      action: 'Draag warm over: bel samen met de ouder het wijkteam of de schuldhulp.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(3, 'workdays', 'na toestemming'), consent: 'recorded',
      feedback: { to: 'de verwijzer', within: '5 werkdagen na het eerste gesprek', how: 'beveiligd bericht: gesprek gevoerd, plan gemaakt, of afgezien' },
      ifNoReply: 'De verwijzer belt zelf met het wijkteam en vraagt de ouder hoe het gaat.',
    }),
    step({
      action: 'Voer het eerste gesprek. Bij dreigende uithuiszetting of afsluiting: binnen 3 werkdagen.',
      role: 'schuldhulp', organisation: 'Schuldhulpverlening van de gemeente', term: within(4, 'weeks', 'na de overdracht'), consent: 'none',
    }),
    step({
      action: 'Maak een plan met de ouders en noem wie het aanspreekpunt is.',
      role: 'schuldhulp', organisation: 'Schuldhulpverlening van de gemeente', term: within(4, 'weeks', 'na het eerste gesprek'), consent: 'none', proof: 'Plan in het eigen dossier',
    }),
    step({
      action: 'Geen toestemming of geen gesprek? Vraag het opnieuw.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: atWeek(28), consent: 'ask',
    }),
  ],
  indicators: ['Aandeel overdrachten met terugkoppeling binnen 5 werkdagen', 'Tijd tussen overdracht en eerste gesprek'],
  prose: {
    why: [
      'Geldzorgen geven stress. Dat is voelbaar in de zwangerschap en in het gezin. Veel ouders beginnen er niet zelf over.',
      'Daarom vragen wij ernaar, bij de eerste afspraak en opnieuw in week 28. De verwijzer blijft betrokken totdat de ander het heeft overgenomen.',
    ],
    atAGlance: 'Bespreken, warm overdragen, eerste gesprek, terugkoppelen. Lukt het nu niet, dan vragen we het in week 28 opnieuw.',
    whenItFails: [
      'Komt er binnen de termijn geen bericht? Dan belt de verwijzer zelf met het wijkteam.',
      'Bij drie of meer paden tegelijk plannen we een overleg met alle betrokkenen.',
    ],
    knowEachOther: ['Schuldhulp en wijkteam komen twee keer per jaar bij het platform.', 'Verloskundigen en wijkteam lopen één dagdeel met elkaar mee.'],
  },
}

export const wonen: PathwayTemplate = {
  code: 'wonen',
  title: 'Wonen en dakloosheid',
  theme: 'Wonen',
  domain: 'family',
  phase: 'during',
  targetGroup: 'Zwangeren zonder eigen, vaste of veilige woonplek',
  trigger: 'Geen adres, te veel mensen in één huis, dreigende uithuiszetting of een onveilig huis.',
  instrument: 'Vraag bij de intake',
  threshold: `Twijfel over waar de baby gaat wonen is genoeg (${LOCAL_THRESHOLD})`,
  signalledBy: 'Verloskundige, huisarts, wijkteam, JGZ of woningcorporatie',
  conversationRule: 'Vraag waar iemand slaapt en of dat zo kan blijven als de baby er is.',
  escalation: 'Geen plek voor de nacht? De opvang van de centrumgemeente, dezelfde dag.',
  closure: 'Het pad eindigt als er een adres is waar de kraamzorg kan komen en het wijkteam de rest volgt.',
  parties: ['Verloskundigen', 'Wijkteam', 'Woningcorporatie', 'Kraamzorg', 'Gemeente'],
  steps: [
    handover({
      action: 'Meld bij het wijkteam, samen met de zwangere.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(2, 'workdays', 'na het signaal'), consent: 'recorded',
      feedback: { to: 'verloskundige', within: 'elke 2 weken tot er een plek is', how: 'kort bericht' },
      ifNoReply: 'De verloskundige belt de teamleider van het wijkteam.',
    }),
    step({
      action: 'Ga na of er urgentie kan komen en vraag die aan.',
      role: 'wijkteam', organisation: 'Wijkteam', term: within(10, 'workdays', 'na de melding'), consent: 'ask',
    }),
    step({
      action: 'Zoek met de gemeente en de corporatie een plek.',
      role: 'wijkteam', organisation: 'Wijkteam', term: beforeWeek(32), consent: 'ask',
    }),
    step({
      action: 'Controleer of het adres klopt en of kraamzorg daar kan werken.',
      role: 'kraamverzorgende', organisation: 'Kraamzorg', term: atWeek(34), consent: 'none',
    }),
  ],
  indicators: ['Aantal meldingen met een plek vóór week 32'],
  prose: {
    why: [
      'Zonder vaste plek is het moeilijk om je voor te bereiden op een kind. Kraamzorg heeft een adres nodig.',
      'Woonruimte is schaars. Juist daarom spreken we af wie zoekt en hoe vaak we van elkaar horen.',
    ],
    atAGlance: 'Melden binnen twee werkdagen, urgentie nagaan, een plek vóór week 32 en in week 34 controleert de kraamzorg het adres.',
    whenItFails: [
      'Is er in week 32 geen plek? Het wijkteam plant een overleg met gemeente en corporatie.',
      'Verhuist iemand naar een andere gemeente? Het wijkteam draagt schriftelijk over.',
    ],
    knowEachOther: ['De corporatie heeft één functie als aanspreekpunt; die staat in de sociale kaart.'],
  },
}

export const taal: PathwayTemplate = {
  code: 'taal',
  title: 'Taal en nieuwkomers',
  theme: 'Taal',
  domain: 'communication',
  phase: 'during',
  targetGroup: 'Zwangeren die weinig Nederlands spreken of moeite hebben met lezen, statushouders en asielzoekers',
  trigger: 'Te weinig Nederlands voor een gesprek over zorg, laaggeletterdheid, statushouder of asielzoeker.',
  instrument: 'Vraag bij de aanmelding',
  threshold: `Eén gesprek dat niet goed te volgen was is genoeg (${LOCAL_THRESHOLD})`,
  signalledBy: 'Praktijkassistent, verloskundige, wijkteam of JGZ',
  conversationRule: 'Gebruik een professionele tolk en geen familielid. Laat plaatjes zien. Vraag de ander te herhalen wat is afgesproken.',
  escalation: 'Is er geen verzekering of verblijfsdocument? Overleg met de gemeente over de regeling voor onverzekerden.',
  closure: 'Het pad eindigt als kraamzorg en JGZ weten welke taal en welke tolk nodig is, en dat zelf regelen.',
  parties: ['Verloskundigen', 'Huisartsen', 'Wijkteam', 'Kraamzorg', 'JGZ'],
  steps: [
    step({
      action: 'Regel een professionele tolk vóór het eerste consult.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(2, 'workdays', 'na de aanmelding'), consent: 'none',
    }),
    step({
      action: 'Gebruik beeldmateriaal en leg kraamzorg vroeg uit: wat het is, wat het kost en hoe je het aanvraagt.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: beforeWeek(20), consent: 'none',
    }),
    handover({
      action: 'Vraag het wijkteam om inschrijving en verzekering na te gaan.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(5, 'workdays', 'na toestemming'), consent: 'recorded',
      feedback: { to: 'verloskundige', within: '5 werkdagen', how: 'beveiligd bericht' },
      ifNoReply: 'De verloskundige belt het wijkteam. De zorg wacht daar niet op.',
    }),
    handover({
      action: 'Draag bij elke verhuizing schriftelijk over aan de nieuwe praktijk. Voor asielzoekers volgens de landelijke ketenrichtlijn.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(2, 'workdays', 'na bericht van verhuizing'), consent: 'recorded',
      feedback: { to: 'de vorige praktijk', within: '5 werkdagen', how: 'bericht dat de zorg is overgenomen' },
      ifNoReply: 'De vorige praktijk belt de nieuwe opvang of praktijk tot bekend is wie het heeft overgenomen.',
    }),
  ],
  indicators: ['Aandeel eerste consulten met een tolk waar dat nodig was'],
  prose: {
    why: [
      'Wie elkaar niet verstaat, maakt geen goede afspraken. Een tolk hoort bij goede zorg.',
      'Nieuwkomers verhuizen vaak. Daarom leggen we vast hoe de zorg meegaat.',
    ],
    atAGlance: 'Eerst een tolk, dan plaatjes en uitleg, inschrijving en verzekering nagaan, en bij elke verhuizing een overdracht op papier.',
    whenItFails: ['Is er geen tolk? Verzet het gesprek alleen als dat veilig kan.', 'Is iemand niet verzekerd? De zorg gaat door; het wijkteam zoekt het uit.'],
    knowEachOther: ['De sociale kaart noemt de tolkdienst en de functie bij de opvang.', 'Ervaringsdeskundigen lezen onze folders mee.'],
  },
}

export const laatInZorg: PathwayTemplate = {
  code: 'laat-in-zorg',
  title: 'Laat in zorg',
  theme: 'Laat in zorg',
  domain: 'this-pregnancy',
  phase: 'during',
  targetGroup: 'Zwangeren die zich laat melden bij een verloskundige of gynaecoloog',
  trigger: 'Het eerste consult is na week 14.',
  instrument: 'Datum van het eerste consult',
  threshold: `Na week 14; een gemeente kiest zelf tussen week 10 en 14 (${LOCAL_THRESHOLD})`,
  signalledBy: 'Praktijkassistent of verloskundige',
  conversationRule: 'Wees blij dat iemand er is. Vraag zonder verwijt wat het lastig maakte om eerder te komen.',
  escalation: 'Zijn er meer signalen? Volg het pad Meerdere signalen.',
  closure: 'Het pad eindigt als alle onderzoeken zijn gedaan en JGZ is geweest.',
  parties: ['Verloskundigen', 'Gynaecologen', 'JGZ', 'Wijkteam'],
  steps: [
    step({
      action: 'Geef een plek voor een lang eerste consult.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(2, 'workdays', 'na de aanmelding'), consent: 'none',
    }),
    step({
      action: 'Doe alle vragen en onderzoeken in één keer en kijk welke andere paden nodig zijn.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: sameConsult, consent: 'none',
    }),
    handover({
      action: 'Vraag JGZ om een prenataal huisbezoek.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(7, 'days', 'na het eerste consult'), consent: 'recorded',
      feedback: { to: 'verloskundige', within: '5 werkdagen na het bezoek', how: 'beveiligd bericht' },
      ifNoReply: 'De verloskundige belt JGZ en plant zelf een extra consult.',
    }),
    step({
      action: 'Geef elk halfjaar aan het platform door hoe vaak dit voorkwam: alleen een getal.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(26, 'weeks', 'na de vorige telling'), consent: 'none', proof: 'Getal in het verslag van het platform',
    }),
  ],
  indicators: ['Aantal keer laat in zorg per halfjaar; onder de 10 tonen we "< 10"'],
  prose: {
    why: [
      'Wie laat komt, heeft daar vaak een reden voor: geen verzekering, angst, of niet weten waar je terecht kunt.',
      'We halen de achterstand snel in en leren van wat mensen ons vertellen.',
    ],
    atAGlance: 'Snel een lang consult, alles in één keer, binnen een week JGZ vragen, en twee keer per jaar tellen.',
    whenItFails: ['Komt iemand niet terug? De praktijk belt dezelfde dag en vraagt daarna JGZ om langs te gaan.'],
    knowEachOther: ['Praktijken en JGZ bespreken twee keer per jaar waarom mensen laat komen, zonder herkenbare verhalen.'],
  },
}
