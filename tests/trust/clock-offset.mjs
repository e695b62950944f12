// Preloaded into a relay: its clock is ahead by so many ms, in every thread. What a month does to a backup need not take a month.
const offsetMs = Number(process.env.TRUST_CLOCK_OFFSET_MS ?? 0)
const now = Date.now.bind(Date)
Date.now = () => now() + offsetMs
