/** The page that holds the sealed text against the working version: how others ask for it. */
export const COMPARE_PAGE = 'compare'
