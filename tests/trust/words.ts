/** What stands around the table of docs/trust.md. Sentences for whoever must decide whether to trust the product; nothing here is a hope. */
export const PREAMBLE = `# Trust

What the product promises, how far it was tried, and what it does not promise. The table is written by \`npm run trust -- --write docs/trust.md\`: each
row starts the relay that people run as a process of its own and treats it badly. A row that was not tried again keeps its last line, with the date, the
commit and the machine of that day. \`npm run trust -- --only D1 --seed 7\` repeats one row; \`--n\` says how often, \`--full\` takes the counts of the
targets, \`--list\` names the rows, and each row ends with one line of JSON. Continuous integration runs short forms (\`--quick\`) of C2, P5, L7,
B1, B2, B3, B4 and B11 (\`tests/trust/trust.test.ts\`), of D1 to D11 (\`disk.test.ts\`), of A1 to A7, A9 to A12, A14, A15, B10 and H1 (\`access.test.ts\`), of K1, K2, K3, K5, A8, A16 and H2 in a real
browser (\`browser.e2e.test.ts\`), ten thousand simulated schedules (a thousand where there is no time for more) (row C1, \`npm run sim\`),
and everything else in \`tests/\`.

"Violations" are things that must never be: an acknowledged edit that is lost, doubled or altered, a relay that ended. MISSED is a time or a size beyond
its target on that machine; on a machine that does other work as well it says little.

## Reached
`

