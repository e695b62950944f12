// S1, S3 and S4, as far as files say it: how much the product leans on, why, under which licence, what may run while installing, and that the list of it is whole.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CLIENT_DIRECT_COUNT_MAX, dependenciesPage, INSTALL_SCRIPTS, isCompatible, leaningOf, licenceOf, locked, manifest, REASONS, RELAY_ALL_COUNT_MAX, RELAY_DIRECT_COUNT_MAX, runtimePlaces } from './supply.ts'
import { root } from './sources.ts'

test('S3: neither half leans on more packages than was decided', () => {
  const [relay, client] = [leaningOf('server'), leaningOf('client')]
  expect(relay.direct.size).toBeLessThanOrEqual(RELAY_DIRECT_COUNT_MAX)
  expect(relay.all.size).toBeLessThanOrEqual(RELAY_ALL_COUNT_MAX)
  expect(client.direct.size).toBeLessThanOrEqual(CLIENT_DIRECT_COUNT_MAX)
  expect([...relay.direct.keys()]).toEqual(expect.arrayContaining(['fastify', 'ws', 'pino', 'yjs']))
  expect([...relay.all].some((one) => one.startsWith('avvio@'))).toBe(true) // comes along with fastify: the count counts
  // Lies in three folders at one version, and is one package; another version of it is another one.
  expect([...relay.all].filter((one) => one.startsWith('ajv@'))).toHaveLength(1)
  expect(new Set([...relay.all].map((one) => one.slice(0, one.lastIndexOf('@')))).size).toBeLessThan(relay.all.size)
})

test('S3: every package has a reason, and every reason a package', () => {
  expect(Object.keys(REASONS).sort()).toEqual(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).sort())
})

test('S4: everything that runs is under a licence that goes with EUPL-1.2', () => {
  const places = runtimePlaces()
  expect(places.length).toBeGreaterThan(100)
  expect(places.filter((place) => !isCompatible(licenceOf(place))).map((place) => `${place} ${licenceOf(place)}`)).toEqual([])
  expect(['MIT', '(MIT OR GPL-3.0-or-later)', 'MIT AND ISC'].map(isCompatible)).toEqual([true, true, true])
  expect(['GPL-3.0-only', 'MIT AND GPL-3.0', 'SEE LICENSE IN x', 'unknown', ''].map(isCompatible)).toEqual([false, false, false, false, false])
})

test('S1: what may run a script while installing is on the list, and nothing else does', () => {
  expect([...locked].filter(([path, { hasInstallScript }]) => hasInstallScript === true && !INSTALL_SCRIPTS.has(path)).map(([path]) => path)).toEqual([])
})

test('S4: `npm run sbom` names every component, those that build as well, with version and licence, and no registry', () => {
  const text = execFileSync('npm', ['run', '-s', 'sbom'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const { bomFormat, components } = JSON.parse(text) as { bomFormat: string; components: { name: string; purl: string; licenses?: unknown[] }[] }
  expect(bomFormat).toBe('CycloneDX')
  const named = new Set(components.map(({ purl }) => decodeURIComponent(purl)))
  const missing = [...locked].filter(([place, { version }]) => !named.has(`pkg:npm/${place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${version ?? ''}`))
  expect(missing.map(([place]) => place)).toEqual([])
  // Its own manifest does not say so; its licence file does (MIT).
  expect(components.filter(({ licenses }) => !licenses?.length).map(({ name }) => name)).toEqual(['svelte-toolbelt'])
  expect(text).not.toMatch(/https?:\/\/[^"]*registry/)
}, 60_000)

test('docs/dependencies.md says so; `npm run dependencies` brings it up to date', () => {
  expect(readFileSync(`${root}docs/dependencies.md`, 'utf8')).toBe(dependenciesPage())
})
