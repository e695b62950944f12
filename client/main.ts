/**
 * Ties the knot of the window: the one place that knows the real engine, the real relay and every feature. What is here is handed down;
 * nothing below imports it.
 */
import './platform/trusted-types.ts'
import { mount } from 'svelte'
import { must } from '../shared/base/assert.ts'
import App from './App.svelte'
import { doors } from './doors.ts'
import { startEngine } from './engine/engine-host.ts'
import { createItems } from './items/create-items.ts'
import { createAppearance } from './platform/appearance.svelte.ts'
import { browserClock } from './platform/browser-clock.ts'
import { createHttp } from './platform/http.ts'
import { createStorage } from './platform/storage.ts'
import { askToKeepStorage, keepUpToDate } from './updates.svelte.ts'
import { isClosed } from './workbench/closed.svelte.ts'
import './workbench/ui/index.css'

/** Set by the build from package.json. */
const BUILD: string = import.meta.env.VITE_SAMENPAD_BUILD
const storage = createStorage()
const appearance = createAppearance(storage)

void appearance.ready.then(() => {
  mount(App, {
    target: must(document.getElementById('app'), 'index.html has #app'),
    props: {
      deps: {
        storage,
        appearance,
        clock: browserClock,
        http: createHttp((input, init) => fetch(input, init)),
        doors,
        startEngine: ({ person }, locked) => startEngine({ me: person, build: BUILD, clock: browserClock, locked }),
        createItems: (engine, workspace) =>
          createItems({ engine, row: (item) => workspace.rowsById.get(item) ?? null, role: (space) => workspace.spaces.find((one) => one.space === space && !isClosed(one))?.role ?? null }),
        onWorking(services) {
          keepUpToDate(services)
          void askToKeepStorage()
        },
      },
    },
  })
})
