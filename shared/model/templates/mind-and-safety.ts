/** Templates about mental well-being, safety at home and mild intellectual disability. Terms are illustrative; the five steps of the reporting code are law. */
import { atWeek, beforeWeek, handover, LOCAL_THRESHOLD, sameConsult, step, within, type PathwayTemplate } from './template.ts'

export const psychischeKlachten: PathwayTemplate = {
  code: 'psychische-klachten',
  title: 'Psychische klachten',
  theme: 'Psychische klachten',
  domain: 'mental',
  phase: 'during',
  targetGroup: 'Zwangeren met psychische klachten nu of eerder, of na een bevalling die als ingrijpend is ervaren',
  trigger: 'Een positieve screening, klachten in het verleden, medicijnen voor psychische klachten, of een eerdere traumatische bevalling.',
  instrument: 'Mind2Care, ALPHA-NL of een andere lijst die lokaal is gekozen',
  threshold: `Volgens de gekozen lijst (${LOCAL_THRESHOLD})`,
  signalledBy: 'Verloskundige, gynaecoloog, huisarts of JGZ',
  conversationRule: 'Vraag iedereen hoe het gaat en of er eerder klachten waren. Zeg dat klachten vaak voorkomen en dat er hulp is.',
  escalation: 'Bij gevaar voor de zwangere of een ander: dezelfde dag de crisisdienst.',
  closure: 'Het pad eindigt als de behandeling is afgerond of de huisarts en JGZ het hebben overgenomen.',
  parties: ['Verloskundigen', 'Huisartsen', 'POP-poli', 'GGZ', 'JGZ'],
  steps: [
    step({
      action: 'Bespreek de uitkomst van de screening en vraag toestemming om te verwijzen.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: sameConsult, consent: 'recorded',
    }),
    handover({
      action: 'Verwijs naar de POP-poli, via de huisarts of rechtstreeks zoals lokaal is afgesproken.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(5, 'workdays', 'na toestemming'), consent: 'recorded',
      feedback: { to: 'verloskundige en huisarts', within: '5 werkdagen na de intake', how: 'beveiligd bericht' },
      ifNoReply: 'De verloskundige belt de POP-poli en vraagt de zwangere hoe het nu gaat.',
    }),
    step({
      action: 'Doe de intake.',
      role: 'ggz', organisation: 'POP-poli', term: within(14, 'days', 'na de verwijzing'), consent: 'none',
    }),
    step({
      action: 'Maak in het maandelijkse POP-overleg samen een plan.',
      role: 'ggz', organisation: 'POP-poli', term: within(4, 'weeks', 'na de intake'), consent: 'ask', proof: 'Plan uit het POP-overleg',
    }),
    handover({
      action: 'Draag in de zwangerschap over aan JGZ en spreek een controle na de geboorte af.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: beforeWeek(34), consent: 'ask',
      feedback: { to: 'verloskundige', within: '5 werkdagen', how: 'bericht van ontvangst met naam van de functie die het oppakt' },
      ifNoReply: 'De verloskundige belt JGZ. De huisarts blijft tot dan het aanspreekpunt.',
    }),
  ],
  indicators: ['Tijd tussen verwijzing en intake', 'Aandeel verwijzingen met terugkoppeling binnen 5 werkdagen'],
  prose: {
    why: [
      'Psychische klachten zijn niet altijd te zien. Wie klachten heeft, vertelt dat vaak pas als ernaar gevraagd wordt.',
      'We willen dat niemand tussen twee organisaties blijft wachten zonder dat iemand het weet.',
    ],
    atAGlance: 'Vragen, toestemming, verwijzen naar de POP-poli, intake binnen 14 dagen, een plan in het POP-overleg en op tijd JGZ erbij.',
    whenItFails: [
      'Is er een wachttijd? De POP-poli meldt dat dezelfde week, met een voorstel voor de tussentijd.',
      'Wil iemand geen hulp? De verloskundige spreekt af wanneer zij er weer naar vraagt.',
    ],
    knowEachOther: ['De POP-poli nodigt verloskundigen en JGZ uit bij het overleg.', 'De functies en nummers staan in de sociale kaart.'],
  },
}

