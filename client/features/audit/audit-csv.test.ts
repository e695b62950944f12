import { expect, test } from 'vitest'
import type { AuditRecord } from '../../platform/http.ts'
import { auditCsv } from './audit-csv.ts'

const record: AuditRecord = { seq: 7, time: 0, who: null, name: '=HYPERLINK("x")', role: null, operation: 'link.use', space: null, subject: 'a, "b"\nc', from: '::1', result: 'refused', hash: 'f00' }

test('a file of the log is CSV whatever people are called, and no cell of it is a formula', () => {
  expect(auditCsv([record])).toBe('seq,time,who,name,role,operation,space,subject,from,result,hash\r\n7,1970-01-01T00:00:00.000Z,,"\'=HYPERLINK(""x"")",,link.use,,"a, ""b""\nc",::1,refused,f00\r\n')
})
