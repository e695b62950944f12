// The tree of the explorer: everything is somewhere, once, with its place among its siblings.
import { describe, expect, test } from 'vitest';
import { foldersFor, forestOf, keyOfItem, keyOfType, pathTo, treeOf, type TreeNode } from '../../client/features/explorer/tree.ts';
import type { ItemRow } from '../../shared/model/rows.ts';
import { createFakeEngine, exampleWorld } from '../support/fake-engine.ts';

const NOW = Date.UTC(2026, 10, 21, 9);
async function rowsOfWorld(extraCount = 0): Promise<{ rows: ItemRow[]; space: string }> {
  const world = exampleWorld(NOW, extraCount);
  const engine = createFakeEngine(world, () => NOW);
  return { rows: await engine.rows(), space: world.spaces.find((one) => one.name === 'Schiedam')!.space };
}
const label = (node: TreeNode): string => (node.of.kind === 'item' ? node.of.row.title : node.of.kind === 'type' ? node.of.type : 'overview');
const all = (nodes: readonly TreeNode[]): Set<string> => new Set(nodes.filter((node) => node.isExpanded !== null).map((node) => node.key));

/** Opens everything, level by level. */
function openAll(space: string, rows: readonly ItemRow[]): TreeNode[] {
  let nodes = treeOf(forestOf(space, rows), new Set());
  for (let level = 0; level < 8; level++) nodes = treeOf(forestOf(space, rows), all(nodes));
  return nodes;
}

test('every item of the space is in the tree exactly once, and nothing of another space', async () => {
  const { rows, space } = await rowsOfWorld(200);
  const shown = openAll(space, rows).flatMap((node) => (node.of.kind === 'item' ? [node.of.row.item] : []));
  expect(shown.toSorted()).toEqual(rows.filter((row) => row.space === space && !row.gone).map((row) => row.item).toSorted());
});

test('level, place and number of siblings count as assistive technology reads them', async () => {
  const { rows, space } = await rowsOfWorld();
  const nodes = treeOf(forestOf(space, rows), new Set([keyOfType('agreement')]));
  const top = nodes.filter((node) => node.level === 1);
  expect(top.map((node) => node.place)).toEqual(top.map((_, at) => at + 1));
  expect(new Set(top.map((node) => node.siblings))).toEqual(new Set([top.length]));
  const inside = nodes.filter((node) => node.parent === keyOfType('agreement'));
  expect(inside.map((node) => [node.level, node.place, node.siblings])).toEqual(inside.map((_, at) => [2, at + 1, inside.length]));
});

describe('folders', () => {
  async function withFolders(): Promise<{ rows: ItemRow[]; space: string; folder: ItemRow; inner: ItemRow; page: ItemRow }> {
    const { rows, space } = await rowsOfWorld();
    const folder = rows.find((row) => row.type === 'folder')!;
    const page = rows.find((row) => row.parent === folder.item)!;
    const inner: ItemRow = { ...folder, item: 'f'.repeat(32), title: 'Binnenste map', parent: folder.item };
    return { rows: [...rows, inner], space, folder, inner, page };
  }

  test('an item in a folder stands there and not under its type', async () => {
    const { rows, space, folder, page } = await withFolders();
    const nodes = treeOf(forestOf(space, rows), new Set([keyOfItem(folder.item), keyOfType('knowledge')]));
    expect(nodes.filter((node) => node.key === keyOfItem(page.item)).map((node) => node.parent)).toEqual([keyOfItem(folder.item)]);
  });

  test('a folder that is gone lets its items fall back under their type', async () => {
    const { rows, space, folder, page } = await withFolders();
    const nodes = openAll(space, rows.map((row) => (row.item === folder.item ? { ...row, gone: true } : row)));
    expect(nodes.find((node) => node.key === keyOfItem(page.item))!.parent).toBe(keyOfType('knowledge'));
  });

  test('two folders inside each other, made by two people offline, both stay in sight', async () => {
    const { rows, space, folder, inner, page } = await withFolders();
    const circle = rows.map((row) => (row.item === folder.item ? { ...row, parent: inner.item } : row));
    const nodes = openAll(space, circle);
    for (const row of [folder, inner]) expect(nodes.filter((node) => node.key === keyOfItem(row.item)).map((node) => node.level)).toEqual([1]);
    expect(nodes.some((node) => node.key === keyOfItem(page.item))).toBe(true);
    expect(pathTo(page.item, circle)).toEqual([keyOfType('knowledge')]);
  });

  test('a folder is never offered itself or what is inside it', async () => {
    const { rows, folder, inner, page } = await withFolders();
    expect(foldersFor(folder, rows).map((row) => row.item)).not.toContain(folder.item);
    expect(foldersFor(folder, rows).map((row) => row.item)).not.toContain(inner.item);
    expect(foldersFor(page, rows).map((row) => row.item).toSorted()).toEqual([folder.item, inner.item].toSorted());
  });

  test('the way to an item names every folder above it', async () => {
    const { rows, folder, page } = await withFolders();
    expect(pathTo(page.item, rows)).toEqual([keyOfItem(folder.item)]);
  });
});

test('what a municipality is expected to fill is there while empty; other kinds come when there is one', async () => {
  const { rows, space } = await rowsOfWorld();
  expect(treeOf(forestOf(space, []), new Set()).map(label)).toEqual(['overview', 'agreement', 'meeting', 'contact', 'knowledge']);
  expect(treeOf(forestOf(space, rows), new Set()).map(label)).toContain('progress');
});

test('meetings stand newest first', async () => {
  const { rows, space } = await rowsOfWorld();
  const nodes = treeOf(forestOf(space, rows), new Set([keyOfType('meeting')]));
  expect(nodes.filter((node) => node.parent === keyOfType('meeting')).map(label)).toEqual(['Platform 18 november', 'Platform 9 september']);
});
