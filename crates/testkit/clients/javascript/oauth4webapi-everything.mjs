// oauth4webapi: everything of OpenID Connect that it has, with clients that register themselves.

import { isDeepStrictEqual } from 'node:util'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import { Browser } from './browser.mjs'
import { check, expect, finished, parameter, refusal } from './harness.mjs'
import { ENCRYPTION, SIGNING, decrypter, exchanged, jwks, publish, signer } from './keys.mjs'

const issuer = new URL(parameter('ISSUER'))
const redirectUri = 'https://client.example/callback'
const browser = new Browser({ username: parameter('USERNAME'), password: parameter('PASSWORD') })

const server = await check('discovery on https', async () =>
  oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer)))

/** Registers a client; what the server made of it is the client from here on. */
async function register(metadata) {
  const grants = ['authorization_code', 'implicit', 'refresh_token']
  const asked = { redirect_uris: [redirectUri], grant_types: grants, ...metadata }
  const response = await oauth.dynamicClientRegistrationRequest(server, asked)
  const client = await oauth.processDynamicClientRegistrationResponse(response)
  for (const [name, value] of Object.entries(metadata)) {
    expect(isDeepStrictEqual(client[name], value), `${name} came back as ${JSON.stringify(client[name])}`)
  }
  return client
}

/** A client with a secret in the header of its requests; signs people in by `code id_token`, which is checked most strictly. */
async function registerHybrid(metadata) {
  const client = await register({ response_types: ['code', 'code id_token'], ...metadata })
  return { client, authentication: oauth.ClientSecretBasic(client.client_secret) }
}

const validators = {
  code: (client, received, { state }) => {
    const answer = received.hash ? new URLSearchParams(received.hash.slice(1)) : received.searchParams
    return oauth.validateAuthResponse(server, client, answer, state)
  },
  'code id_token': (client, received, { state, nonce }, options) =>
    oauth.validateCodeIdTokenResponse(server, client, received, nonce, state, undefined, options),
  'code id_token with s_hash': (client, received, { state, nonce }, options) =>
    oauth.validateDetachedSignatureResponse(server, client, received, nonce, state, undefined, options),
}

const same = (thing) => thing

/** From the authorization request to a checked token response. `send` may change the request, `meddle` the answer. */
async function signIn(party, flow, asked = {}, { send = same, meddle = same } = {}) {
  const { client, authentication, options } = party
  const verifier = oauth.generateRandomCodeVerifier()
  const secrets = { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() }
  const parameters = {
    client_id: client.client_id,
    response_type: flow.replace(' with s_hash', ''),
    redirect_uri: client.redirect_uris[0],
    scope: 'openid profile email offline_access',
    prompt: 'consent', // OpenID Connect Core §11 wants it for offline_access
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...secrets,
    ...asked,
  }
  const url = new URL(server.authorization_endpoint)
  for (const [name, value] of Object.entries(await send(parameters))) url.searchParams.set(name, value)
  const received = meddle(await browser.authorize(url, client.redirect_uris[0]), secrets)
  const isForm = received instanceof Request
  expect(isForm === (asked.response_mode === 'form_post'), 'another response mode')
  const answer = flow === 'code' && isForm
    ? oauth.validateAuthResponse(server, client, new URLSearchParams(await oauth.formPostResponse(received)), secrets.state)
    : await validators[flow](client, received, secrets, options)
  const request = oauth.authorizationCodeGrantRequest
  const response = await request(server, client, authentication, answer, client.redirect_uris[0], verifier)
  const expected = { expectedNonce: secrets.nonce, requireIdToken: true, ...options }
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, expected)
  await oauth.validateApplicationLevelSignature(server, response)
  return tokens
}

const claimsOf = (tokens) => oauth.getValidatedIdTokenClaims(tokens)

async function userInfo({ client, options }, tokens, subject = claimsOf(tokens).sub) {
  const response = await oauth.userInfoRequest(server, client, tokens.access_token)
  const type = response.headers.get('content-type')
  const claims = await oauth.processUserInfoResponse(server, client, subject, response, options)
  if (type === 'application/jwt') await oauth.validateApplicationLevelSignature(server, response)
  expect(claims.email === 'alice@example.test', JSON.stringify(claims))
  return type
}

