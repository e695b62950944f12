/** Teksten: common. */
export const common = {}
