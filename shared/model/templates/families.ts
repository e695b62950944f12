/** Templates around becoming a parent: young parents, unintended pregnancy, prenatal home visit, wish for a child. Terms are illustrative. */
import { atWeek, beforeWeek, handover, LOCAL_THRESHOLD, sameConsult, step, within, type PathwayTemplate } from './template.ts'

export const jongeOuders: PathwayTemplate = {
  code: 'jonge-ouders',
  title: 'Jonge ouders',
  theme: 'Jonge ouders',
  domain: 'family',
  phase: 'during',
  targetGroup: 'Aanstaande ouders jonger dan 21 jaar',
  trigger: 'Een van de aanstaande ouders is jonger dan 21 jaar.',
  instrument: 'Leeftijd bij de aanmelding',
  threshold: `Jonger dan 21 jaar (${LOCAL_THRESHOLD})`,
  signalledBy: 'Verloskundige, huisarts, school of wijkteam',
  conversationRule: 'Praat met de jongere zelf. Vraag wie er thuis en op school helpt. Nodig de partner uit.',
  escalation: 'Zorgen over veiligheid of dwang: volg de meldcode.',
  closure: 'Het pad eindigt als JGZ na de geboorte de leiding heeft en de jongere weet wie het aanspreekpunt is.',
  parties: ['Verloskundigen', 'JGZ', 'Wijkteam', 'Kraamzorg', 'Huisartsen'],
  steps: [
    handover({
      action: 'Vraag JGZ om een prenataal huisbezoek.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(14, 'days', 'na het eerste consult'), consent: 'recorded',
      feedback: { to: 'verloskundige', within: '5 werkdagen na het bezoek', how: 'beveiligd bericht' },
      ifNoReply: 'De verloskundige belt JGZ en vraagt de jongere of het bezoek er was.',
    }),
    step({
      action: 'Ga na of VoorZorg past en meld aan als de jongere dat wil.',
      role: 'jgz', organisation: 'JGZ', term: beforeWeek(28), consent: 'ask',
    }),
    step({
      action: 'Bespreek school, inkomen en wonen en regel wat nodig is.',
      role: 'wijkteam', organisation: 'Wijkteam', term: within(10, 'workdays', 'na de aanmelding'), consent: 'ask',
    }),
    step({
      action: 'Maak samen een geboorteplan en bespreek anticonceptie voor daarna.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: atWeek(32), consent: 'none', proof: 'Geboorteplan',
    }),
    handover({
      action: 'Draag de leiding over aan JGZ.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(10, 'days', 'na de geboorte'), consent: 'recorded',
      feedback: { to: 'verloskundige', within: '5 werkdagen', how: 'bericht dat JGZ de leiding heeft' },
      ifNoReply: 'De verloskundige belt JGZ en blijft tot dan het aanspreekpunt.',
    }),
  ],
  indicators: ['Aandeel jonge ouders met een huisbezoek binnen 14 dagen'],
  prose: {
    why: [
      'Jonge ouders hebben vaak met veel mensen te maken: school, thuis, zorg en gemeente. Dat moet niet van de jongere zelf afhangen.',
      'We spreken af wie wanneer de leiding heeft.',
    ],
    atAGlance: 'JGZ komt binnen 14 dagen thuis, het wijkteam kijkt naar school, inkomen en wonen, in week 32 ligt er een geboorteplan. Na de geboorte leidt JGZ.',
    whenItFails: ['Komt de jongere niet meer? De functie met het beste contact zoekt haar op.', 'Is er ruzie thuis? Vraag een tweede vertrouwenspersoon.'],
    knowEachOther: ['JGZ en de verloskundigen stellen zich samen voor op de school.'],
  },
}

