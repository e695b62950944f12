/**
 * Every limit of the product, with unit and reason. A limit that is hit ends in an error of `errors.ts`, never in silence.
 * Names end in the unit and the bound.
 */

// Wire
/** One websocket frame after login. Above it a paste is cut into fragments; a hostile frame costs at most this much memory. */
export const FRAME_BYTES_MAX = 1024 * 1024
/** One websocket frame before HELLO was answered: a HELLO is about 100 bytes. */
export const FRAME_BYTES_MAX_BEFORE_LOGIN = 16 * 1024
/**
 * One message of a y-websocket client that has been asked for what it has: all that it wrote without a network comes as one. A little less than one
 * person may leave unfinished, so that it fits with what surrounds it.
 */
export const YJS_MESSAGE_BYTES_MAX = 15 * 1024 * 1024
/** Payload of one entry; leaves room for the header of a PUSH in a frame. Larger edits travel as fragments. */
export const PAYLOAD_BYTES_MAX = FRAME_BYTES_MAX - 4096
/** Fragments of one entry: 16 MiB together, a pasted book with its tables. */
export const FRAGMENTS_COUNT_MAX = 16
/** A socket that has not said HELLO by then is closed. */
export const HELLO_MS_MAX = 10_000
/** Bytes waiting in one socket before live fan-out stops and the reader resumes from its cursor; what a y-websocket client asks beyond it is answered when it has read. */
export const SOCKET_BUFFER_BYTES_MAX = 1024 * 1024
/** Bytes of ENTRIES sent but not yet confirmed by RECV, per subscription. */
export const CATCH_UP_CREDIT_BYTES_MAX = 4 * 1024 * 1024
/** One ENTRIES message: small enough that a phone shows progress, large enough that 10,000 entries need few of them. */
export const ENTRIES_BATCH_BYTES_MAX = 512 * 1024
export const ENTRIES_BATCH_COUNT_MAX = 2_000
/** Spaces one connection may follow: all 342 municipalities of the country, regions, working groups, with room. */
export const SUBSCRIPTIONS_COUNT_MAX = 1_024
/** Entries pushed but not answered, per connection: a laptop back from days offline keeps the pipe full. */
export const PUSHES_IN_FLIGHT_COUNT_MAX = 256
export const PUSHES_IN_FLIGHT_BYTES_MAX = 4 * 1024 * 1024
/** Presence payload: two relative positions and a mode. */
export const PRESENCE_BYTES_MAX = 4 * 1024
/** Presence of one session: last value wins, at most this often. */
export const PRESENCE_PER_SECOND_MAX = 10
export const PRESENCE_COALESCE_MS = 100
/** Items one session may show presence in at a time: its open tabs, with room. */
export const PRESENCE_ITEMS_COUNT_MAX = 64
/** Entries one session may push per second, averaged; a typist makes 20 at most. Bursts after offline days: one bucket full. */
export const PUSHES_PER_SECOND_MAX = 2_000
/** Other messages of one session per second, averaged, with a bucket twice as large: SUBSCRIPTIONS_COUNT_MAX of them at once, a RECV per batch, presence in every tab. */
export const MESSAGES_PER_SECOND_MAX = 1_000

// Relay
/**
 * Commits of a space are a millisecond apart for every so many who read along, but never further than the longest: that bounds what is written to
 * sockets at 3,000 frames a second, 6,000 where 300 read. Nobody who watches 250 others type sees a twentieth of a second.
 */
export const COMMIT_READERS_PER_MS = 3
export const COMMIT_HOLD_MS_MAX = 50
/** Group commit: one fsync for whatever came within this time or up to this many entries. */
export const COMMIT_BATCH_MS_MAX = 5
export const COMMIT_BATCH_COUNT_MAX = 256
/** Entries waiting for the writer; beyond it pushes are answered `busy`. */
export const COMMIT_QUEUE_COUNT_MAX = 20_000
export const COMMIT_QUEUE_BYTES_MAX = 64 * 1024 * 1024
/** Entries of one commit together, so that its fan-out is one frame; a larger entry is a commit of its own. */
export const COMMIT_BATCH_BYTES_MAX = ENTRIES_BATCH_BYTES_MAX
/**
 * Fragments of unfinished entries, all sessions together; beyond it they are answered `busy`. And as much again of messages over FRAME_BYTES_MAX at the
 * door for y-websocket clients, until all of each is in the log.
 */
export const FRAGMENT_BYTES_MAX = 64 * 1024 * 1024
/** And of one person: room for the largest entry there can be. Whoever left more of them unfinished kept everybody else from pasting a book. */
export const FRAGMENT_BYTES_PER_USER_MAX = FRAGMENTS_COUNT_MAX * PAYLOAD_BYTES_MAX
/** An act with its sealed content as JSON: what SEAL_BYTES_MAX can grow to by escaping. The relay parses it, so it is kept small. */
export const ACT_BYTES_MAX = 2 * PAYLOAD_BYTES_MAX
/** Catch-up reads at work at the same time; each holds at most ENTRIES_BATCH_BYTES_MAX. */
export const READS_AT_ONCE_COUNT_MAX = 8
/** FETCHes of one session waiting for their answer. */
export const FETCHES_COUNT_MAX = 64

