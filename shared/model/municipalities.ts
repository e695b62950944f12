/**
 * The fourteen municipalities of the programme and the ten regions around perinatal centres, as data to start from. What is marked
 * `to-confirm` is shown as such and can be changed by whoever knows better; nothing in the code depends on a name being here.
 *
 * Codes are those of the national statistics office: GM + 4 digits; a merger or a new name gives a new code. Municipalities that
 * merged keep their documents: `validUntil` and `successor` say where they went.
 */
export type Confirmation = 'confirmed' | 'to-confirm'

export interface Municipality {
  name: string
  /** Other spelling that search has to find; '' if none. */
  alias: string
  code: string
  status: Confirmation
  /** Last calendar day under this code; '' while it exists. */
  validUntil: string
  successor: { name: string; code: string } | null
}

const present = (name: string, code: string, status: Confirmation, alias = ''): Municipality => ({ name, alias, code, status, validUntil: '', successor: null })
const merged = (name: string, code: string, validUntil: string, successor: { name: string; code: string }): Municipality => ({ name, alias: '', code, status: 'confirmed', validUntil, successor })

const EEMSDELTA = { name: 'Eemsdelta', code: 'GM1979' }
const MIDDEN_GRONINGEN = { name: 'Midden-Groningen', code: 'GM1952' }

export const MUNICIPALITIES: readonly Municipality[] = [
  present('Almere', 'GM0034', 'to-confirm'),
  present('Amsterdam', 'GM0363', 'to-confirm'),
  merged('Appingedam', 'GM0003', '2020-12-31', EEMSDELTA),
  merged('Delfzijl', 'GM0010', '2020-12-31', EEMSDELTA),
  present('Den Haag', 'GM0518', 'to-confirm', "'s-Gravenhage"),
  present('Enschede', 'GM0153', 'to-confirm'),
  present('Groningen', 'GM0014', 'confirmed'),
  present('Heerlen', 'GM0917', 'to-confirm'),
  merged('Menterwolde', 'GM1987', '2017-12-31', MIDDEN_GRONINGEN),
  present('Nijmegen', 'GM0268', 'to-confirm'),
  present('Pekela', 'GM0765', 'to-confirm'),
  present('Schiedam', 'GM0606', 'to-confirm'),
  present('Tilburg', 'GM0855', 'to-confirm'),
  present('Utrecht', 'GM0344', 'to-confirm'),
]

/** The name of a municipality by its code; anything else, a quarter or a name in words, is its own name. */
export const areaName = (area: string): string => MUNICIPALITIES.find(({ code }) => code === area)?.name ?? area

export interface Region {
  name: string
  /** Perinatal centre; all names are to be confirmed. */
  centre: string
  status: Confirmation
}

const region = (name: string, centre: string): Region => ({ name, centre, status: 'to-confirm' })

export const REGIONS: readonly Region[] = [
  region('Noord-Nederland', 'UMCG, Groningen'),
  region('Noordwest-Nederland (1)', 'AMC, Amsterdam'),
  region('Noordwest-Nederland (2)', 'VUmc, Amsterdam'),
  region('Overijssel', 'Isala, Zwolle'),
  region('Midden-Nederland', 'UMC Utrecht/WKZ'),
  region('Noordelijk Zuid-Holland', 'LUMC, Leiden'),
  region('Zuidwest-Nederland', 'Erasmus MC, Rotterdam'),
  region('Oost-Nederland', 'Radboudumc, Nijmegen'),
  region('Brabant', 'Máxima MC, Veldhoven'),
  region('Limburg', 'Maastricht UMC+'),
]

/** Shapes of area codes: municipality, district (wijk), neighbourhood (buurt). */
export const AREA_CODE = /^(GM\d{4}|WK\d{6}|BU\d{8})$/
