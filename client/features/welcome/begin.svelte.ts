/** A window that begins with nothing open begins with the overview; one that was emptied by hand stays empty. */
import { untrack } from 'svelte'
import type { Disposable } from '../../../shared/base/dispose.ts'
import type { Services } from '../../workbench/services.ts'

export function beginWithOverview({ workspace, layout }: Services): Disposable {
  let isBegun = false
  const dispose = $effect.root(() => {
    $effect(() => {
      // On a new laptop the spaces come one by one while it connects; the first of them is seldom the one a person works in.
      if (isBegun || !workspace.isLoaded || workspace.space === null || workspace.status.connection === 'connecting') return
      isBegun = true
      const { space } = workspace.space
      untrack(() => {
        if (layout.active === null) layout.open({ kind: 'page', page: 'overview', params: { space } })
      })
    })
  })
  return { dispose }
}