const inline = await signer('ES256')
const published = await signer('ES256')
const jwksUri = await publish('/jwks.json', 'application/jwk-set+json', jwks(published))
const methods = {
  none: [{}, () => oauth.None()],
  client_secret_basic: [{}, (client) => oauth.ClientSecretBasic(client.client_secret)],
  client_secret_post: [{}, (client) => oauth.ClientSecretPost(client.client_secret)],
  client_secret_jwt: [{}, (client) => oauth.ClientSecretJwt(client.client_secret)],
  private_key_jwt: [{ jwks: jwks(inline) }, () => oauth.PrivateKeyJwt(inline)],
  'private_key_jwt with jwks_uri': [{ jwks_uri: jwksUri }, () => oauth.PrivateKeyJwt(published)],
}
const registered = {}
for (const [name, [metadata, authenticate]] of Object.entries(methods)) {
  await check(`registration, code, refresh, UserInfo with ${name}`, async () => {
    const client = await register({ token_endpoint_auth_method: name.split(' ')[0], ...metadata })
    const party = { client, authentication: authenticate(client) }
    registered[name] = party
    const tokens = await signIn(party, 'code')
    expect((await userInfo(party, tokens)) === 'application/json', 'UserInfo is not JSON')
    const response = await oauth.refreshTokenGrantRequest(server, client, party.authentication, tokens.refresh_token)
    const next = await oauth.processRefreshTokenResponse(server, client, response)
    expect(next.refresh_token !== tokens.refresh_token, 'the refresh token was not rotated')
    await userInfo(party, next, claimsOf(tokens).sub)
  })
}

for (const alg of SIGNING) {
  await check(`private_key_jwt by ${alg}`, async () => {
    const key = await signer(alg)
    const method = 'private_key_jwt'
    const metadata = { token_endpoint_auth_method: method, token_endpoint_auth_signing_alg: alg, jwks: jwks(key) }
    await signIn({ client: await register(metadata), authentication: oauth.PrivateKeyJwt(key) }, 'code')
  })
}

await check('an assertion under a key that is not the client’s is refused', async () => {
  const { client } = registered.private_key_jwt
  const other = { ...(await signer('ES256')), kid: inline.kid }
  const error = await refusal(signIn({ client, authentication: oauth.PrivateKeyJwt(other) }, 'code'))
  expect(error.error === 'invalid_client' || error.status === 401, `${error}`)
})

const party = await registerHybrid({})
for (const flow of Object.keys(validators)) {
  for (const mode of flow === 'code' ? ['query', 'fragment', 'form_post'] : ['fragment', 'form_post']) {
    await check(`${flow} by ${mode}`, () => signIn(party, flow, { response_mode: mode }))
  }
}

await check('it notices an exchanged code, state and nonce', async () => {
  const meddling = {
    c_hash: (received) => exchanged(received, 'code'),
    s_hash: (received, secrets) => {
      exchanged(received, 'state')
      secrets.state = new URLSearchParams(received.hash.slice(1)).get('state')
      return received
    },
    nonce: (received, secrets) => Object.assign(secrets, { nonce: 'another' }) && received,
  }
  for (const [claim, meddle] of Object.entries(meddling)) {
    const error = await refusal(signIn(party, 'code id_token with s_hash', {}, { meddle }))
    expect(error.message.includes(claim), `${claim}: ${error}`)
  }
})

for (const alg of SIGNING) {
  await check(`ID tokens and UserInfo signed by ${alg}`, async () => {
    const one = await registerHybrid({ id_token_signed_response_alg: alg, userinfo_signed_response_alg: alg })
    const tokens = await signIn(one, 'code id_token with s_hash')
    expect((await userInfo(one, tokens)) === 'application/jwt', 'UserInfo is not signed')
  })
}

