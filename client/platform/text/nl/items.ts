/** Teksten: items. */
export const items = {}
