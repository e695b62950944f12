/**
 * The tables of `accounts.sqlite`: who exists, in which space with which role, and what opens a door. Migrations are appended to, never
 * edited. No token is stored, only its SHA-256; no password, only its stretched hash.
 */
import { AUDIT_SCHEMA } from './audit.ts'

/** 'SpAc' */
export const ACCOUNTS_APPLICATION_ID = 0x53704163
export const ACCOUNTS_FILE = 'accounts.sqlite'

export const ACCOUNTS_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

  -- kind 'script': a bearer token's own author, member of one space, without a password.
  CREATE TABLE users (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('person', 'script')), login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, job TEXT NOT NULL,
    organisation TEXT NOT NULL, color INTEGER NOT NULL, password TEXT, admin INTEGER NOT NULL DEFAULT 0, disabled INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE spaces (id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
  CREATE TABLE participations (programme TEXT NOT NULL REFERENCES spaces (id), space TEXT NOT NULL REFERENCES spaces (id), PRIMARY KEY (programme, space)) STRICT;

  -- role NULL: was a member; the name stays with what was written.
  CREATE TABLE members (
    user TEXT NOT NULL REFERENCES users (id), space TEXT NOT NULL REFERENCES spaces (id), role TEXT, changed_at INTEGER NOT NULL, PRIMARY KEY (user, space)
  ) STRICT;

  -- uses_left NULL: as often as wanted until it expires.
  CREATE TABLE links (
    hash TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('setup', 'invitation', 'sign-in')), space TEXT REFERENCES spaces (id), role TEXT,
    user TEXT REFERENCES users (id), created_by TEXT, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, uses_left INTEGER
  ) STRICT;

  CREATE TABLE sessions (
    hash TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id), created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, seen_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE tokens (hash TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id), label TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
  ${AUDIT_SCHEMA}
  `,
]
