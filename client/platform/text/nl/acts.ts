/** Teksten: acts. */
export const acts = {}
