/** The sixteen pathway templates, in the order in which they are offered. */
import { laatInZorg, schulden, taal, wonen } from './circumstances.ts'
import { jongeOuders, kinderwens, onbedoeldeZwangerschap, prenataalHuisbezoek } from './families.ts'
import { alcoholDrugs, overgewicht, roken } from './lifestyle.ts'
import { huiselijkGeweld, lichtVerstandelijkeBeperking, psychischeKlachten } from './mind-and-safety.ts'
import type { PathwayTemplate } from './template.ts'
import { meerdereSignalen, overdrachtNaGeboorte } from './working-together.ts'

export const TEMPLATES: readonly PathwayTemplate[] = [
  roken, alcoholDrugs, psychischeKlachten, schulden, wonen, huiselijkGeweld, jongeOuders, overgewicht,
  taal, laatInZorg, onbedoeldeZwangerschap, lichtVerstandelijkeBeperking, prenataalHuisbezoek, meerdereSignalen, kinderwens, overdrachtNaGeboorte,
]

export type { PathwayTemplate, TemplateProse, TemplateStep } from './template.ts'
