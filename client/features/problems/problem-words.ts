/** A derived problem as a sentence with a way to mend it. The codes and their parameters come from derive/problems; the words stand here and nowhere else. */
import type { DerivedProblem } from '../../../shared/derive/problems.ts'
import { unreachable } from '../../../shared/base/assert.ts'
import type { Registers } from '../../../shared/model/facts.ts'
import type { Problem } from '../../platform/contributions.ts'
import { dateText } from '../../platform/dates.ts'
import { fieldName, rowName } from '../../platform/field-words.ts'
import { t } from '../../platform/text/text.svelte.ts'

function textOf(problem: DerivedProblem): string {
  const words = t.problems.text
  switch (problem.code) {
    case 'two-answers': return words.twoAnswers(fieldName(problem.path), problem.params.answers)
    case 'title-missing':
    case 'owner-missing':
    case 'parties-missing':
    case 'steps-missing':
    case 'review-missing':
    case 'contact-never-checked':
    case 'meeting-without-date':
      return words[problem.code]
    case 'step-without-action': return words.stepWithoutAction(problem.params.number)
    case 'step-without-role': return words.stepWithoutRole(problem.params.number)
    case 'step-without-term': return words.stepWithoutTerm(problem.params.number)
    case 'handover-without-feedback': return words.handoverWithoutFeedback(problem.params.number)
    case 'handover-without-if-no-reply': return words.handoverWithoutIfNoReply(problem.params.number)
    case 'handover-without-consent': return words.handoverWithoutConsent(problem.params.number)
    case 'review-passed': return words.reviewPassed(dateText(problem.params.date))
    case 'review-soon': return words.reviewSoon(dateText(problem.params.date), problem.params.days)
    case 'changed-since-seal': return words.changedSinceSeal(problem.params.signed)
    case 'party-returned': return words.partyReturned(problem.params.party)
    case 'consultation-over': return words.consultationOver(dateText(problem.params.date))
    case 'bsn-like': return words.bsnLike
    case 'contact-old': return words.contactOld(problem.params.days)
    case 'action-without-owner': return words.actionWithoutOwner(problem.params.number)
    case 'action-without-due': return words.actionWithoutDue(problem.params.number)
    case 'action-overdue': return words.actionOverdue(problem.params.number, problem.params.days)
    default: return unreachable(problem)
  }
}

function fixOf(problem: DerivedProblem): Problem['fix'] | null {
  const words = t.problems.fix
  switch (problem.code) {
    case 'two-answers': return { title: words.choose, command: 'conflicts.fact.choose', args: [problem.item, problem.path] }
    case 'changed-since-seal': return { title: words.compare, command: 'acts.item.compare', args: [problem.item] }
    default: return null
  }
}

/** What the button says that brings a person to the place itself. */
const goTo = (problem: DerivedProblem): string => {
  const words = t.problems.fix
  if (problem.code === 'bsn-like') return words.remove
  return problem.code.endsWith('-missing') || problem.code.includes('-without-') ? words.fill : words.look
}

export interface ShownProblem extends Problem {
  /** The button that opens the place when there is no command that mends it. */
  goTo: string
}

export function problemInWords(problem: DerivedProblem, title: string, registers: Registers): ShownProblem {
  const fix = fixOf(problem)
  const row = problem.path.includes('/') ? rowName(problem.path, registers) : ''
  return {
    id: `${problem.item} ${problem.code} ${problem.path}`,
    severity: problem.severity,
    text: textOf(problem),
    item: problem.item,
    where: [title, row].filter((part) => part !== '').join(', '),
    goTo: goTo(problem),
    ...(problem.path === '' ? {} : { focus: problem.path }),
    ...(fix ? { fix } : {}),
  }
}
