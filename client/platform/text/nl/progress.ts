/** Teksten: progress. */
export const progress = {}
