// How the pinned Node is started for the relay, wherever it is started from.
import { fileURLToPath } from 'node:url'

/**
 * For every process that starts threads which run wasm: V8 makes machine code for the calls between wasm and JavaScript after this many of them, shares it between
 * threads, and ends the whole process over it once such a thread has ended ("Check failed: jit_page.has_value()"; decision 0027). So never.
 */
export const STEADY_THREADS = '--wasm-wrapper-tiering-budget=2000000000'

// The young generation may grow to three times this many MiB and is then kept: at its usual 16, a thousand connections that opened once cost
// the relay 19 KiB each, of which 5 are alive. With 8 they cost 9 KiB, and fan-out and throughput need no more CPU (with 2 and 4 they do).
//
// The old generation is collected when it has grown by half since the last time. By itself V8 lets one of 18 MiB grow to 55 first, and bytes that came from sockets
// wait in there: a relay that was fuzzed kept 85 to 98 MiB more than at rest, with this 31 to 43 and no more with every further frame; of a thousand documents opened
// in turn each seemed to leave 12 KiB behind, with this 3. It costs up to 5 % of CPU: 25,300 to 26,800 entries a CPU second
// without, 23,800 to 24,900 with it, on a busy machine.
export const NODE_FLAGS = [STEADY_THREADS, '--max-semi-space-size=8', '--heap-growing-percent=50']

// Where Node keeps what it made of the TypeScript at an earlier start that ended by itself, some 5 MiB: without it a relay that comes back after a kill
// is busy with that while everybody asks, and takes 35 MiB more, because each thread then has the tool that reads TypeScript in its memory. Where the folder cannot be
// written Node goes on without.
//
// Two arenas: by itself glibc gives each of the ten threads one of its own and keeps in it what that thread freed. After 300,000 + 300,000 frames of row B2 malloc held
// 47 and 48 MiB, 23 and 26 of them free; with this 39 and 42, 16 and 18 free; at a first start, with nothing of the TypeScript kept, 67 to 72 and 39 to 46. Throughput needs
// no more CPU (27,400 and 28,400 entries a CPU second without, 27,100 and 27,700 with it). With one arena, or with MALLOC_TRIM_THRESHOLD_ besides, a thousand connections cost up to 14 KiB each instead of 9 to 10, and the relay is no smaller
// afterwards. Other C libraries pay no heed.
export const NODE_ENV = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/samenpad/compiled', import.meta.url)),
  MALLOC_ARENA_MAX: '2',
}
