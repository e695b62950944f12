/** The account as a file for a spreadsheet: RFC 4180, and nothing in it that a spreadsheet would run as a formula. */
import type { AuditRecord } from '../../platform/http.ts'

const COLUMNS = ['seq', 'time', 'who', 'name', 'role', 'operation', 'space', 'subject', 'from', 'result', 'hash'] as const

/** A cell that begins like a formula gets a quote in front: names and subjects are what people typed. */
function cell(value: string | number | null): string {
  const text = value === null ? '' : String(value)
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Out: a header and a line for each, newest first as given. Times in ISO 8601, UTC. */
export const auditCsv = (records: readonly AuditRecord[]): string =>
  [COLUMNS.join(','), ...records.map((record) => COLUMNS.map((column) => cell(column === 'time' ? new Date(record.time).toISOString() : record[column])).join(','))].map((line) => `${line}\r\n`).join('')
