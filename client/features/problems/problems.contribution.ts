/** Points of attention: a tab of the lower panel, a count in the status bar, F8 to walk through them. */
import TriangleAlert from '@lucide/svelte/icons/triangle-alert'
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import { t } from '../../platform/text/text.svelte.ts'
import type { Services } from '../../workbench/services.ts'

export function contribute(services: Services): Disposable {
  const bag = createBag()
  const { contributions, layout } = services
  const category = (): string => t.problems.category
  const walk = async (step: 1 | -1): Promise<void> => {
    const { problemsOfWindow } = await import('./problems.svelte.ts')
    problemsOfWindow(services).walk(step)
  }
  bag.add(contributions.views.register({ id: 'problems', where: 'panel', title: () => t.problems.title, icon: TriangleAlert, order: 10, load: () => import('./ProblemsPanel.svelte') }))
  bag.add(contributions.status.register({ id: 'problems', side: 'right', order: 40, load: () => import('./ProblemCount.svelte') }))
  const add = (id: string, title: () => string, key: string, run: () => void | Promise<void>): void => void bag.add(contributions.commands.register({ id, title, also: () => t.problems.also, category, key, icon: TriangleAlert, run }))
  add('problems.panel.show', () => t.problems.show, '$mod+Shift+m', () => layout.showView('problems'))
  add('problems.problem.next', () => t.problems.next, 'F8', () => walk(1))
  add('problems.problem.previous', () => t.problems.previous, 'Shift+F8', () => walk(-1))
  return bag
}
