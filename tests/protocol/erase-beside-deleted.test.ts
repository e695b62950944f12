// Erasing in an update of several people, of which one has deleted words that stand apart by now.
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { eraseProse } from '../../shared/protocol/erase-prose.ts'

test('[ERA3] what somebody deleted on both sides of an erased word stays readable, and everything else with it', () => {
  const doc = new Y.Doc()
  doc.clientID = 5
  const text = doc.getText('words')
  text.insert(0, 'ab blijft')
  const other = new Y.Doc()
  other.clientID = 9
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
  other.getText('words').insert(1, 'geheim')
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
  text.delete(0, 1)
  text.delete('geheim'.length, 1)
  const erased = eraseProse(Y.encodeStateAsUpdate(doc), new Map([[9, [[0, 'geheim'.length]]]]))
  const reader = new Y.Doc()
  Y.applyUpdate(reader, erased)
  expect(reader.getText('words').toJSON()).toBe(' blijft')
  expect(new TextDecoder().decode(erased)).not.toContain('geheim')
})