export const huiselijkGeweld: PathwayTemplate = {
  code: 'huiselijk-geweld',
  title: 'Huiselijk geweld',
  theme: 'Huiselijk geweld',
  domain: 'family',
  phase: 'during',
  targetGroup: 'Zwangeren en gezinnen bij wie het thuis niet veilig is of lijkt',
  trigger: 'Signalen van huiselijk geweld of kindermishandeling, of iemand vertelt het zelf.',
  instrument: 'Meldcode huiselijk geweld en kindermishandeling',
  threshold: 'Acuut of structureel gevaar: altijd melden, dezelfde dag',
  signalledBy: 'Iedere professional',
  conversationRule: 'Vraag alleen door als de ander vrij kan praten. Beloof geen geheimhouding. Vertel welke stap je neemt en waarom.',
  escalation: 'Veilig Thuis; bij direct gevaar 112.',
  closure: 'Het pad eindigt als op de afgesproken datum is nagegaan of het veilig is, en is vastgelegd wie het gezin blijft volgen.',
  parties: ['Verloskundigen', 'Huisartsen', 'Wijkteam', 'JGZ', 'Kraamzorg', 'Veilig Thuis'],
  steps: [
    step({
      action: 'Stap 1 van de meldcode: breng de signalen in kaart in het eigen dossier.',
      role: 'iedereen', organisation: 'Eigen organisatie', term: sameConsult, consent: 'none',
    }),
    step({
      action: 'Stap 2: overleg met een collega en vraag zo nodig advies aan Veilig Thuis, zonder namen te noemen.',
      role: 'iedereen', organisation: 'Eigen organisatie', term: within(2, 'workdays', 'na de eerste signalen'), consent: 'none',
    }),
    step({
      action: 'Stap 3: praat met de betrokkenen, als dat veilig kan.',
      role: 'iedereen', organisation: 'Eigen organisatie', term: within(5, 'workdays', 'na de eerste signalen'), consent: 'none',
    }),
    step({
      action: 'Stap 4: weeg het geweld met het afwegingskader van de eigen beroepsgroep.',
      role: 'iedereen', organisation: 'Eigen organisatie', term: within(5, 'workdays', 'na de eerste signalen'), consent: 'none',
    }),
    handover({
      action: 'Stap 5: beslis. Meld bij Veilig Thuis, organiseer hulp, of doe beide. Spreek een datum af waarop je nagaat of het werkt.',
      role: 'iedereen', organisation: 'Eigen organisatie', term: within(24, 'hours', 'na de weging, bij gevaar meteen'), consent: 'ask', proof: 'Datum van controle in het eigen dossier',
      feedback: { to: 'de melder', within: '5 werkdagen', how: 'bericht van Veilig Thuis over de vervolgstap' },
      ifNoReply: 'De melder belt Veilig Thuis. Is er gevaar, dan dezelfde dag.',
    }),
  ],
  indicators: ['Aantal adviesvragen per halfjaar, alleen als getal'],
  prose: {
    why: [
      'Iedereen die met gezinnen werkt, heeft een meldcode. Toch blijft het moeilijk om de volgende stap te zetten.',
      'Deze afspraak zegt wie met wie overlegt en hoe snel. Zo staat niemand er alleen voor.',
    ],
    atAGlance: 'De vijf stappen van de meldcode, met een termijn. Bij acuut of structureel gevaar melden we altijd, op dezelfde dag.',
    whenItFails: [
      'Ben je het niet eens met een collega? Vraag advies aan Veilig Thuis.',
      'Gaat het gezin uit beeld? Meld dat bij de functie die het gezin volgt, nog dezelfde dag.',
    ],
    knowEachOther: ['Elke organisatie heeft een aandachtsfunctionaris. Die functie staat in de sociale kaart.', 'Eén keer per jaar oefenen we samen met een verzonnen casus.'],
  },
}

export const lichtVerstandelijkeBeperking: PathwayTemplate = {
  code: 'licht-verstandelijke-beperking',
  title: 'Licht verstandelijke beperking',
  theme: 'Licht verstandelijke beperking',
  domain: 'communication',
  phase: 'during',
  targetGroup: 'Aanstaande ouders met (een vermoeden van) een licht verstandelijke beperking',
  trigger: 'Een vermoeden na een korte screening of uit het gesprek.',
  instrument: 'Korte screening die lokaal is gekozen',
  threshold: `Vermoeden van de professional is genoeg (${LOCAL_THRESHOLD})`,
  signalledBy: 'Verloskundige, wijkteam, huisarts of JGZ',
  conversationRule: 'Gebruik korte zinnen en plaatjes. Vraag de ander om het in eigen woorden te herhalen. Neem dubbele tijd.',
  escalation: 'Zijn er zorgen over de veiligheid van het kind? Volg de meldcode.',
  closure: 'Het pad eindigt als er na de geboorte één vaste contactpersoon is en het plan loopt.',
  parties: ['Verloskundigen', 'Cliëntondersteuning', 'Wijkteam', 'Kraamzorg', 'JGZ'],
  steps: [
    step({
      action: 'Gebruik begrijpelijke taal en plan dubbele tijd voor elk consult.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: sameConsult, consent: 'none',
    }),
    handover({
      action: 'Bied cliëntondersteuning aan en meld aan als de ouders dat willen.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(10, 'workdays', 'na toestemming'), consent: 'recorded',
      feedback: { to: 'verloskundige', within: '5 werkdagen na het eerste gesprek', how: 'telefoon of beveiligd bericht' },
      ifNoReply: 'De verloskundige belt de cliëntondersteuning, samen met de ouders.',
    }),
    step({
      action: 'Organiseer een overleg over steun bij het ouderschap en kies één vaste contactpersoon.',
      role: 'wijkteam', organisation: 'Wijkteam', term: within(4, 'weeks', 'na de aanmelding'), consent: 'ask', proof: 'Afspraken in gewone taal, ook voor de ouders',
    }),
    handover({
      action: 'Maak met kraamzorg en JGZ een plan voor de eerste weken.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: atWeek(32), consent: 'ask',
      feedback: { to: 'de vaste contactpersoon', within: '5 werkdagen', how: 'bericht van ontvangst' },
      ifNoReply: 'De vaste contactpersoon belt kraamzorg en JGZ.',
    }),
  ],
  indicators: ['Aandeel trajecten met één vaste contactpersoon'],
  prose: {
    why: [
      'Te veel mensen en te veel informatie tegelijk werkt niet. Eén vaste contactpersoon en gewone taal wel.',
      'We spreken af wie dat is en hoe de anderen van zich laten horen.',
    ],
    atAGlance: 'Gewone taal, dubbele tijd, cliëntondersteuning, een overleg binnen vier weken en een plan in week 32.',
    whenItFails: [
      'Haken de ouders af? De vaste contactpersoon zoekt hen op. De anderen wachten even.',
      'Is er geen plek bij de cliëntondersteuning? Het wijkteam zoekt een andere vorm van steun.',
    ],
    knowEachOther: ['Cliëntondersteuning geeft één keer per jaar een korte les over gewone taal.'],
  },
}