export const onbedoeldeZwangerschap: PathwayTemplate = {
  code: 'onbedoelde-zwangerschap',
  title: 'Onbedoelde zwangerschap',
  theme: 'Onbedoelde zwangerschap',
  domain: 'this-pregnancy',
  phase: 'during',
  targetGroup: 'Iedereen die twijfelt over een zwangerschap of onbedoeld zwanger is',
  trigger: 'Twijfel over de zwangerschap, of de zwangerschap is niet gewenst.',
  instrument: 'Open vraag bij het eerste contact',
  threshold: `Eén keer uitgesproken twijfel is genoeg (${LOCAL_THRESHOLD})`,
  signalledBy: 'Huisarts, verloskundige of wijkteam',
  conversationRule: 'Blijf neutraal. De keuze is van de zwangere. Vraag of zij er met iemand over wil praten.',
  escalation: 'Is er dwang of geweld? Volg de meldcode.',
  closure: 'Het pad eindigt als de zwangere een keuze heeft gemaakt en de zorg die daarbij hoort loopt.',
  parties: ['Huisartsen', 'Verloskundigen', 'Keuzehulp', 'JGZ', 'GGD'],
  steps: [
    step({
      action: 'Bied een neutraal keuzegesprek aan.',
      role: 'iedereen', organisation: 'Eigen organisatie', term: within(24, 'hours', 'na het eerste contact'), consent: 'none',
    }),
    handover({
      action: 'Maak een afspraak met de keuzehulp als de zwangere dat wil.',
      role: 'huisarts', organisation: 'Huisartsenpraktijk', term: within(5, 'workdays', 'na toestemming'), consent: 'recorded',
      feedback: { to: 'de verwijzer', within: '5 werkdagen na het gesprek, alleen als de zwangere dat wil', how: 'telefoon of beveiligd bericht' },
      ifNoReply: 'De verwijzer belt de zwangere één keer en vraagt of er nog iets nodig is.',
    }),
    handover({
      action: 'Zorg voor een warme overdracht, welke keuze het ook wordt.',
      role: 'huisarts', organisation: 'Huisartsenpraktijk', term: within(2, 'workdays', 'na de keuze'), consent: 'recorded',
      feedback: { to: 'huisarts', within: '5 werkdagen, alleen als de zwangere dat wil', how: 'bericht dat de zorg loopt' },
      ifNoReply: 'De huisarts belt de zorgverlener waar de zwangere naartoe is gegaan.',
    }),
    step({
      action: 'Bespreek anticonceptie. In een kwetsbare situatie kan Nu Niet Zwanger meedenken.',
      role: 'huisarts', organisation: 'Huisartsenpraktijk', term: within(6, 'weeks', 'na de keuze of de geboorte'), consent: 'none',
    }),
  ],
  indicators: ['Tijd tussen eerste contact en keuzegesprek'],
  prose: {
    why: [
      'Wie twijfelt, heeft rust en eerlijke informatie nodig. Niemand kiest voor een ander.',
      'We spreken af hoe snel er een gesprek is, en dat we ook daarna betrokken blijven.',
    ],
    atAGlance: 'Dezelfde dag een gesprek aanbieden, binnen vijf werkdagen keuzehulp, een warme overdracht bij elke keuze.',
    whenItFails: ['Komt er geen afspraak tot stand? De verwijzer belt zelf en biedt het opnieuw aan.'],
    knowEachOther: ['De keuzehulp vertelt één keer per jaar aan het platform hoe zij werkt.'],
  },
}

export const prenataalHuisbezoek: PathwayTemplate = {
  code: 'prenataal-huisbezoek',
  title: 'Prenataal huisbezoek',
  theme: 'Prenataal huisbezoek',
  domain: 'attachment',
  phase: 'during',
  targetGroup: 'Zwangeren en gezinnen in een kwetsbare situatie; meedoen is vrijwillig',
  trigger: 'Een kwetsbare situatie, samen gewogen door professional en zwangere.',
  instrument: 'Gesprek over draagkracht en draaglast',
  threshold: `Samen gewogen, zonder vaste score (${LOCAL_THRESHOLD})`,
  signalledBy: 'Verloskundige, huisarts, gynaecoloog of wijkteam',
  conversationRule: 'Vertel dat het bezoek vrijwillig is en wat JGZ komt doen. Vraag wat de ouders zelf willen bespreken.',
  escalation: 'Zijn er meer signalen? Volg het pad Meerdere signalen.',
  closure: 'Het pad eindigt na het contact in week 34, als duidelijk is wie na de geboorte verdergaat.',
  parties: ['Gemeente', 'JGZ', 'Verloskundigen', 'Huisartsen', 'Kraamzorg'],
  steps: [
    handover({
      action: 'Meld aan bij JGZ.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(5, 'workdays', 'na toestemming'), consent: 'recorded',
      feedback: { to: 'verloskundige', within: '5 werkdagen na het bezoek', how: 'het plan voor steun, of bericht dat het bezoek niet doorging' },
      ifNoReply: 'De verloskundige belt JGZ en bespreekt het bij het volgende consult.',
    }),
    step({
      action: 'Ga op huisbezoek en maak samen een plan voor steun.',
      role: 'jgz', organisation: 'JGZ', term: within(14, 'days', 'na de aanmelding'), consent: 'none', proof: 'Plan voor steun',
    }),
    handover({
      action: 'Regel hulp die past: Stevig Ouderschap, VoorZorg of iets anders.',
      role: 'jgz', organisation: 'JGZ', term: within(10, 'workdays', 'na het bezoek'), consent: 'recorded',
      feedback: { to: 'JGZ', within: '10 werkdagen', how: 'bericht dat de hulp is gestart' },
      ifNoReply: 'JGZ belt de organisatie die de hulp geeft en blijft zelf contact houden.',
    }),
    step({
      action: 'Neem opnieuw contact op en stel het plan bij.',
      role: 'jgz', organisation: 'JGZ', term: atWeek(34), consent: 'none',
    }),
  ],
  indicators: ['Aantal huisbezoeken per halfjaar', 'Aandeel bezoeken met terugkoppeling binnen 5 werkdagen'],
  prose: {
    why: [
      'Sinds 1 juli 2022 regelt elke gemeente een prenataal huisbezoek voor wie dat kan gebruiken. De eigen JGZ-organisatie doet het bezoek.',
      'Het werkt alleen als verwijzers weten hoe zij aanmelden, en iets terughoren.',
    ],
    atAGlance: 'Aanmelden binnen vijf werkdagen, bezoek binnen veertien dagen, plan terug naar de verwijzer en contact in week 34.',
    whenItFails: ['Willen de ouders geen bezoek? Vraag het later opnieuw en leg uit wat het kan brengen.', 'Is er geen tijd bij JGZ? JGZ meldt dat meteen aan de gemeente.'],
    knowEachOther: ['Verloskundigen en JGZ gaan één keer per jaar samen op bezoek.'],
  },
}

