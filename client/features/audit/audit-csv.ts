/** The account as a file for a spreadsheet: cells between semicolons, as Dutch ones have them, and nothing in it that one would run as a formula. */
import type { AuditRecord } from '../../platform/http.ts'

const COLUMNS = ['seq', 'time', 'who', 'name', 'role', 'operation', 'space', 'subject', 'from', 'request', 'result', 'hash'] as const

/** Where a cell begins, here or in a program that splits at something else, with what makes it a formula; also in full width. */
const FORMULAS = /(^\s*|[;,"\t\r\n\0])(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g

/** What begins like a formula gets a quote in front: names and subjects are what people typed. */
function cell(value: string | number | null): string {
  const text = value === null ? '' : String(value)
  const safe = typeof value === 'string' ? text.replaceAll(FORMULAS, "$1'").replaceAll('\0', ' ') : text
  return /[";,\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** By this a spreadsheet knows it as UTF-8. */
const BYTE_ORDER_MARK = '\ufeff'

/** Out: a header and a line for each, newest first as given. Times in ISO 8601, UTC. */
export const auditCsv = (records: readonly AuditRecord[]): string =>
  BYTE_ORDER_MARK + [COLUMNS.join(';'), ...records.map((record) => COLUMNS.map((column) => cell(column === 'time' ? new Date(record.time).toISOString() : record[column])).join(';'))].map((line) => `${line}\r\n`).join('')
