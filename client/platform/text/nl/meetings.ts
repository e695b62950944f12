/** Teksten: meetings. */
export const meetings = {}
