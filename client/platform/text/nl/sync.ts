/** Teksten: sync. */
export const sync = {}
