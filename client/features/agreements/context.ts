/** What the blocks inside an agreement's text get of the page around them. */
import type { ItemHandle } from '../../items/items.ts'
import type { Services } from '../../workbench/services.ts'

export interface AgreementContext {
  services: Services
  handle: ItemHandle
  onconflict: (path: string) => void
}
