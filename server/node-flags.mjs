// How the pinned Node is started for the relay, wherever it is started from.
//
// The young generation may grow to three times this many MiB and is then kept: at its usual 16, a thousand connections that opened once cost
// the relay 19 KiB each, of which 5 are alive. With 8 they cost 9 KiB, and fan-out and throughput need no more CPU (with 2 and 4 they do).
export const NODE_FLAGS = ['--max-semi-space-size=8']