// Snapshots
/** Entries of one part of an item since its last snapshot before another is built: below this sending them costs less than building. */
export const SNAPSHOT_ENTRIES_COUNT_MIN = 200
/** And their bytes as a share of the snapshot there is: reading that again then costs no more than what changed. */
export const SNAPSHOT_GROWTH_SHARE_MIN = 0.5
/** A larger one is not made: a laptop takes it apart in one go. The largest history at hand gives 0.4 MB. */
export const SNAPSHOT_BYTES_MAX = 32 * 1024 * 1024
/** How much larger the entries must be than the snapshot before it is sent instead: what came as a snapshot cannot be offered to a relay that lost it. */
export const SNAPSHOT_GAIN_MIN = 3
/** Entries a laptop must be behind before snapshots are looked for: an ordinary morning's catch-up asks for nothing more. */
export const LEAP_ENTRIES_COUNT_MIN = 500
/** Writing of one hand within this time is one stretch of the attribution table: finer than anybody asks, and a fraction of a byte an entry. */
export const ATTRIBUTION_STRETCH_MS = 60_000

// Engine
/** Keystrokes of one item are merged for this long before they are stored and sent. */
export const COALESCE_MS = 50
/** Acknowledged rows stay this long on the laptop, to rebuild a relay that lost them. */
export const ARCHIVE_DAYS = 30
export const BACKOFF_MS_MIN = 100
export const BACKOFF_MS_MAX = 30_000
/**
 * After a greeting, so many attempts come within this: of two seconds of network at 300 ms a greeting and an acknowledgement take 1.2 s. They last about
 * five seconds, as long as a restart; the wait varies fourfold, so that everybody does not come back in one moment.
 */
export const BACKOFF_QUICK_MS_MAX = 500
export const BACKOFF_QUICK_COUNT = 16
/** From asking for a connection to WELCOME; beyond it the attempt is given up. A slow handshake over a bad mobile line takes 5 s. */
export const CONNECT_MS_MAX = 20_000
/** After a re-check, entries of others that the relay lost are offered by whoever has them; their authors go first for this long. */
export const OFFER_OTHERS_AFTER_MS = 10_000
/** Silence after which the engine asks with PING, and after which it gives the connection up. */
export const PING_AFTER_MS = 15_000
/** Without websockets: pause between two rounds of asking for news, and how long the relay may hold a question (proxies cut silent answers at 30 s). */
export const DETOUR_POLL_MS = 2_000
export const DETOUR_WAIT_SECONDS = 10
/** One request with edits, unless one edit alone is larger: the least is over in 40 s at 13 kbit/s. Twice as much after one that took less than this, up to the most. */
export const DETOUR_POST_BYTES_MIN = 64 * 1024
export const DETOUR_POST_BYTES_MAX = 1024 * 1024
export const DETOUR_POST_MS_SHORT = 3_000
/** How often who looks at what is said and asked that way, while something is open. */
export const DETOUR_PRESENCE_MS = 5_000
/** On the detour a websocket is tried again after this, then after twice as long, and so on to the longest: a network is changed seldom. */
export const DETOUR_PROBE_MS_MIN = 3_000
export const DETOUR_PROBE_MS_MAX = 300_000
export const SILENCE_MS_MAX = 40_000
/** A line on which something that waited left within this long is slow, not dead: at 50 kbit/s the system asks for another 64 KiB every 10 s. */
export const MOVED_MS_MAX = 20_000
/**
 * How often an engine looks whether time went on without it, and the gap that counts as sleep: a lid that was closed for a moment may have changed
 * networks too. A laptop that is merely busy for so long asks one question more.
 */
export const BEAT_MS = 2_000
export const SLEPT_MS_MIN = 4_000
/** Silence allowed after waking: a radio that comes back answers within 3 s, and with a beat before it a person is level again within 10 s. */
export const WOKEN_MS_MAX = 5_000
/** Entries of one item stored on the laptop before they are merged into one snapshot row. */
export const LOCAL_ENTRIES_COUNT_MAX = 200

// Content
export const TITLE_CHARS_MAX = 300
export const FACT_TEXT_CHARS_MAX = 20_000
export const FACT_PATH_CHARS_MAX = 120
/** Registers of one item: about 300 steps or 1,000 actions. */
export const FACT_REGISTERS_COUNT_MAX = 5_000
export const LIST_ROWS_COUNT_MAX = 500
/** Sealed content travels inside its propose act, in one frame. */
export const SEAL_BYTES_MAX = PAYLOAD_BYTES_MAX - 16 * 1024
export const NAME_CHARS_MAX = 120

