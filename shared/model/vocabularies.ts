/**
 * Closed vocabularies: stable codes with a label in both languages. A code never changes meaning; a label may be improved.
 * Labels live here and not in the interface's catalogue because exports, seals and the relay's pages need them as well.
 */
export interface Label {
  nl: string
  en: string
}

const l = (nl: string, en: string): Label => ({ nl, en })

export const VOCABULARIES = {
  /** The eight R4U domains of the revision of 2021–2022. */
  domain: {
    family: l('gezinssituatie', 'family situation'),
    income: l('werk en inkomen', 'work and income'),
    communication: l('communicatie en opleiding', 'communication and education'),
    lifestyle: l('leefstijl', 'lifestyle'),
    'earlier-pregnancy': l('vorige zwangerschap(pen)', 'earlier pregnancies'),
    'this-pregnancy': l('huidige zwangerschap', 'this pregnancy'),
    mental: l('mentaal welzijn', 'mental well-being'),
    attachment: l('hechting en ouderschap', 'attachment and parenthood'),
  },
  phase: {
    before: l('voor de zwangerschap', 'before pregnancy'),
    during: l('tijdens de zwangerschap', 'during pregnancy'),
    after: l('na de geboorte', 'after birth'),
  },
  role: {
    verloskundige: l('verloskundige', 'midwife'),
    gynaecoloog: l('gynaecoloog', 'obstetrician'),
    huisarts: l('huisarts', 'GP'),
    kinderarts: l('kinderarts', 'paediatrician'),
    kraamverzorgende: l('kraamverzorgende', 'maternity carer'),
    jgz: l('jeugdgezondheidszorg (JGZ)', 'child and youth health care'),
    wijkteam: l('wijkteam', 'neighbourhood team'),
    schuldhulp: l('schuldhulpverlening', 'debt assistance'),
    'medisch-maatschappelijk-werk': l('medisch maatschappelijk werk', 'medical social work'),
    ggz: l('ggz-behandelaar', 'mental health practitioner'),
    verslavingszorg: l('verslavingszorg', 'addiction care'),
    'veilig-thuis': l('Veilig Thuis', 'Veilig Thuis (safe home)'),
    clientondersteuner: l('cliëntondersteuner', 'client supporter'),
    vrijwilligers: l('vrijwilligersorganisatie', 'volunteer organisation'),
    welzijn: l('welzijnswerker', 'welfare worker'),
    woningcorporatie: l('woningcorporatie', 'housing corporation'),
    ggd: l('GGD-adviseur', 'GGD adviser'),
    beleid: l('beleidsmedewerker', 'policy officer'),
    projectleider: l('projectleider', 'project leader'),
    wethouder: l('wethouder', 'alderman'),
    zorgverzekeraar: l('zorgverzekeraar', 'health insurer'),
    vpg: l('voorlichter perinatale gezondheid (VPG)', 'perinatal health educator'),
    ervaringsdeskundige: l('ervaringsdeskundige', 'expert by experience'),
    consortium: l('consortiumcoördinator', 'consortium coordinator'),
    dietist: l('diëtist', 'dietitian'),
    stopcoach: l('stopcoach', 'stop-smoking coach'),
    iedereen: l('iedere professional', 'any professional'),
  },
  consent: {
    none: l('niet nodig', 'not needed'),
    ask: l('vragen', 'ask'),
    recorded: l('vastgelegd in eigen dossier', 'recorded in own file'),
  },
  termUnit: {
    consult: l('zelfde consult', 'same consult'),
    hours: l('uur', 'hours'),
    workdays: l('werkdagen', 'working days'),
    days: l('dagen', 'days'),
    weeks: l('weken', 'weeks'),
    'before-week': l('vóór week', 'before week'),
    'at-week': l('in week', 'in week'),
  },
  attendance: {
    present: l('aanwezig', 'present'),
    absent: l('afgemeld', 'sent apologies'),
  },
  actionStatus: {
    open: l('open', 'open'),
    busy: l('bezig', 'in progress'),
    done: l('gereed', 'done'),
    dropped: l('vervallen', 'dropped'),
  },
  milestoneStatus: {
    none: l('niet gestart', 'not started'),
    busy: l('bezig', 'in progress'),
    done: l('gereed', 'done'),
    embedded: l('geborgd', 'embedded'),
    'not-applicable': l('niet van toepassing', 'not applicable'),
  },
  /** Milestones of a municipality, in the order of the field: prepare M1–M4, set up M5–M10, carry out M11–M15, evaluate and embed M16–M17. */
  milestone: {
    M1: l('bestuurlijk draagvlak', 'administrative support'),
    M2: l('wijkanalyse', 'neighbourhood analysis'),
    M3: l('projectleider aangesteld', 'project leader appointed'),
    M4: l('plan van aanpak', 'plan of action'),
    M5: l('platform opgericht', 'platform founded'),
    M6: l('sociale kaart gevuld', 'social map filled'),
    M7: l('signaleringsinstrument gekozen', 'screening instrument chosen'),
    M8: l('zorgpaden opgesteld', 'pathways drawn up'),
    M9: l('zorgpaden vastgesteld', 'pathways adopted'),
    M10: l('voorlichters (VPG) opgeleid', 'health educators trained'),
    M11: l('professionals geschoold', 'professionals trained'),
    M12: l('instrument in gebruik', 'instrument in use'),
    M13: l('kinderwensspreekuren gestart', 'preconception consults started'),
    M14: l('overleg (MDO) draait', 'multidisciplinary consultation runs'),
    M15: l('prenataal huisbezoek geregeld', 'prenatal home visit arranged'),
    M16: l('evaluatie uitgevoerd', 'evaluation carried out'),
    M17: l('borging geregeld', 'embedding arranged'),
  },
  milestonePhase: {
    prepare: l('voorbereiden', 'prepare'),
    'set-up': l('inrichten', 'set up'),
    'carry-out': l('uitvoeren', 'carry out'),
    embed: l('evalueren en borgen', 'evaluate and embed'),
  },
  openness: {
    public: l('openbaar', 'public'),
    internal: l('intern', 'internal'),
    partly: l('deels openbaar', 'partly public'),
  },
  line: {
    first: l('eerste lijn', 'primary care'),
    second: l('tweede lijn', 'secondary care'),
    third: l('derde lijn', 'tertiary care'),
    municipal: l('gemeente', 'municipality'),
    other: l('anders', 'other'),
  },
  status: {
    concept: l('concept', 'draft'),
    consultation: l('ter consultatie', 'in consultation'),
    proposed: l('ter vaststelling', 'proposed'),
    adopted: l('vastgesteld', 'adopted'),
    revision: l('in herziening', 'under review'),
    withdrawn: l('vervallen', 'withdrawn'),
  },
} as const satisfies Record<string, Record<string, Label>>

export type VocabularyName = keyof typeof VOCABULARIES

/** The label of a code; a code that this build does not know is shown as it is. */
export const labelOf = (vocabulary: VocabularyName, code: string, language: 'nl' | 'en'): string =>
  (VOCABULARIES[vocabulary] as Record<string, Label>)[code]?.[language] ?? code
