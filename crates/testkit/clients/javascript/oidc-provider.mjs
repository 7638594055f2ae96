// npm's oidc-provider as an issuer of JWT access tokens: client credentials for the resource `urn:alg:ALG`, which is signed by
// that `alg` for the audience of the test. Says where it listens; runs until stdin ends.

import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import { parameter } from './harness.mjs'
import { serve } from './serve.mjs'

const [audience, scope, theirs] = ['AUDIENCE', 'SCOPE', 'KEY'].map((name) => parameter(name))

/** The key of the test, by which it makes tokens that this issuer would not make, and one for each other algorithm. */
async function keys() {
  const others = ['RS256', 'PS256', 'ES384', 'EdDSA'].map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true })
    return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: alg }
  })
  return [theirs, ...(await Promise.all(others))]
}

function resource(identifier) {
  const [, kind, alg] = identifier.split(':')
  const jwt = { audience, scope, accessTokenFormat: 'jwt', jwt: { sign: { alg } } }
  return { alg: jwt, opaque: { audience, scope }, other: { ...jwt, audience: identifier } }[kind]
}

await serve(async (origin) => {
  const provider = new Provider(origin, {
    clients: [{
      client_id: 'machine',
      client_secret: parameter('CLIENT_SECRET'),
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    }],
    jwks: { keys: await keys() },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: { enabled: true, getResourceServerInfo: (_context, identifier) => resource(identifier) },
    },
  })
  return provider.callback()
})
