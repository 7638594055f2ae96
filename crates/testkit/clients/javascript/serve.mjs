// A server for a test: on a loopback port, which it says; until the test closes stdin or is gone.

import { createServer } from 'node:http'

/** `handler`: from the origin to what answers the requests. */
export async function serve(handler) {
  const server = createServer()
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const origin = `http://localhost:${server.address().port}`
  server.on('request', await handler(origin))
  process.stdin.resume().on('end', () => process.exit())
  console.log(JSON.stringify({ url: origin }))
}
