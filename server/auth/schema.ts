/**
 * The tables of `accounts.sqlite`: who exists, in which space with which role, and what opens a door. Migrations are appended to, never
 * edited. No token is stored, only its SHA-256; no password, only its stretched hash.
 */
import { AUDIT_SCHEMA, AUDIT_SCHEMA_2, AUDIT_SCHEMA_3 } from './audit.ts'

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
  AUDIT_SCHEMA_2,
  `
  -- The browser and system that a session began on, as a few words; never what the browser sent.
  ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';

  -- kind 'reset': lets its user choose a new password.
  CREATE TABLE links_2 (
    hash TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('setup', 'invitation', 'sign-in', 'reset')), space TEXT REFERENCES spaces (id), role TEXT,
    user TEXT REFERENCES users (id), created_by TEXT, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, uses_left INTEGER
  ) STRICT;
  INSERT INTO links_2 SELECT hash, kind, space, role, user, created_by, created_at, expires_at, uses_left FROM links;
  DROP TABLE links;
  ALTER TABLE links_2 RENAME TO links;

  -- Who signs in with an organisation: known by what the organisation promises never to give to another, not by an address.
  CREATE TABLE identities (
    issuer TEXT NOT NULL, subject TEXT NOT NULL, user TEXT NOT NULL REFERENCES users (id), created_at INTEGER NOT NULL, PRIMARY KEY (issuer, subject)
  ) STRICT;

  -- Sessions that an organisation began. sealed: the refresh token, which only the session's own token opens; NULL: it gave none.
  CREATE TABLE organisation_sessions (
    session TEXT PRIMARY KEY REFERENCES sessions (hash) ON DELETE CASCADE, issuer TEXT NOT NULL, subject TEXT NOT NULL, sid TEXT, sealed TEXT, refreshed_at INTEGER NOT NULL
  ) STRICT;
  `,
  `
  -- NULL: laptops keep it open without contact for as long as they like.
  ALTER TABLE spaces ADD COLUMN offline_days INTEGER;
  `,
  AUDIT_SCHEMA_3,
]
