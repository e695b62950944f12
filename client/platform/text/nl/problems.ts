/** Teksten: problems. */
export const problems = {}
