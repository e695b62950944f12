/**
 * What was refused, as whoever wrote it reads it on the page. Made of the file that is offered for keeping, which is one truth for both; its moments, ids
 * and codes are for whoever looks into it later, and are left out here.
 */
import { utf8 } from '../../../shared/base/bytes.ts'
import { readAct } from '../../../shared/model/acts.ts'
import { actText } from '../../platform/act-words.ts'
import { fieldName, valueText } from '../../platform/field-words.ts'

/** The head of a run in `client/engine/unsent-text.ts`. */
const HEAD = /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] (prose|facts|act)(?: \(.*\))?$/
/** Of a document: its title and its id. */
const HEAD_LINES_COUNT = 2

function fieldText(line: string, type: string): string {
  const at = line.indexOf(' = ')
  if (at < 0) return line
  const path = line.slice(0, at)
  try {
    return `${fieldName(path)}: ${valueText(type, path, JSON.parse(line.slice(at + 3)) as string, (item) => item)}`
  } catch (error) {
    if (error instanceof SyntaxError) return line // shown as it is, rather than not
    throw error
  }
}
function stepText(json: string): string {
  const act = readAct(utf8(json))
  return act.ok ? actText(act.value) : json
}

/** In: the file with what was refused of one document; the type of the document, '' when it is not known any more. Out: a paragraph each. */
export function ownWords(file: string, type: string): string[] {
  const found: string[] = []
  let part = ''
  for (const line of file.split('\n').slice(HEAD_LINES_COUNT)) {
    const head = HEAD.exec(line)
    if (head) part = head[1] ?? ''
    else if (line.trim() !== '') found.push(part === 'facts' ? fieldText(line, type) : part === 'act' ? stepText(line) : line)
  }
  return found
}
