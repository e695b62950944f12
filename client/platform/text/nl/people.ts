/** Teksten: people. */
export const people = {}
