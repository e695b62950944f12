/**
 * The section "Side by side with others" inside a Markdown file. Each row stands between two marks of its own with the machine it was measured
 * on, so that one row can be measured again without the others; what is outside the section is somebody else's and stays.
 */
export const SECTION_BEGIN = '<!-- side by side: begin -->'
export const SECTION_END = '<!-- side by side: end -->'
const begin = (row: string): string => `<!-- row ${row} -->`
const end = (row: string): string => `<!-- end of ${row} -->`

const HEAD = `## Side by side with others

Written by \`npm run bench -- --peers --write docs/bench.md\`. Each server is a process of its own on this machine; CPU is what the operating system counts for
that process, all its threads. Turns of the systems alternate and a figure is the median of its turns. **Bold**: behind the best other, or behind what was asked for.
samenpad is our protocol, samenpad-yjs our door for plain y-websocket clients; both flush every edit to the disk before they pass it on, and none of the others does.
Their delays in fan-out are that flush and, where many read along, the pace of commits ([0024](decisions/0024-commits-wait-where-many-read.md)): nobody who writes nothing down can be met there.
yws is @y/websocket-server in memory, yws-leveldb the same with y-leveldb behind it, hocuspocus Hocuspocus with its defaults on SQLite, automerge the
smallest automerge-repo sync server on files, null a bare websocket broadcast that keeps nothing: the ceiling of one frame per update and reader. It is not compared.`

/** The part of the file that is ours, or null. */
export function sectionIn(text: string): string | null {
  const from = text.indexOf(SECTION_BEGIN)
  const to = text.indexOf(SECTION_END)
  return from >= 0 && to > from ? text.slice(from, to + SECTION_END.length) : null
}

/** In: the tables of one row as Markdown. Out: the text with that row replaced or added. */
export function withSection(text: string, row: string, machine: readonly string[], tables: readonly string[]): string {
  const old = sectionIn(text)
  const block = [begin(row), '', '```', ...machine, '```', '', ...tables, end(row)].join('\n')
  if (old === null) return `${text.trimEnd()}\n\n${[SECTION_BEGIN, HEAD, '', block, SECTION_END].join('\n')}\n`
  const from = old.indexOf(begin(row))
  const to = old.indexOf(end(row))
  const fresh = from >= 0 && to > from ? old.slice(0, from) + block + old.slice(to + end(row).length) : old.replace(SECTION_END, () => `\n${block}\n${SECTION_END}`)
  // The words at its head are this file's.
  const firstRow = fresh.indexOf('<!-- row ')
  return text.replace(old, () => `${SECTION_BEGIN}\n${HEAD}\n\n${fresh.slice(firstRow)}`)
}
