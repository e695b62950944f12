/** The page behind the browser tests of items: a scene by the hash, handles and engines on `window` for the test to drive. */
import '../../../client/workbench/ui/index.css'
import { mount } from 'svelte'
import ProseScene from './ProseScene.svelte'
import { createWorld, type World } from './world.svelte.ts'

declare global {
  interface Window {
    world: World
  }
}

const world = await createWorld(location.search.includes('hurried'))
window.world = world
const [, scene = ''] = /^#(\w+)/.exec(location.hash) ?? []
if (scene === 'prose') mount(ProseScene, { target: document.body, props: { world } })
document.documentElement.dataset.ready = 'yes'
