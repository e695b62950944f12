/** A registry as a rune: reading `.all` in markup follows what features register and take back. */
import type { Registry } from '../platform/registry.ts'

export function contributed<T extends { id: string }>(registry: Registry<T>): { readonly all: readonly T[] } {
  let all = $state.raw(registry.all())
  registry.onDidChange(() => (all = registry.all()))
  return { get all() { return all } }
}
