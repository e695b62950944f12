/** The page behind the browser tests of items: a scene by the address, handles and engines on `window` for the test to drive. */
import '../../../client/workbench/ui/index.css'
import { mount } from 'svelte'
import { contribute as actions } from '../../../client/features/actions/actions.contribution.ts'
import { contribute as agreements } from '../../../client/features/agreements/agreements.contribution.ts'
import { contribute as knowledge } from '../../../client/features/knowledge/knowledge.contribution.ts'
import { contribute as meetings } from '../../../client/features/meetings/meetings.contribution.ts'
import { contribute as conflicts } from '../../../client/features/conflicts/conflicts.contribution.ts'
import { createItems } from '../../../client/items/create-items.ts'
import { createAppearance } from '../../../client/platform/appearance.svelte.ts'
import { browserClock } from '../../../client/platform/browser-clock.ts'
import { createHttp } from '../../../client/platform/http.ts'
import { createStorage } from '../../../client/platform/storage.ts'
import { composeServices } from '../../../client/workbench/compose.svelte.ts'
import AppScene from './AppScene.svelte'
import ProseScene from './ProseScene.svelte'
import { createWorld, type World } from './world.svelte.ts'

declare global {
  interface Window {
    world: World
  }
}

const scene = new URLSearchParams(location.search).get('scene') ?? 'prose'
const world = await createWorld({ isHurried: location.search.includes('hurried'), isFull: scene === 'app' })
window.world = world
// Values straight between blocks and in one of them, before any window draws the text.
if (location.search.includes('bare')) for (const place of [world.handles[1].prose.get(2), world.handles[1].prose]) (place as unknown as { insert(at: number, what: unknown[]): void }).insert(0, ['kaal'])
if (scene === 'prose') mount(ProseScene, { target: document.body, props: { world } })
else {
  const storage = createStorage()
  const [engine] = world.engines
  world.services = composeServices({
    identity: { person: engine.me, installationAdmin: false },
    engine,
    createItems: (_engine, workspace) =>
      createItems({ engine, row: (item) => workspace.rowsById.get(item) ?? null, role: (space) => workspace.spaces.find((one) => one.space === space)?.role ?? null }),
    http: createHttp(() => Promise.reject(new TypeError('no relay here'))),
    storage,
    appearance: createAppearance(storage),
    clock: browserClock,
    doors: [actions, agreements, knowledge, meetings, conflicts],
  })
  mount(AppScene, { target: document.body, props: { services: world.services } })
}
document.documentElement.dataset.ready = 'yes'