export const kinderwens: PathwayTemplate = {
  code: 'kinderwens',
  title: 'Kinderwens',
  theme: 'Kinderwens',
  domain: 'lifestyle',
  phase: 'before',
  targetGroup: 'Vrouwen van 18 tot en met 41 jaar met een kinderwens, en hun partners, in gekozen wijken',
  trigger: 'Een kinderwens, in een wijk die de gemeente heeft gekozen.',
  instrument: 'Vragenlijst van het kinderwensspreekuur',
  threshold: 'Iedereen met een kinderwens mag komen',
  signalledBy: 'Huisarts, consultatiebureau, VPG, of de bewoner zelf',
  conversationRule: 'Vraag of iemand denkt aan een (volgend) kind. Vertel wat het spreekuur is en dat het vrij staat om te komen.',
  escalation: 'Bij ziekte, medicijnen of erfelijke vragen: verwijs naar de tweede lijn.',
  closure: 'Het pad eindigt na het contact van drie maanden, of eerder bij een zwangerschap.',
  parties: ['Huisartsen', 'Verloskundigen', 'GGD', 'VPG', 'Gemeente'],
  steps: [
    step({
      action: 'Nodig uit via een van de vier wegen (brief van GGD of gemeente, brief van de huisarts, consultatiebureau, VPG) en leg weg en datum vast.',
      role: 'ggd', organisation: 'GGD', term: within(4, 'weeks', 'na de planning'), consent: 'none', proof: 'Aantal uitnodigingen per weg',
    }),
    step({
      action: 'Houd het kinderwensspreekuur.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk of huisarts', term: within(14, 'days', 'na de aanmelding'), consent: 'none',
    }),
    step({
      action: 'Maak een plan: foliumzuur, roken, alcohol, drugs, medicijnen, werk en erfelijkheid.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk of huisarts', term: sameConsult, consent: 'none',
    }),
    step({
      action: 'Neem opnieuw contact op en kijk of het plan lukt.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk of huisarts', term: within(12, 'weeks', 'na het spreekuur'), consent: 'none',
    }),
    handover({
      action: 'Geef aan de projectleider door hoeveel spreekuren er waren per weg van uitnodigen: alleen getallen.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk of huisarts', term: within(12, 'weeks', 'na de vorige telling'), consent: 'none',
      feedback: { to: 'verloskundigen en huisartsen', within: '4 weken', how: 'overzicht in het platform' },
      ifNoReply: 'De projectleider vraagt de getallen op vóór de volgende bijeenkomst.',
    }),
  ],
  indicators: ['Aanmeldingen per weg van uitnodigen', 'Aantal gehouden spreekuren'],
  prose: {
    why: [
      'Gezond beginnen begint vóór de zwangerschap. Veel mensen weten niet dat er een spreekuur is.',
      'Brieven werken maar kort. Daarom houden we per weg bij hoeveel mensen komen, en kiezen we samen wat we herhalen.',
    ],
    atAGlance: 'Uitnodigen via vier wegen, spreekuur binnen veertien dagen, een plan, contact na drie maanden en tellen per weg.',
    whenItFails: ['Komen er weinig aanmeldingen? Bespreek in het platform een andere weg, bijvoorbeeld via een VPG.'],
    knowEachOther: ['VPG en verloskundigen maken kennis vóór het eerste spreekuur.'],
  },
}
