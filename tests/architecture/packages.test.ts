// The install is the ground under everything: exact versions, nothing that runs on installing, one copy of what must be one.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

interface Manifest {
  readonly dependencies: Record<string, string>
  readonly devDependencies: Record<string, string>
  readonly optionalDependencies: Record<string, string>
}
interface LockEntry {
  readonly version: string
  readonly resolved?: string
  readonly hasInstallScript?: boolean
  readonly optional?: boolean
}

const read = <T>(name: string): T => JSON.parse(readFileSync(root + name, 'utf8')) as T
const manifest = read<Manifest>('package.json')
const entries = Object.entries(read<{ packages: Record<string, LockEntry> }>('package-lock.json').packages).filter(([path]) => path !== '')
const direct = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }

test('every dependency is pinned to one exact version', () => {
  expect(Object.entries(direct).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
})

test('the lock file has what package.json asks for, and names no registry host', () => {
  const locked = new Map(entries)
  expect(Object.entries(direct).filter(([name, version]) => locked.get(`node_modules/${name}`)?.version !== version)).toEqual([])
  expect(entries.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([])
})

test('nothing that must be installed wants to run a script while installing', () => {
  expect(entries.filter(([, entry]) => entry.hasInstallScript && !entry.optional).map(([path]) => path)).toEqual([])
})

test('all Tiptap packages have one version, except its Yjs binding that has its own', () => {
  const tiptap = Object.entries(direct).filter(([name]) => name.startsWith('@tiptap/') && name !== '@tiptap/y-tiptap')
  expect(new Set(tiptap.map(([, version]) => version)).size).toBe(1)
})

test.each(['yjs', 'lib0', 'prosemirror-model', 'prosemirror-state', 'prosemirror-view', 'svelte'])('there is one copy of %s', (name) => {
  expect(entries.filter(([path]) => path.endsWith(`node_modules/${name}`)).map(([path]) => path)).toEqual([`node_modules/${name}`])
})