// Doors
/** Shorter passwords are guessed; longer ones with rules are written on paper. */
export const PASSWORD_CHARS_MIN = 10
export const PASSWORD_CHARS_MAX = 200
/** Of the passphrase that locks a laptop: whoever has the laptop may guess without anybody counting, so longer than a password. */
export const PASSPHRASE_CHARS_MIN = 12
/** A laptop that is opened once a month stays signed in; counted from the last use. */
export const SESSION_DAYS_MAX = 30
/** Browsers of one person that are signed in: laptops, a phone, private windows, a script that begins anew each time. The one that was not used for longest is signed out for the next. */
export const SESSIONS_PER_USER_MAX = 100
/** Long enough for somebody on holiday, short enough to be forgotten in a mailbox. */
export const INVITATION_DAYS_MAX = 14
/** The set-up link stands in a terminal and makes an administrator; every start prints a new one while there is none. */
export const SETUP_LINK_HOURS_MAX = 24
/** Who did what is kept five years, as in care, unless the installation says otherwise, and never shorter than half a year: a misuse is often found late. */
export const AUDIT_DAYS_DEFAULT = 1_826
export const AUDIT_DAYS_MIN = 180
/** Days that a space may be used without contact, where it sets a limit: from a working day to a year with a month to spare. */
export const OFFLINE_DAYS_MIN = 1
export const OFFLINE_DAYS_MAX = 400
/** One page of it. */
export const AUDIT_PAGE_COUNT_MAX = 500
/** The same person reading the same space, or going on in the same item, within this time is one record: a line that comes and goes would fill the account. */
export const AUDIT_REPEAT_MS = 600_000
/** A reset link is asked for by telephone and used the same day; it replaces a password, so it is short-lived. */
export const RESET_LINK_HOURS_MAX = 24
/** JSON bodies of HTTP routes: the largest is a name and a password. */
export const HTTP_BODY_BYTES_MAX = 64 * 1024
/** Open websockets of one relay; the next is answered 503 with Retry-After. About 12 KiB each when idle. */
export const SOCKETS_COUNT_MAX = 10_000
/**
 * Websockets that one person opens per second, averaged, over all their devices and both doors; beyond it an upgrade is answered 429. At once: as many as
 * there is room for (a script with a socket for each document of a space, after a restart). A line that flaps opens 4 a second.
 */
export const SOCKETS_OPENED_PER_SECOND_MAX = 100
/** The same for whoever is not signed in, or comes from a page that is not ours: from one address. A window that hears "sign in" does not come back by itself. */
export const STRANGERS_PER_SECOND_MAX = 20
export const STRANGERS_AT_ONCE_COUNT_MAX = 1_000
/** People, addresses and logins of which the relay remembers how often they tried, for each thing that is limited: about 150 bytes each. Whoever tried longest ago is forgotten first. */
export const NAMES_COUNT_MAX = 20_000
/** Changes in one entry of facts: an engine sends one. Each costs the writer about 20 µs and a reader 0.3 ms. */
export const FACTS_CHANGES_COUNT_MAX = 500
/** Operations of one entry of facts, and answers that they replace: twice what an item may hold. A change says how many there are in a few bytes. */
export const FACTS_OPERATIONS_COUNT_MAX = 10_000
/** Yjs clientIDs that one entry of prose continues: an editor's has one, a merged one a handful. Each becomes a row of the relay. */
export const PROSE_CLIENTS_COUNT_MAX = 1_000
/** Yjs clientIDs that one entry of prose deletes from: everybody who ever wrote in the document, when all of it is selected and deleted. */
export const PROSE_DELETED_CLIENTS_COUNT_MAX = 50_000
/**
 * Answers to one question in one entry. An engine gives one, or one after the other; all that stand at once are replaced by whoever answers next, which is
 * one edit of at most FACTS_OPERATIONS_COUNT_MAX: with as many answers as an entry has room for, two of them would leave a question that takes no answer.
 */
export const ANSWERS_PER_ENTRY_COUNT_MAX = 100
/** Different answers to one question that are shown beside the one that stands: more than there are people at a platform, and no more than a window can draw. */
export const ANSWERS_NAMED_COUNT_MAX = 100
/** Facts of one entry, inflated: 800 bytes for each register that an item may have. A reader that gets so much at once is busy for about half a second. */
export const FACTS_BYTES_MAX = 4 * 1024 * 1024

// Erasing for good

/** Why, in one line: kept in the register and shown to everybody who had the item. */
export const ERASE_REASON_CHARS_MAX = 200
/** Ranges of an erased text that travel together: half a frame. A text of 100,000 edits has about 120 kB of them. */
export const ERASED_RANGES_BYTES_MAX = 512 * 1024
