// The window on a stage: the real App with an engine in memory and a relay of a few answers. What the world looks like comes from the
// address (?extra=10000&wereld=leeg&zonder-relay), and `window.stage` lets a test pull the strings.
import { mount } from 'svelte';
import App from '../../../client/App.svelte';
import { doors } from '../../../client/doors.ts';
import { createItems } from '../../../client/items/create-items.ts';
import { createAppearance } from '../../../client/platform/appearance.svelte.ts';
import { browserClock } from '../../../client/platform/browser-clock.ts';
import { createHttp } from '../../../client/platform/http.ts';
import { createStorage } from '../../../client/platform/storage.ts';
import type { WorkbenchServices } from '../../../client/workbench/compose.svelte.ts';
import { isClosed } from '../../../client/workbench/closed.svelte.ts';
import '../../../client/workbench/ui/index.css';
import { createFakeEngine, exampleWorld, type FakeEngine } from '../../support/fake-engine.ts';
import { createFakeRelay } from './fake-relay.ts';

declare global {
  interface Window {
    stage: { engine: FakeEngine | null; services: WorkbenchServices | null; relay: ReturnType<typeof createFakeRelay> };
  }
}

const query = new URLSearchParams(location.search);
const world = exampleWorld(Date.now(), Number(query.get('extra') ?? 0));
const relay = createFakeRelay(world);
window.stage = { engine: null, services: null, relay };

const storage = createStorage();
mount(App, {
  target: document.getElementById('app')!,
  props: {
    deps: {
      http: createHttp(relay.fetch),
      storage,
      appearance: createAppearance(storage),
      clock: browserClock,
      doors,
      async startEngine() {
        window.stage.engine = createFakeEngine(world);
        return window.stage.engine;
      },
      createItems: (engine, workspace) =>
        createItems({ engine, row: (item) => workspace.rowsById.get(item) ?? null, role: (space) => workspace.spaces.find((one) => one.space === space && !isClosed(one))?.role ?? null }),
      onWorking(services) {
        window.stage.services = services;
      },
    },
  },
});
