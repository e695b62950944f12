/** Teksten: search. */
export const search = {}
