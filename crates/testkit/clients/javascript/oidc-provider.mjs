// oidc-provider as the issuer of an API: listens on loopback until its input ends, and prints its name and access tokens of its
// own, one for each algorithm. Its argument: AUDIENCE and ALGORITHMS. See tests/it/other_sides.rs.

import { createServer } from 'node:http'
import { once } from 'node:events'
import { exportJWK, generateKeyPair } from 'jose'
import { parameter } from './harness.mjs'

// The words of its start are for people; the first line is for the test.
console.info = console.warn = () => {}
const { Provider } = await import('oidc-provider')

const [audience, algorithms] = [parameter('AUDIENCE'), parameter('ALGORITHMS')]
const keys = []
for (const alg of algorithms) {
  const { privateKey } = await generateKeyPair(alg, { crv: alg === 'EdDSA' ? 'Ed25519' : undefined, extractable: true })
  keys.push({ ...(await exportJWK(privateKey)), alg, use: 'sig', kid: alg })
}
const server = createServer()
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`
const client = { client_id: 'machine', client_secret: 'a-secret-of-a-test-only-0123456789' }

/** Each "resource" stands for the same API with another algorithm; a word behind it asks for another audience. */
function getResourceServerInfo(_, resource) {
  const [, alg, other] = resource.split(':')
  return {
    scope: 'notes:read notes:write',
    audience: other ? 'https://other.example' : audience,
    accessTokenTTL: 300,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg } },
  }
}

const provider = new Provider(issuer, {
  clients: [{ ...client, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
  cookies: { keys: ['a key of a test'] },
  enabledJWA: { idTokenSigningAlgValues: algorithms },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: { enabled: true, getResourceServerInfo, useGrantedResource: () => true },
  },
  jwks: { keys },
})
server.on('request', provider.callback())

async function token(resource) {
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'notes:read', resource })
  const authorization = `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`
  const response = await fetch(`${issuer}/token`, { method: 'POST', headers: { authorization }, body })
  const answer = await response.json()
  if (!answer.access_token) throw new Error(`${resource}: ${JSON.stringify(answer)}`)
  return answer.access_token
}

const tokens = {}
for (const alg of algorithms) tokens[alg] = await token(`urn:${alg}`)
const other = await token(`urn:${algorithms[0]}:other`)
console.log(JSON.stringify({ issuer, client_id: client.client_id, tokens, other }))
process.stdin.on('end', () => process.exit(0)).resume()
