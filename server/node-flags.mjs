// How the pinned Node is started for the relay, wherever it is started from.
import { fileURLToPath } from 'node:url'

// The young generation may grow to three times this many MiB and is then kept: at its usual 16, a thousand connections that opened once cost
// the relay 19 KiB each, of which 5 are alive. With 8 they cost 9 KiB, and fan-out and throughput need no more CPU (with 2 and 4 they do).
export const NODE_FLAGS = ['--max-semi-space-size=8']

// Where Node keeps what it made of the TypeScript at an earlier start that ended by itself, some 5 MiB: without it a relay that comes back after a kill
// is busy with that while everybody asks. Where the folder cannot be written Node goes on without.
export const NODE_ENV = { NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/samenpad/compiled', import.meta.url)) }
