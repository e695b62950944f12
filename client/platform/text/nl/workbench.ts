/** Teksten: workbench. */
export const workbench = {}
