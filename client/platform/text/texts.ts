/** The type that keeps two languages alike: the same keys, functions with the same arguments, any wording. */
export type Texts<T> = T extends (...args: infer A) => string ? (...args: A) => string : T extends string ? string : { [K in keyof T]: Texts<T[K]> }