for (const encryption of ENCRYPTION) {
  const { alg, crv, enc } = encryption
  await check(`ID tokens and UserInfo encrypted by ${alg} ${crv ?? ''} ${enc}`, async () => {
    const key = await decrypter(encryption)
    const one = await registerHybrid({
      jwks: jwks(key),
      id_token_signed_response_alg: 'ES256',
      id_token_encrypted_response_alg: alg,
      id_token_encrypted_response_enc: enc,
      userinfo_signed_response_alg: 'ES256',
      userinfo_encrypted_response_alg: alg,
      userinfo_encrypted_response_enc: enc,
    })
    let decrypted = 0
    one.options = {
      [oauth.jweDecrypt]: async (jwe) => {
        const allowed = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] }
        const { plaintext } = await jose.compactDecrypt(jwe, key.key, allowed)
        decrypted += 1
        return new TextDecoder().decode(plaintext)
      },
    }
    await userInfo(one, await signIn(one, 'code id_token'))
    expect(decrypted === 3, `${decrypted} of 3 were encrypted`)
  })
}

for (const alg of SIGNING) {
  const key = await signer(alg)
  const where = `/request-${alg}.jwt`
  await check(`request objects signed by ${alg}, by value and by reference`, async () => {
    const uri = `${parameter('SHELF')}${where}`
    const one = await registerHybrid({ jwks: jwks(key), request_object_signing_alg: alg, request_uris: [uri] })
    const object = (parameters) => oauth.issueRequestObject(server, one.client, parameters, key)
    const rest = { client_id: one.client.client_id, response_type: 'code', scope: 'openid' }
    const byValue = async (parameters) => ({ ...rest, request: await object(parameters) })
    const byReference = async (parameters) =>
      ({ ...rest, request_uri: await publish(where, 'application/oauth-authz-req+jwt', await object(parameters)) })
    for (const send of [byValue, byReference]) await signIn(one, 'code', {}, { send })
    const stranger = { ...(await signer(alg)), kid: key.kid }
    const forged = async (parameters) => ({
      ...rest,
      redirect_uri: redirectUri, // outside of what is not believed, so that there is an answer
      state: parameters.state,
      request: await oauth.issueRequestObject(server, one.client, parameters, stranger),
    })
    const error = await refusal(signIn(one, 'code', {}, { send: forged }))
    expect(error.error === 'invalid_request_object', `${error}`)
  })
}

await check('pairwise subjects: one per sector', async () => {
  const [first, second, third] = ['one', 'two', 'three'].map((name) => `https://${name}.example/callback`)
  const sector = await publish('/sector.json', 'application/json', [first, second])
  const subject = async (uri, metadata) => {
    const one = await registerHybrid({ subject_type: 'pairwise', redirect_uris: [uri], ...metadata })
    const tokens = await signIn(one, 'code id_token')
    await userInfo(one, tokens)
    return claimsOf(tokens).sub
  }
  const related = []
  for (const uri of [first, second]) related.push(await subject(uri, { sector_identifier_uri: sector }))
  const others = [await subject(third), claimsOf(await signIn(party, 'code')).sub]
  expect(related[0] === related[1] && new Set([related[0], ...others]).size === 3, JSON.stringify([related, others]))
})

await check('a key that the client began to publish a moment ago', async () => {
  const next = await signer('EdDSA')
  await publish('/jwks.json', 'application/jwk-set+json', jwks(next))
  const { client } = registered['private_key_jwt with jwks_uri']
  await signIn({ client, authentication: oauth.PrivateKeyJwt(next) }, 'code')
})

await check('introspection and revocation with each method', async () => {
  for (const name of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt']) {
    const { client, authentication } = registered[name]
    const { access_token } = await signIn(registered[name], 'code')
    const introspect = async () => {
      const response = await oauth.introspectionRequest(server, client, authentication, access_token)
      return oauth.processIntrospectionResponse(server, client, response)
    }
    expect((await introspect()).active, `${name}: not active`)
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, access_token))
    expect(!(await introspect()).active, `${name}: still active`)
  }
})

await check('cookies on https are for this host alone', () => {
  expect(browser.cookies.length > 0 && browser.cookies.every((name) => name.startsWith('__Host-')), browser.cookies.join(' '))
})

finished()
