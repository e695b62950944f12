// What every server of a peer does alike: says its port on the first line it prints, and ends cleanly on SIGTERM.

/** In: the port; how to stop. A server that cannot stop within 5 s is ended by whoever started it. */
export function ready(port, stop) {
  process.once('SIGTERM', () => {
    Promise.resolve(stop()).then(() => process.exit(0), (error) => {
      console.error(error)
      process.exit(1)
    })
  })
  console.log(`port ${port}`)
}
