import { expect, test } from 'vitest'
import type { AuditRecord } from '../../platform/http.ts'
import { auditCsv } from './audit-csv.ts'

const record: AuditRecord = { seq: 7, time: 0, who: null, name: '=HYPERLINK("x")', role: null, operation: 'link.use', space: null, subject: 'a, "b"\nc', from: '::1', request: 'r-1', result: 'refused', hash: 'f00' }

test('a file of the log is CSV whatever people are called, as Dutch spreadsheets open it', () => {
  expect(auditCsv([record])).toBe('\ufeffseq;time;who;name;role;operation;space;subject;from;request;result;hash\r\n7;1970-01-01T00:00:00.000Z;;"\'=HYPERLINK(""x"")";;link.use;;"a, ""b""\nc";::1;r-1;refused;f00\r\n')
})

test('[B8] no cell of it is a formula, wherever a program splits it', () => {
  const signs = ['=', '+', '-', '@', '\uff1d', '\uff0b', '\uff0d', '\uff20']
  const before = ['', ' ', '\t', '\r', '\n', '\0', '"', 'x;', 'x,', 'x\t', 'x"', 'x\r\n', 'x"",', 'x";"', '\u00a0']
  for (const sign of signs) {
    for (const lead of before) {
      const text = auditCsv([{ ...record, name: `${lead}${sign}1+1`, subject: `${lead}${sign}cmd|' /C x'!A0` }])
      expect(text).not.toContain('\0')
      // At every separator that some program takes, with or without minding the quotes.
      for (const cell of text.replace('\ufeff', '').split(/[;,\t\r\n]/)) for (const bare of [cell, cell.replace(/^"+/, ''), cell.trimStart(), cell.replaceAll('""', '"').replace(/^"/, '').trimStart()]) expect([lead, signs.includes(bare.charAt(0)), bare]).toEqual([lead, false, bare])
    }
  }
})
