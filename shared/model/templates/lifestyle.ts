/** Templates of the theme lifestyle: smoking, alcohol and drugs, overweight. Terms are illustrative. */
import { atWeek, beforeWeek, handover, LOCAL_THRESHOLD, sameConsult, step, within, type PathwayTemplate } from './template.ts'

export const roken: PathwayTemplate = {
  code: 'roken',
  title: 'Roken en meeroken',
  theme: 'Roken',
  domain: 'lifestyle',
  phase: 'during',
  targetGroup: 'Zwangeren en partners die roken, of korter dan zes maanden geleden zijn gestopt',
  trigger: 'De zwangere of haar partner rookt, of is korter dan zes maanden geleden gestopt.',
  instrument: 'Vraag bij de intake, V-MIS',
  threshold: `Elk gebruik telt, ook van de partner (${LOCAL_THRESHOLD})`,
  signalledBy: 'Verloskundige, gynaecoloog, huisarts of kraamzorg',
  conversationRule: 'Vraag het aan iedereen en zonder oordeel. Leg uit waarom je het vraagt en vraag of je er iets over mag vertellen.',
  escalation: 'Lukt stoppen niet en zijn er meer middelen in het spel? Overleg dan met de verslavingszorg.',
  closure: 'Het pad eindigt als de overdracht aan kraamzorg en jeugdgezondheidszorg is bevestigd. De jeugdverpleegkundige gaat verder met rookvrij opgroeien.',
  parties: ['Verloskundigen', 'Huisartsen', 'Stopcoach', 'Kraamzorg', 'JGZ'],
  steps: [
    step({
      action: 'Vraag naar roken van de zwangere en de partner, maak een rookprofiel en geef een kort stopadvies.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: sameConsult, consent: 'none',
    }),
    step({
      action: 'Bespreek motivatie en moeilijke situaties volgens V-MIS en spreek samen een stopdatum af.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(14, 'days', 'na het stopadvies'), consent: 'none',
    }),
    handover({
      action: 'Meld aan bij de stopcoach als de ouder dat wil.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(5, 'workdays', 'na toestemming'), consent: 'recorded',
      feedback: { to: 'verloskundige', within: '14 dagen na aanmelding', how: 'beveiligd bericht: gestart, of niet verschenen' },
      ifNoReply: 'De verloskundige belt de stopcoach en vraagt de ouder bij het volgende consult hoe het gaat.',
    }),
    step({
      action: 'Neem contact op voor het eerste gesprek.',
      role: 'stopcoach', organisation: 'Stopcoach in de gemeente', term: within(5, 'workdays', 'na aanmelding'), consent: 'none',
    }),
    handover({
      action: 'Draag over aan kraamzorg en JGZ hoe het gaat en wat is afgesproken over een rookvrij huis.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: beforeWeek(34), consent: 'ask',
      feedback: { to: 'verloskundige', within: '5 werkdagen', how: 'bericht van ontvangst' },
      ifNoReply: 'De verloskundige belt de kraamzorg en JGZ. Tot het antwoord er is, blijft de verloskundige het aanspreekpunt.',
    }),
  ],
  indicators: ['Aantal aanmeldingen bij de stopcoach per halfjaar', 'Aandeel aanmeldingen met terugkoppeling binnen 14 dagen'],
  prose: {
    why: [
      'Stoppen met roken lukt vaker met hulp. Toch gaat de vraag soms verloren tussen de praktijk en de coach.',
      'Daarom spreken we af wie de vraag stelt, wie hulp geeft en wanneer we van elkaar horen. Ook de partner hoort erbij.',
    ],
    atAGlance: 'De verloskundige vraagt en adviseert. Wie hulp wil, gaat naar de stopcoach. De coach laat weten of iemand is gestart. Vóór week 34 weten kraamzorg en JGZ hoe het ervoor staat.',
    whenItFails: [
      'Wil iemand nu niet stoppen? Vraag het opnieuw in week 20 en week 28.',
      'Kwam iemand niet bij de coach? De coach probeert het twee keer en meldt het dan aan de verloskundige.',
    ],
    knowEachOther: [
      'De stopcoach komt één keer per jaar langs bij het platform.',
      'Praktijken en coach wisselen een telefoonnummer uit waarop zij elkaar direct bereiken.',
    ],
  },
}

