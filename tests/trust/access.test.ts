/** The short form of the rows about who may what. A13 is part of B11. */
import { shortForms } from './short-form.ts'

shortForms(
  ['A1', 'everybody is let through exactly when the table says so'],
  ['A2', 'not a byte of another municipality, and what is forbidden is answered as what does not exist'],
  ['A3', 'a session that ends under typing hands ends the flow, and costs no letter'],
  ['A4', '[INV7] a right that is taken away ends on every connection, both ways'],
  ['A5', '[INV9] what was written without the right reaches nobody, lies apart, and the copies leave the laptop'],
  ['A6', '[INV9] a mixed outbox is split by municipality'],
  ['A7', 'a page that is not ours opens no websocket'],
  ['A9', 'nobody gets in with something forged, mixed up, replayed or brought along'],
  ['A10', 'whoever knocks too often waits, and a restart locks nobody out'],
  ['A11', 'each thing that is asked leaves one record, and one that was touched is found'],
  ['A12', 'no secret and no sentence is in what those who run the relay read'],
  ['A14', 'a programme sees the agreed fields and nothing else'],
  ['A15', 'whatever a reader says in the shape of writing changes nothing'],
  ['B10', 'whatever is asked over HTTP is answered with a word for it'],
  ['H1', 'every answer has the whole list of headers'],
)
