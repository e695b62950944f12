/** Teksten: agreements. */
export const agreements = {}
