/**
 * Loaded before anything else in a thread that plays schedules: puts the platform's SHA-256 where the product's is, by the name of its module. It is no
 * part of what is tried here, and was a tenth of a schedule. What is played in the thread of a test has the product's own, and gives the same traces.
 */
import { registerHooks } from 'node:module'

const digestUrl = new URL('./platform-digest.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, nextResolve) => (specifier === 'lib0/hash/sha256' ? nextResolve(digestUrl, context) : nextResolve(specifier, context)),
})
