/** The short form of the rows with a real browser. */
import { shortForms } from './short-form.ts'

shortForms(
  ['K1', 30, '[INV10] what a frame called kept is there after the browser was killed, with and without a network'],
  ['A8', 1, 'a page of somebody else changes nothing in the name of whoever is signed in in that browser'],
  ['H2', 1, 'what was said to somebody signed in is kept by nobody, and signing out costs no unsent word'],
)