export const AFTERWORD = `## Who looks at which invariant

| invariant | judge | rows and tests |
|---|---|---|
| I1 All say the same | contents of every laptop, of a new one, and of the relay's own export, facts with all their answers | C1, C2, C4, C6, D8, P5, B3, O1, O7–O13 |
| I2 No loss, I3 no doubling, I4 no resurrection, I5 no invention | every token that was typed is looked for, by name (\`converge.ts\`, the judge of the simulator); letters in K1 | C1, C2, C4, D8, P5, B3, K1–K3, O1, O3–O13 |
| I2 at the relay | every acknowledged entry is looked for in the log (\`observer.ts\`) | D1–D6, D9, D10, L3, L7, B1, B2, B11 |
| I6 Nothing waits unseen | outbox, memory, what is behind and what is set apart are 0 before contents are compared | C1, C2, D8, P5, B3, O1, O10, O13 |
| I7 Answers and steps | concurrent answers are part of the content that is compared; a step that may not be taken is refused by the log | C1, C6, B3, B4, \`tests/contract/log.contract.ts\` |
| I8 Order and clocks | places without gaps and with the same hash at every reading; a new epoch after every restore; clocks that jump | C1, D1, D8, O13, every row with an observer |
| I9 The status is true | every frame drawn, every frozen disk; the simulator asks at every event | C1, K1–K3, K5, D1–D4 |
| I10 Bounded | memory, buffers, stalls and files as figures of the rows | D4, L1–L3, L7, B2, B3, B11 |
| I11 Nobody reads without the right | tokens on every wire against the right of that moment; every door and role | C1, C4, A1, A2, A4–A6, A14, \`tests/access\` |
| I12 Accounted | one record per operation, its chain rehashed by \`verify\` at the end of D8 and P5 | A11, \`server/auth/audit.test.ts\`, \`tests/server/cli.test.ts\`, \`tests/access\` |

## Promised

- "Bij het knooppunt" is said after the edit is in a commit that was synced to the relay's disk, not before. It survives SIGKILL and power loss of the relay.
  At every contact it is said only after the relay named the log it has.
- "Op deze laptop" is said after the edit is in the browser's own store, committed with strict durability.
- Who comes back, however late, ends with the same text as the others; nothing is doubled and nothing is dropped silently. What the relay refuses is
  kept on the laptop, shown, and can be taken out as a file.
- A backup that is put back, or a log that was lost, is noticed by every laptop at its next contact, and the laptops bring back what they hold.
- Who may not, gets nothing, at any door, and cannot tell an unknown document from a forbidden one. A right that is taken away reaches open sockets within seconds ([access](access.md)).
- Every answer carries the whole list of headers, also what is no answer of a route (row H1). Signing out ends the session here first, and then goes on to the organisation that signed somebody in; no account is
  joined to a login there but by its own person, with both passwords ([0023](decisions/0023-joining-and-leaving-an-organisation.md)).
- Everything that is asked at a door is accounted for once, refused things too, without content; \`verify\` finds a changed, removed or reordered record.
- A string becomes script or markup under two named policies only ([0019](decisions/0019-strings-and-signing-out.md)); a page that is not ours opens no websocket and changes nothing; what runs is listed with licences ([dependencies](dependencies.md)).
- Damaged bytes are found before they are served. A folder, a log or a disk that cannot be used is said in one sentence; nothing is begun anew over it.
- A space may say after how many days without contact laptops close it: nothing of it is shown or searched then, nothing is deleted, what was not sent waits, and the next contact opens it again.
- A laptop whose copy was locked with a passphrase keeps no word, title or name of a space readable in its store while no tab is unlocked; locking, unlocking and another passphrase lose
  nothing, wherever they are cut off ([decision 0021](decisions/0021-lock-of-a-laptop.md)).

## Not promised

- **End-to-end encryption.** The relay can read what it stores: whoever runs it, or holds its disk or a backup, can read everything.
- Whoever can write the relay's disk can rewrite the account of who did what together with its head. A copy of the head that \`verify\` prints, kept elsewhere, finds that.
- A right that is taken away removes the copies of a laptop at its next contact. From a laptop that never comes back, or a picture of its screen, nothing can be taken back.
- What no laptop holds any more and the last backup does not have is gone. \`samenpad lost\` names it, as long as the log that was moved aside can be read. A laptop offers what it acknowledged for 30 days, and what it has stored of others.
- Acts (sign, adopt) that only the relay had are not repeated by others: an act is its author's own step.
- The lock of a laptop does not protect an unlocked browser, its memory, or what an SSD or an old backup of the disk still holds; ids, sizes and times of rows stay readable. A forgotten passphrase
  opens nothing: what was never sent is gone then.
- The time limit for offline use is a rule of the program, not of cryptography: the documents stay on the laptop, because unsent work must. Whoever changes the program, reads the disk of a laptop
  without a lock or with the lock open, or puts back a copied browser profile, clock and all, gets past it. A limit reaches a laptop at its next contact ([decision 0022](decisions/0022-limit-for-offline-use.md)).
- An edit typed within the last tenth of a second may be lost when the browser is killed; the status says "wordt bewaard" until then.
- Where a network refuses websockets, plain web requests take over: the same work, a little later, and no line that stays open.
- A browser of which somebody cleared the data cannot say which unsent work went with it; it opens from the relay and sends no emptiness.
- When the store of a browser is full nothing is let go to make room; it is said, and a person makes room.
- Search, export and import work on the laptop or on the command line: no door of the relay is asked, so no limit of it counts (row A10).
- Two relays on one store are kept apart by a lock of the file system: on a network disk that does not lock, nothing keeps them apart.
- Accounts that are lost without a backup cannot be rebuilt by laptops: spaces are found by the ids in them.

## Accepted risks

- A change of facts that is intact and cannot be applied is taken by the relay, which does not read it; every laptop sets it apart with its author (row B3). One that
  replaces an answer that was never given keeps its item out of compaction: slower to open, nothing lost, and tried again only with twice as many entries.
- One edit replaces at most 10,000 answers to a question, and one entry gives at most a hundred that stand at once: whoever writes a hundred of them with a program of
  their own leaves a question of which a new answer is refused and kept apart. Of many answers a hundred are shown, beside the one that stands.
- A document belongs to the space in which it was begun. Whoever may write somewhere and offers to begin one under an id that stands elsewhere is refused, and so learns that the id is taken: it is
  128 random bits, which only who may read the document is ever told. Every other question about it is answered as one about nothing (row A2).
- Behind a proxy the account believes what the nearest address of this machine or of a private network says of where a request or a websocket came from, or what the proxies with a name in \`TRUSTED_PROXIES\` say.
- One person may open ten thousand websockets at once and a hundred a second after that, so that no script or office that comes back after a restart ever waits; nobody known a thousand from one address,
  and twenty a second (row A10). Whoever has many addresses has that many times as much.
- Whoever joined their account to the organisation keeps the password as a way in: shut out there, the sessions it began end within a minute, one that began with the password only when an
  administrator shuts out the account.
- Two y-websocket programs of one login that go on under one clientID at the same moment (a script with a fixed one, a copied document that kept its own) write over each other: Yjs knows a word by
  clientID and clock alone and keeps the first. Yjs takes another clientID as soon as it hears of the other; what was typed until then is lost unseen. Our own window mints one for each opening (I1, row O7).
- Who guesses passwords or links without end from inside an office keeps others of that address from signing in with a password or a link meanwhile: three hundred at once and five a second are heard
  of one network, then 429 with a moment to come back. Whoever is signed in is not touched, nor who signs in with the organisation.
- Limits on requests are kept in memory and per process: a restart forgets them, which is also why it locks nobody out.
- Known weaknesses (row S2) are asked of a registry that answers \`npm audit\`; where it does not, nothing is known about them.
- Reading and refusals are on the disk half a second later; a killed relay loses that much of the account, never a change of people or rights.
- A member who writes with a program of their own can make a document dear: Yjs walks past everything that stands in one place, and a small entry can make that
  walk long. An entry that takes a laptop half a second by itself (two at most, with tens of thousands of items) is stopped in the middle and set apart with its author, unless others
  built on it (\`tests/engine/dear.test.ts\`, \`prose-reader.test.ts\`, decision 0028); a change of facts that would take for ever ends the engine's worker after twenty silent seconds,
  and the crash guard sets it apart after the third time. Many entries of a few tenths of a second each are not found: the document opens as slowly as their sum, with turns for others between them. While something typed is on its way to a silent worker it is not ended; the status is red and the text can be kept in a file.
- An image of the machine that is put back with everything in it looks like the log that it was. Whoever wrote what it lacks brings that back at the next contact; others may not, and what
  somebody else brought under a new clientID can keep the edits of its author apart until they adopt them. \`README.md\` says what to remove first (the file \`generation\`).
  An act among it that is brought back has the relay's time of then; a laptop that was away meanwhile shows the time it had.
- A fellow member of a *restored* space who reads a writer id off the wire can continue that writer's edits (rule ADM7 of the protocol). Elsewhere the author counts too.
- Damage in the pages of the log that all spaces share (its schema, its list of spaces) stops all of them until a backup is put back; it is never served.
- Power cuts are built from recorded writes and syncs of the real relay (rows D2, D3), not made by pulling plugs: a disk that lies about its cache is outside it.
- A full disk (row D4) is played by a library between the relay and the system, which refuses growth as a full file system does.
- Rows K and O run headless Chromium; other browsers are not tried. A frozen disk (K5) is a copy of the files of a stopped browser: what a kill leaves, not a power cut.
- Clocks of the laptops in C2, D8, O1 and O10 run ten times as fast, so that forty seconds of silence do not last forty seconds. In D8 the clocks of laptops and relay
  jump by the age of the backup.`
