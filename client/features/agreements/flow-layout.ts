/**
 * Where the boxes of a pathway's flow go: rows of four, read like text, an arrow from each to the next; what happens without an answer hangs under
 * its box, dashed. Pure: steps in, coordinates out; measures are those of the drawing's own units.
 */
export interface FlowStep {
  number: number
  action: string
  role: string
  /** Within what time; '' without. */
  term: string
  lacksRole: boolean
  ifNoReply: string
}

export interface FlowBox {
  x: number
  y: number
  lines: string[]
  role: string
  term: string
  isFirst: boolean
  lacksRole: boolean
  /** The note under it, null without. */
  note: { y: number; lines: string[] } | null
}

export interface Flow {
  width: number
  height: number
  boxes: FlowBox[]
  /** Paths of the arrows, in SVG. */
  arrows: string[]
}

export const BOX_WIDTH = 150
export const BOX_HEIGHT = 84
export const NOTE_HEIGHT = 40
const PER_ROW = 4
const GAP_X = 33
const GAP_Y = 30
const NOTE_GAP = 16
const EDGE = 2
/** Letters of the interface font at 12.5 and 12 units that fit in a box with its padding. */
const LINE_CHARS_MAX = 19
const NOTE_CHARS_MAX = 22

/** Breaks at spaces into at most `lineCountMax` lines; what does not fit ends in "…". Long compounds are cut, not let out of the box. */
export function breakLines(text: string, charsMax: number, lineCountMax: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length <= charsMax) line = longer
    else {
      if (line !== '') lines.push(line)
      line = word
    }
  }
  if (line !== '') lines.push(line)
  const shown = lines.slice(0, lineCountMax)
  const isCut = lines.length > lineCountMax
  return shown.map((one, at) => {
    const mustCut = one.length > charsMax || (isCut && at === shown.length - 1)
    return mustCut ? `${one.slice(0, charsMax - 1).replace(/[\s,.;:]+$/, '')}…` : one
  })
}

export function layOutFlow(steps: readonly FlowStep[], noteLead: string): Flow {
  const boxes: FlowBox[] = []
  const arrows: string[] = []
  let top = EDGE
  for (let from = 0; from < steps.length; from += PER_ROW) {
    const row = steps.slice(from, from + PER_ROW)
    const hasNotes = row.some((step) => step.ifNoReply !== '')
    row.forEach((step, column) => {
      const x = EDGE + column * (BOX_WIDTH + GAP_X)
      boxes.push({
        x, y: top,
        lines: breakLines(`${step.number}. ${step.action}`, LINE_CHARS_MAX, 2),
        role: breakLines(step.role, LINE_CHARS_MAX + 2, 1)[0] ?? '',
        term: breakLines(step.term, LINE_CHARS_MAX + 2, 1)[0] ?? '',
        isFirst: step.number === 1,
        lacksRole: step.lacksRole,
        note: step.ifNoReply === '' ? null : { y: top + BOX_HEIGHT + NOTE_GAP, lines: breakLines(`${noteLead} ${step.ifNoReply}`, NOTE_CHARS_MAX, 2) },
      })
      if (column > 0) arrows.push(`M${x - GAP_X} ${top + BOX_HEIGHT / 2}H${x - 3}`)
    })
    const rowHeight = BOX_HEIGHT + (hasNotes ? NOTE_GAP + NOTE_HEIGHT : 0)
    if (from + PER_ROW < steps.length) {
      // From the end of this row around to the beginning of the next.
      const right = EDGE + PER_ROW * (BOX_WIDTH + GAP_X) - GAP_X
      const between = top + rowHeight + GAP_Y / 2
      const nextTop = top + rowHeight + GAP_Y
      const turn = right + 12
      arrows.push(`M${right} ${top + BOX_HEIGHT / 2}H${turn}V${between}H${EDGE + BOX_WIDTH / 2}V${nextTop - 3}`)
    }
    top += rowHeight + GAP_Y
  }
  const columns = Math.min(PER_ROW, Math.max(1, steps.length))
  const turns = steps.length > PER_ROW ? 14 : 0
  return { width: 2 * EDGE + columns * (BOX_WIDTH + GAP_X) - GAP_X + turns, height: Math.max(EDGE, top - GAP_Y + EDGE), boxes, arrows }
}
