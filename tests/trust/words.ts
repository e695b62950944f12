/** What stands around the table of docs/trust.md. */
export const PREAMBLE = `# Trust`
export const AFTERWORD = `TBD`
