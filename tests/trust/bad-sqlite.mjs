// A database library that does not do as it is told, put before the relay with `--import`. Not part of the product: it shows what a wrong
// build, a wrapper with opinions of its own or a network disk could do. BAD_SQLITE names what goes wrong; `liar` also says that all is well.
import { DatabaseSync } from 'node:sqlite'

const how = process.env.BAD_SQLITE
const exec = DatabaseSync.prototype.exec
const prepare = DatabaseSync.prototype.prepare

DatabaseSync.prototype.exec = function (sql) {
  if (/synchronous=FULL/i.test(sql) && (how === 'normal' || how === 'liar')) return exec.call(this, 'PRAGMA synchronous=NORMAL')
  if (/synchronous=FULL/i.test(sql) && how === 'off') return exec.call(this, 'PRAGMA synchronous=OFF')
  return exec.call(this, sql)
}
DatabaseSync.prototype.prepare = function (sql, ...rest) {
  if (how === 'delete-journal' && /journal_mode=WAL/i.test(sql)) return prepare.call(this, 'PRAGMA journal_mode=DELETE', ...rest)
  if (how === 'mmap' && /^PRAGMA mmap_size/i.test(sql)) return prepare.call(this, 'PRAGMA mmap_size=1048576', ...rest)
  if (how === 'old' && /sqlite_version\(\)/i.test(sql)) return prepare.call(this, "SELECT '3.45.1' AS v", ...rest)
  if (how === 'liar' && /^PRAGMA synchronous$/i.test(sql)) return prepare.call(this, 'SELECT 2 AS synchronous', ...rest)
  return prepare.call(this, sql, ...rest)
}
