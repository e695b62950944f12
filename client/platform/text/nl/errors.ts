/** Teksten: errors. */
export const errors = {}
