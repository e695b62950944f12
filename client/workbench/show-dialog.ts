/**
 * Shows a dialog that a command opens: mounted on the page, taken away when it closes. The component gets its props and `onclose`;
 * it draws itself in `ui/Modal.svelte`.
 */
import { mount, unmount, type Component } from 'svelte'

/** Out: resolves when the dialog was closed. Errors: rejects when the script of the dialog cannot be loaded. */
export async function showDialog<P extends Record<string, unknown>>(load: () => Promise<{ default: Component<P & { onclose: () => void }> }>, props: P): Promise<void> {
  const { default: Dialog } = await load()
  const place = document.createElement('div')
  document.body.append(place)
  const { promise, resolve } = Promise.withResolvers<void>()
  const shown = mount(Dialog, { target: place, props: { ...props, onclose: resolve } })
  await promise
  await unmount(shown)
  place.remove()
}
