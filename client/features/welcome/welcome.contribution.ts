/** Links, signing in and out, and the overview of a municipality with its empty start. */
import { createBag, type Disposable } from '../../../shared/base/dispose.ts'
import type { ComponentLoader } from '../../platform/contributions.ts'
import type { Services } from '../../workbench/services.ts'

/** Shown before there is a workbench; the composition root knows them by these names. */
export const pages = {
  link: (() => import('./LinkPage.svelte')) as ComponentLoader,
  signIn: (() => import('./SignInPage.svelte')) as ComponentLoader,
}

export function contribute(_services: Services): Disposable {
  return createBag()
}
