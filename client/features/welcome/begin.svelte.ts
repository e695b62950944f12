/** A window that begins with nothing open begins with the overview; one that was emptied by hand stays empty. */
import { untrack } from 'svelte'
import type { Disposable } from '../../../shared/base/dispose.ts'
import type { Services } from '../../workbench/services.ts'

export function beginWithOverview({ workspace, layout }: Services): Disposable {
  let isBegun = false
  const dispose = $effect.root(() => {
    $effect(() => {
      if (isBegun || !workspace.isLoaded || workspace.space === null) return
      isBegun = true
      untrack(() => {
        // Without a space: on a new laptop they come one by one, and the first is seldom the one a person works in. It follows the chosen one.
        if (layout.active === null) layout.open({ kind: 'page', page: 'overview' })
      })
    })
  })
  return { dispose }
}
