/** Templates that tie the others together: several signals at once, and the handover after birth. Terms are illustrative. */
import { handover, LOCAL_THRESHOLD, atWeek, step, within, type PathwayTemplate } from './template.ts'

export const meerdereSignalen: PathwayTemplate = {
  code: 'meerdere-signalen',
  title: 'Meerdere signalen',
  theme: 'Meerdere signalen',
  domain: 'family',
  phase: 'during',
  targetGroup: 'Zwangeren en gezinnen met meerdere signalen tegelijk',
  trigger: 'Drie of meer paden lopen tegelijk, of een lokaal afgesproken drempel is bereikt.',
  instrument: 'R4U of een andere lijst die lokaal is gekozen',
  threshold: `Drie of meer paden tegelijk (${LOCAL_THRESHOLD})`,
  signalledBy: 'Iedere professional',
  conversationRule: 'Vertel dat meerdere mensen meedenken en vraag of de ouders erbij willen zijn.',
  escalation: 'Komt het overleg niet op gang of wordt het onveilig? De voorzitter van het overleg belt Veilig Thuis voor advies.',
  closure: 'Het pad eindigt als de evaluatie laat zien dat één organisatie verder kan, of na opschalen.',
  parties: ['Verloskundigen', 'Gynaecologen', 'Huisartsen', 'Wijkteam', 'JGZ', 'Kraamzorg'],
  steps: [
    step({
      action: 'Bespreek met de ouders dat een overleg helpt en vraag toestemming.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(5, 'workdays', 'na het derde signaal'), consent: 'recorded',
    }),
    handover({
      action: 'Plan een overleg met alle betrokkenen, liefst samen met de ouders.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(10, 'workdays', 'na toestemming'), consent: 'recorded',
      feedback: { to: 'alle genodigden', within: '3 werkdagen', how: 'uitnodiging met datum' },
      ifNoReply: 'De verloskundige belt de genodigden. Wie niet kan, geeft vooraf schriftelijk wat nodig is.',
    }),
    step({
      action: 'Maak één plan en kies één casusregisseur.',
      role: 'wijkteam', organisation: 'Overleg van alle betrokkenen', term: within(1, 'days', 'na het overleg'), consent: 'none', proof: 'Plan met acties en datums in het eigen dossier',
    }),
    handover({
      action: 'Voer de eigen acties uit en meld het aan de casusregisseur.',
      role: 'iedereen', organisation: 'Elke deelnemer', term: within(10, 'workdays', 'of de datum in het plan'), consent: 'recorded',
      feedback: { to: 'casusregisseur', within: 'op de afgesproken datums', how: 'beveiligd bericht' },
      ifNoReply: 'De casusregisseur belt op de dag na de afgesproken datum.',
    }),
    step({
      action: 'Evalueer met de ouders: klaar, doorgaan of opschalen.',
      role: 'wijkteam', organisation: 'Casusregisseur', term: within(6, 'weeks', 'na het overleg'), consent: 'none',
    }),
  ],
  indicators: ['Aantal overleggen gehouden', 'Tijd tussen toestemming en overleg'],
  prose: {
    why: [
      'Kleine signalen tellen bij elkaar op. Eén organisatie ziet vaak maar een deel.',
      'Een kort overleg met één plan en één casusregisseur voorkomt dat ieder voor zich begint.',
    ],
    atAGlance: 'Toestemming, overleg binnen tien werkdagen, één plan met één casusregisseur, na zes weken samen kijken.',
    whenItFails: ['Willen de ouders geen overleg? Dan werkt ieder pad door en vragen we het later opnieuw.', 'Is er geen casusregisseur? Het wijkteam is het, tot er een ander is.'],
    knowEachOther: ['De deelnemers aan het overleg kennen elkaar van het platform.', 'De rol van casusregisseur leggen we uit in de scholing.'],
  },
}

export const overdrachtNaGeboorte: PathwayTemplate = {
  code: 'overdracht-na-geboorte',
  title: 'Overdracht na de geboorte',
  theme: 'Overdracht',
  domain: 'attachment',
  phase: 'after',
  targetGroup: 'Gezinnen met een pad dat in week 34 nog loopt',
  trigger: 'In week 34 loopt er nog een pad.',
  instrument: 'Checklist Vroegsignalering in de kraamtijd',
  threshold: `Eén lopend pad is genoeg (${LOCAL_THRESHOLD})`,
  signalledBy: 'Verloskundige of gynaecoloog',
  conversationRule: 'Bespreek met de ouders wat je overdraagt en aan wie. Zij lezen mee.',
  escalation: 'Zijn er zorgen over veiligheid? Volg de meldcode.',
  closure: 'Het pad eindigt als JGZ de overdracht heeft bevestigd en het gesprek na zes weken is geweest.',
  parties: ['Verloskundigen', 'Kraamzorg', 'JGZ', 'Huisartsen'],
  steps: [
    handover({
      action: 'Draag schriftelijk over aan de kraamzorg welke paden lopen en wat is afgesproken.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: atWeek(34), consent: 'recorded',
      feedback: { to: 'verloskundige', within: '5 werkdagen', how: 'bericht dat de intake is aangepast' },
      ifNoReply: 'De verloskundige belt de kraamzorg.',
    }),
    handover({
      action: 'Meld signalen in de kraamtijd aan de verloskundige.',
      role: 'kraamverzorgende', organisation: 'Kraamzorg', term: within(24, 'hours', 'na het signaal'), consent: 'ask',
      feedback: { to: 'kraamverzorgende', within: 'dezelfde dag', how: 'telefoon' },
      ifNoReply: 'De kraamverzorgende belt de dienstdoende verloskundige.',
    }),
    handover({
      action: 'Draag warm over aan JGZ.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(10, 'days', 'na de geboorte'), consent: 'recorded',
      feedback: { to: 'verloskundige', within: '2 werkdagen', how: 'bericht van ontvangst' },
      ifNoReply: 'De verloskundige belt JGZ en blijft tot dan het aanspreekpunt.',
    }),
    step({
      action: 'Bespreek na zes weken hoe het was en wat helpt bij een volgende zwangerschap.',
      role: 'verloskundige', organisation: 'Verloskundigenpraktijk', term: within(6, 'weeks', 'na de geboorte'), consent: 'none',
    }),
  ],
  indicators: ['Aandeel overdrachten met bevestiging van JGZ binnen 2 werkdagen'],
  prose: {
    why: [
      'Bij de geboorte wisselt de zorg van handen. Juist dan raakt informatie zoek.',
      'Deze afspraak zorgt dat wat in de zwangerschap is begonnen, doorgaat.',
    ],
    atAGlance: 'In week 34 naar de kraamzorg, signalen binnen 24 uur, vóór dag tien naar JGZ, na zes weken een gesprek.',
    whenItFails: ['Is de kraamzorg nog niet geregeld? De verloskundige belt het regionale loket.', 'Verhuist het gezin? De overdracht gaat mee naar JGZ in de nieuwe gemeente.'],
    knowEachOther: ['Kraamzorg, JGZ en verloskundigen bespreken twee keer per jaar hoe overdrachten gingen, zonder namen.'],
  },
}
