/** The short form of the rows with a real browser. */
import { shortForms } from './short-form.ts'

shortForms(
  ['K1', '[INV10] what a frame called kept is there after the browser was killed, with and without a network'],
  ['K2', 'a crash inside a transaction, or half a record of the browser’s own, leaves whole records and everything that was called kept'],
  ['K3', '[INV10] a store that dies under an open document is said, and typing goes on'],
  ['K5', '[INV10] the status is never better than what is on the disk and at the relay'],
  ['A8', 'a page of somebody else changes nothing in the name of whoever is signed in in that browser'],
  ['A16', 'the second person in one profile sees nothing of the first, whose unsent words are there when they come back'],
  ['H2', 'what was said to somebody signed in is kept by nobody, and signing out costs no unsent word'],
)
