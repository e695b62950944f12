/** Teksten: settings. */
export const settings = {}
