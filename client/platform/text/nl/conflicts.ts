/** Teksten: conflicts. */
export const conflicts = {}
