/** An expected failure is a value: a plain object with a `kind`, so that the compiler counts the cases. */
export type Result<T, F extends { kind: string }> = { ok: true; value: T } | { ok: false; failure: F }

export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value })
export const fail = <F extends { kind: string }>(failure: F): { ok: false; failure: F } => ({ ok: false, failure })
