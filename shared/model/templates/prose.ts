/**
 * The running text of a template as blocks, and those blocks as a Yjs fragment. Node names are ProseMirror's as Tiptap's StarterKit
 * has them; two blocks are ours, atoms without content: `pathwaySteps` where the steps, which are facts, are shown, `pathwayFlow` where they are drawn.
 */
import * as Y from 'yjs'
import type { PathwayTemplate } from './template.ts'

export type ProseBlock =
  | { kind: 'heading'; level: 1 | 2 | 3; text: string }
  | { kind: 'paragraph'; text: string }
  | { kind: 'bullets'; items: readonly string[] }
  | { kind: 'pathwaySteps' }
  | { kind: 'pathwayFlow' }

const heading = (text: string): ProseBlock => ({ kind: 'heading', level: 2, text })
const paragraph = (text: string): ProseBlock => ({ kind: 'paragraph', text })

export function proseBlocks(template: PathwayTemplate): ProseBlock[] {
  const { why, atAGlance, whenItFails, knowEachOther } = template.prose
  return [
    heading('Waarom deze afspraak'),
    ...why.map(paragraph),
    heading('Het pad in één oogopslag'),
    paragraph(atAGlance),
    { kind: 'pathwayFlow' },
    heading('Stappen'),
    { kind: 'pathwaySteps' },
    heading('Als het niet lukt'),
    { kind: 'bullets', items: whenItFails },
    heading('Zo kennen we elkaar'),
    { kind: 'bullets', items: knowEachOther },
    paragraph('Dit is een voorbeeldtekst. Alle termijnen zijn voorbeelden; pas ze samen aan.'),
  ]
}

/** Appends the blocks to `doc.getXmlFragment('prose')` in one transaction. In: a doc whose clientID the caller owns. */
export function writeBlocks(doc: Y.Doc, blocks: readonly ProseBlock[]): void {
  doc.transact(() => doc.getXmlFragment('prose').push(blocks.map(blockElement)))
}

/** The builder that `items.create({ prose })` takes. */
export const templateProse = (template: PathwayTemplate): ((doc: Y.Doc) => void) => (doc) => writeBlocks(doc, proseBlocks(template))

function blockElement(block: ProseBlock): Y.XmlElement {
  switch (block.kind) {
    case 'heading': {
      const element = textElement('heading', block.text)
      // The type says string; the editor binding stores and reads attribute values as they are, and its schema wants a number.
      element.setAttribute('level', block.level as unknown as string)
      return element
    }
    case 'paragraph':
      return textElement('paragraph', block.text)
    case 'bullets': {
      const list = new Y.XmlElement('bulletList')
      list.insert(0, block.items.map((text) => {
        const item = new Y.XmlElement('listItem')
        item.insert(0, [textElement('paragraph', text)])
        return item
      }))
      return list
    }
    case 'pathwaySteps':
    case 'pathwayFlow':
      return new Y.XmlElement(block.kind)
  }
}

function textElement(name: string, text: string): Y.XmlElement {
  const element = new Y.XmlElement(name)
  if (text !== '') element.insert(0, [new Y.XmlText(text)])
  return element
}
