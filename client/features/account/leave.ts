/** After the account has no session any more: nothing of it stays open in this window. */
import { forgetIdentity } from '../../platform/identity.ts'
import type { Services } from '../../workbench/services.ts'

export async function leaveWindow({ storage, engine }: Services): Promise<void> {
  forgetIdentity(storage)
  await engine.dispose()
  location.assign('/inloggen')
}
