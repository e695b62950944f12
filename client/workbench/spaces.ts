/** How a space is drawn: the first letter of its name, without the article of 's-Gravenhage. */
export const spaceInitial = (name: string): string => (name.replace(/^['’‘]s-/i, '').match(/\p{L}|\p{N}/u)?.[0] ?? '·').toLocaleUpperCase('nl')