export const alcoholDrugs: PathwayTemplate = {
  code: 'alcohol-drugs',
  title: 'Alcohol en drugs',
  theme: 'Alcohol en drugs',
  domain: 'lifestyle',
  phase: 'during',
  targetGroup: 'Zwangeren die alcohol of drugs gebruiken, of bij wie afhankelijkheid vermoed wordt',
  trigger: 'Elk gebruik van alcohol of drugs in de zwangerschap, of een vermoeden van afhankelijkheid.',
  instrument: 'Vraag bij de intake',
  threshold: `Elk gebruik telt; bij een vermoeden van afhankelijkheid volgt het hele pad (${LOCAL_THRESHOLD})`,
  signalledBy: 'Verloskundige, gynaecoloog, huisarts of maatschappelijk werk',
  conversationRule: 'Vraag open en rustig door. Zeg dat je wilt helpen en niet oordeelt. Vertel wat je met wie deelt.',
  escalation: 'Zijn er zorgen over veiligheid? Volg de meldcode en vraag advies aan Veilig Thuis.',
  closure: 'Het pad eindigt als na de geboorte een casusregisseur van JGZ of verslavingszorg het heeft overgenomen.',
  parties: ['Verloskundigen', 'Gynaecologen', 'Medisch maatschappelijk werk', 'Verslavingszorg', 'Kraamzorg', 'JGZ', 'Kinderartsen'],
  steps: [
    step({
      action: 'Bespreek het gebruik en geef een stopadvies.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: sameConsult, consent: 'none',
    }),
    handover({
      action: 'Bij een vermoeden van afhankelijkheid: verwijs naar de gynaecoloog en het medisch maatschappelijk werk.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(5, 'workdays', 'na het gesprek'), consent: 'recorded',
      feedback: { to: 'verloskundige', within: '5 werkdagen na het eerste contact', how: 'beveiligd bericht' },
      ifNoReply: 'De verloskundige belt de polikliniek en blijft de zwangere zelf zien.',
    }),
    handover({
      action: 'Regel een intake bij de verslavingszorg.',
      role: 'medisch-maatschappelijk-werk', organisation: 'Ziekenhuis', term: within(10, 'workdays', 'na de verwijzing'), consent: 'recorded',
      feedback: { to: 'gynaecoloog en verloskundige', within: '5 werkdagen na elk contact', how: 'beveiligd bericht: gestart, plan, of niet verschenen' },
      ifNoReply: 'Het medisch maatschappelijk werk belt de intake en plant zo nodig een gesprek met alle drie.',
    }),
    step({
      action: 'Houd een overleg met kraamzorg, JGZ en kinderarts, liefst samen met de ouders.',
      role: 'gynaecoloog', organisation: 'Ziekenhuis', term: beforeWeek(24), consent: 'ask', proof: 'Verslag van het overleg',
    }),
    step({
      action: 'Leg het plan voor de bevalling en de observatie van de baby vast in een tweede overleg.',
      role: 'gynaecoloog', organisation: 'Ziekenhuis', term: atWeek(34), consent: 'ask', proof: 'Plan voor bevalling en observatie',
    }),
  ],
  indicators: ['Aantal overleggen gehouden', 'Tijd tussen verwijzing en intake'],
  prose: {
    why: [
      'Gebruik van alcohol of drugs gaat vaak samen met schaamte. Een vaste weg maakt het makkelijker om erover te beginnen.',
      'Iedereen weet zo wie het gesprek voert, wie de intake regelt en wie het plan maakt voor de bevalling.',
    ],
    atAGlance: 'De verloskundige bespreekt en adviseert. Bij afhankelijkheid gaan gynaecoloog en maatschappelijk werk meedoen. De verslavingszorg doet de intake. Vóór week 24 en in week 34 is er overleg.',
    whenItFails: [
      'Komt iemand niet op de intake? De verslavingszorg belt dezelfde dag met het maatschappelijk werk.',
      'Is er acuut gevaar? Dan wachten we de termijnen niet af en volgen we de meldcode.',
    ],
    knowEachOther: [
      'Verslavingszorg en verloskundigen lopen één dagdeel per jaar met elkaar mee.',
      'De vaste contactpersonen staan als functie in de sociale kaart.',
    ],
  },
}

export const overgewicht: PathwayTemplate = {
  code: 'overgewicht',
  title: 'Overgewicht en voeding',
  theme: 'Overgewicht',
  domain: 'lifestyle',
  phase: 'during',
  targetGroup: 'Zwangeren met een hoog gewicht bij de intake',
  trigger: 'Een BMI van 30 of hoger bij de intake.',
  instrument: 'Meting bij de intake',
  threshold: `BMI 30 of hoger (${LOCAL_THRESHOLD})`,
  signalledBy: 'Verloskundige of gynaecoloog',
  conversationRule: 'Vraag of je het onderwerp mag bespreken. Praat over gezondheid en eten, niet over schuld.',
  escalation: 'Verwijs naar de tweede lijn volgens de indicatielijst.',
  closure: 'Het pad eindigt als JGZ het gesprek over voeding van moeder en kind heeft overgenomen.',
  parties: ['Verloskundigen', 'Diëtisten', 'Gynaecologen', 'Huisartsen', 'JGZ'],
  steps: [
    step({
      action: 'Bespreek gewicht, voeding en bewegen en vraag wat de zwangere zelf wil.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: sameConsult, consent: 'none',
    }),
    handover({
      action: 'Verwijs naar de diëtist of een leefstijlprogramma in de buurt.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(10, 'workdays', 'na toestemming'), consent: 'recorded',
      feedback: { to: 'verloskundige', within: 'week 20 en week 28', how: 'kort bericht over start en voortgang' },
      ifNoReply: 'De verloskundige vraagt het na bij de diëtist en bespreekt het in het volgende consult.',
    }),
    step({
      action: 'Bied een glucosetest aan volgens het protocol van de regio.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: beforeWeek(28), consent: 'none',
    }),
    handover({
      action: 'Draag aan JGZ over wat is afgesproken over voeding, ook over borstvoeding.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: beforeWeek(36), consent: 'ask',
      feedback: { to: 'verloskundige', within: '5 werkdagen', how: 'bericht van ontvangst' },
      ifNoReply: 'De verloskundige belt JGZ en neemt het mee in de overdracht na de geboorte.',
    }),
  ],
  indicators: ['Aandeel verwijzingen met terugkoppeling in week 20 en 28'],
  prose: {
    why: [
      'Over gewicht praten is lastig. Een vaste afspraak helpt om het gewoon en met respect te doen.',
      'Zwangeren krijgen zo hetzelfde aanbod, bij welke praktijk zij ook komen.',
    ],
    atAGlance: 'De verloskundige bespreekt en verwijst. De diëtist laat in week 20 en 28 weten hoe het gaat. JGZ gaat verder na de geboorte.',
    whenItFails: [
      'Wil iemand geen verwijzing? Vraag het nog één keer in week 20.',
      'Is er een wachttijd? De diëtist meldt dat binnen een week, zodat we samen iets anders zoeken.',
    ],
    knowEachOther: ['Diëtist en verloskundigen bespreken één keer per jaar hoe het pad loopt.'],
  },
}
