import { describe, expect, test } from 'vitest'
import { readSources, tree } from './sources.ts'
import { visibleTextFaults } from './visible-text.ts'

test('no component shows words of its own', () => {
  expect(visibleTextFaults(readSources())).toEqual([])
})

const component = (markup: string): Record<string, string> => ({
  'client/workbench/parts/X.svelte': `<script lang="ts">\n  let open: boolean = $state(false)\n</script>\n\n${markup}`,
})

describe('the check refuses', () => {
  test.each([
    ['text between tags', '<h1>Zorgpadafspraak</h1>'],
    ['text deep inside blocks', '{#if open}{#each [1] as n (n)}<li>nog {n}</li>{/each}{/if}'],
    ['text in a snippet', '{#snippet row()}<td>Termijn</td>{/snippet}'],
    ['an accessible name', '<button aria-label="Sluiten" onclick={() => (open = false)}>×</button>'],
    ['a tooltip', '<span title="Nog niet verstuurd"></span>'],
    ['a placeholder', '<input placeholder="Zoek" />'],
    ['a property that a component shows', '<Field label="Rol" />'],
    ['a text that an expression comes out as', "<p>{open ? 'dicht' : ''}</p>"],
    ['words in a template', '<p aria-label={`${open} afspraken`}></p>'],
    ['a fallback', "<p>{title ?? 'zonder titel'}</p>"],
  ])('%s', (_why, markup) => {
    const faults = visibleTextFaults(tree(component(markup)))
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(/^client\/workbench\/parts\/X\.svelte:5 shows ".+" .+catalogue/)
  })

  test('nothing from the catalogue, no code, no name, no key cap, no sign', () => {
    const markup = `
      <h1 class="kop" data-sync={open ? 'local' : 'relay'}>{t.items.title}</h1>
      <a href="/afspraak" aria-label={t.workbench.close} rel="noopener">Samenpad</a>
      <div style:--width="{width}px" style:--colour="var(--p-{colour})" style="width: {width}px" class:open={open}></div>
      <kbd>Ctrl+Shift+P</kbd> <span>·</span> <span>{count} / {total}</span>
      {#if status === 'adopted'}<Icon name="lock" />{/if}
      <style>p { content: 'nee' }</style>`
    expect(visibleTextFaults(tree(component(markup)))).toEqual([])
  })
})
