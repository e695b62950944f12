/** Undo takes back my own words only, also when others wrote inside something that I made. */
import * as Y from 'yjs'
import { ySyncPluginKey } from '@tiptap/y-tiptap'
import { describe, expect, it } from 'vitest'
import { undoManagerOf } from '../../client/items/prose/undo.ts'

describe('undo', () => {
  it('leaves an element that I made when somebody else has words in it, and takes my words out', () => {
    const mine = new Y.Doc()
    const theirs = new Y.Doc()
    mine.on('update', (update: Uint8Array) => Y.applyUpdate(theirs, update))
    theirs.on('update', (update: Uint8Array) => Y.applyUpdate(mine, update))
    const fragment = mine.getXmlFragment('prose')
    const undo = undoManagerOf(fragment)
    mine.transact(() => {
      const cell = new Y.XmlElement('tableCell')
      cell.insert(0, [new Y.XmlText('van mij')])
      fragment.insert(0, [cell])
    }, ySyncPluginKey)
    const cell = theirs.getXmlFragment('prose').get(0) as Y.XmlElement
    cell.insert(1, [new Y.XmlText('van een ander')])
    undo.undo()
    expect(fragment.toString()).toBe('<tablecell>van een ander</tablecell>')
    undo.redo()
    expect(fragment.toString()).toContain('van mij')
    expect(fragment.toString()).toContain('van een ander')
  })

  it('takes an element of mine away with everything in it when it is all mine', () => {
    const doc = new Y.Doc()
    const fragment = doc.getXmlFragment('prose')
    const undo = undoManagerOf(fragment)
    doc.transact(() => {
      const cell = new Y.XmlElement('tableCell')
      cell.insert(0, [new Y.XmlText('van mij')])
      fragment.insert(0, [cell])
    }, ySyncPluginKey)
    undo.undo()
    expect(fragment.toString()).toBe('')
  })
})
