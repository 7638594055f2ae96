// express-oauth2-jwt-bearer before an API: accepts our access tokens by issuer and audience alone, and nothing else of ours.
// Its argument: ISSUER, AUDIENCE, and TOKENS with the status that each gets. See tests/it/other_sides.rs.

import { once } from 'node:events'
import express from 'express'
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer'
import { check, expect, finished, parameter } from './harness.mjs'

const app = express()
// `strict`: only what follows RFC 9068.
app.use(auth({ issuerBaseURL: parameter('ISSUER'), audience: parameter('AUDIENCE'), strict: true }))
app.get('/', requiredScopes('notes:read'), (request, response) => response.json(request.auth.payload))
app.use((error, _request, response, _next) => response.status(error.status ?? 500).set(error.headers).send(error.message))
const api = app.listen(0, '127.0.0.1')
await once(api, 'listening')
const url = `http://127.0.0.1:${api.address().port}/`

for (const { name, token, status, sub } of parameter('TOKENS')) {
  await check(name, async () => {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    const text = await response.text()
    expect(response.status === status, `status ${response.status}: ${text}`)
    if (status === 200) expect(JSON.parse(text).sub === sub, text)
  })
}
api.close()
finished()
