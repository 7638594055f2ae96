// openid-client: everything of OpenID Connect that it has, with clients that register themselves.

import * as client from 'openid-client'
import { Browser } from './browser.mjs'
import { check, expect, finished, parameter, refusal } from './harness.mjs'
import { ENCRYPTION, SIGNING, decrypter, exchanged, jwks, publish, signer } from './keys.mjs'

const issuer = new URL(parameter('ISSUER'))
const person = { username: parameter('USERNAME'), password: parameter('PASSWORD') }
const redirectUri = 'https://client.example/callback'
const signedOut = 'https://client.example/signed-out'
const browser = new Browser(person)

/** Registers a client; `prepare` switches on what it needs besides. */
async function register(metadata, authentication = client.ClientSecretBasic(), ...prepare) {
  const asked = {
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [signedOut],
    grant_types: ['authorization_code', 'implicit', 'refresh_token'],
    response_types: ['code', 'id_token', 'code id_token'],
    ...metadata,
  }
  const execute = [client.enableNonRepudiationChecks, ...prepare]
  return client.dynamicClientRegistration(issuer, asked, authentication, { execute })
}

function secretsFor(flow) {
  const pkceCodeVerifier = flow === 'id_token' ? undefined : client.randomPKCECodeVerifier()
  return { pkceCodeVerifier, expectedState: client.randomState(), expectedNonce: client.randomNonce(), idTokenExpected: true }
}

async function parametersOf(flow, secrets, asked) {
  const challenge = secrets.pkceCodeVerifier && {
    code_challenge: await client.calculatePKCECodeChallenge(secrets.pkceCodeVerifier),
    code_challenge_method: 'S256',
  }
  const { expectedState: state, expectedNonce: nonce } = secrets
  const offline = flow === 'id_token' ? {} : { scope: 'openid profile email offline_access', prompt: 'consent' }
  const wanted = { redirect_uri: redirectUri, response_type: flow, scope: 'openid email', ...offline }
  return { ...wanted, state, nonce, ...challenge, ...asked }
}

const same = (thing) => thing

/** From the authorization URL to a checked answer. `build` makes the URL, `meddle` may change the answer. */
async function signIn(config, flow, asked = {}, { build = client.buildAuthorizationUrl, meddle = same } = {}) {
  const secrets = secretsFor(flow)
  const url = await build(config, await parametersOf(flow, secrets, asked))
  const received = meddle(await browser.authorize(url, redirectUri), secrets)
  const { expectedNonce, expectedState } = secrets
  if (flow === 'id_token') return client.implicitAuthentication(config, received, expectedNonce, { expectedState })
  return client.authorizationCodeGrant(config, received, secrets)
}

async function userInfo(config, tokens, subject = tokens.claims().sub) {
  const claims = await client.fetchUserInfo(config, tokens.access_token, subject)
  expect(claims.email === 'alice@example.test', JSON.stringify(claims))
}

const inline = await signer('ES256')
const published = await signer('EdDSA')
const jwksUri = await publish('/jwks.json', 'application/jwk-set+json', jwks(published))
const methods = {
  none: [{}, client.None()],
  client_secret_basic: [{}, client.ClientSecretBasic()],
  client_secret_post: [{}, client.ClientSecretPost()],
  client_secret_jwt: [{}, client.ClientSecretJwt()],
  private_key_jwt: [{ jwks: jwks(inline) }, client.PrivateKeyJwt(inline)],
  'private_key_jwt with jwks_uri': [{ jwks_uri: jwksUri }, client.PrivateKeyJwt(published)],
}
for (const [name, [metadata, authentication]] of Object.entries(methods)) {
  await check(`registration, code, refresh, UserInfo, introspection, revocation with ${name}`, async () => {
    const config = await register({ token_endpoint_auth_method: name.split(' ')[0], ...metadata }, authentication)
    const tokens = await signIn(config, 'code')
    await userInfo(config, tokens)
    const next = await client.refreshTokenGrant(config, tokens.refresh_token)
    expect(next.refresh_token !== tokens.refresh_token, 'the refresh token was not rotated')
    await userInfo(config, next, tokens.claims().sub)
    if (name === 'none') return
    expect((await client.tokenIntrospection(config, next.access_token)).active, 'not active')
    await client.tokenRevocation(config, next.refresh_token)
    expect(!(await client.tokenIntrospection(config, next.access_token)).active, 'still active')
  })
}

for (const alg of SIGNING) {
  await check(`private_key_jwt by ${alg}`, async () => {
    const key = await signer(alg)
    const method = 'private_key_jwt'
    const metadata = { token_endpoint_auth_method: method, token_endpoint_auth_signing_alg: alg, jwks: jwks(key) }
    await signIn(await register(metadata, client.PrivateKeyJwt(key)), 'code')
  })
}

// authorizationCodeGrant reads a code from the query or a form only.
const flows = {
  code: [['query', 'form_post'], []],
  id_token: [['fragment', 'form_post'], [client.useIdTokenResponseType]],
  'code id_token': [['fragment', 'form_post'], [client.useCodeIdTokenResponseType]],
  'code id_token with s_hash': [
    ['fragment', 'form_post'],
    [client.useCodeIdTokenResponseType, client.enableDetachedSignatureResponseChecks],
  ],
}
const kind = (flow) => flow.replace(' with s_hash', '')
for (const [flow, [modes, prepare]] of Object.entries(flows)) {
  const config = await register({}, undefined, ...prepare)
  for (const mode of modes) {
    await check(`${flow} by ${mode}`, async () => {
      const answer = await signIn(config, kind(flow), { response_mode: mode })
      if (flow === 'id_token') expect(answer.email === 'alice@example.test', JSON.stringify(answer))
      else await userInfo(config, answer)
    })
  }
}

for (const alg of SIGNING) {
  await check(`ID tokens and UserInfo signed by ${alg}`, async () => {
    const metadata = { id_token_signed_response_alg: alg, userinfo_signed_response_alg: alg }
    for (const flow of ['id_token', 'code id_token with s_hash']) {
      const config = await register(metadata, undefined, ...flows[flow][1])
      const answer = await signIn(config, kind(flow))
      if (flow !== 'id_token') await userInfo(config, answer)
    }
  })
}

for (const encryption of ENCRYPTION) {
  const { alg, crv, enc } = encryption
  await check(`ID tokens and UserInfo encrypted by ${[alg, crv, enc].filter(Boolean).join(' ')}`, async () => {
    const key = await decrypter(encryption)
    const metadata = {
      jwks: jwks(key),
      id_token_encrypted_response_alg: alg,
      id_token_encrypted_response_enc: enc,
      userinfo_signed_response_alg: 'ES256',
      userinfo_encrypted_response_alg: alg,
      userinfo_encrypted_response_enc: enc,
    }
    const decrypting = (config) => client.enableDecryptingResponses(config, [enc], key)
    const config = await register(metadata, undefined, client.useCodeIdTokenResponseType, decrypting)
    const tokens = await signIn(config, 'code id_token')
    expect(tokens.id_token.split('.').length === 5, 'the ID token is not encrypted')
    await userInfo(config, tokens)
  })
}

for (const alg of SIGNING) {
  await check(`a request object signed by ${alg}`, async () => {
    const key = await signer(alg)
    const config = await register({ jwks: jwks(key), request_object_signing_alg: alg })
    const build = (config, parameters) => client.buildAuthorizationUrlWithJAR(config, parameters, key)
    await userInfo(config, await signIn(config, 'code', {}, { build }))
  })
}

await check('it notices an exchanged code, state, nonce and ID token', async () => {
  const foreign = (_, secrets) => Object.assign(secrets, { expectedNonce: 'another' })
  const cases = [
    ['code id_token', 'c_hash', (received) => exchanged(received, 'code')],
    ['code id_token with s_hash', 's_hash', (received, secrets) => {
      exchanged(received, 'state')
      secrets.expectedState = new URLSearchParams(received.hash.slice(1)).get('state')
      return received
    }],
    ['id_token', 'nonce', (received, secrets) => foreign(received, secrets) && received],
    ['id_token', 'signature', (received) => exchanged(received, 'id_token')],
  ]
  for (const [flow, what, meddle] of cases) {
    const config = await register({}, undefined, ...flows[flow][1])
    const error = await refusal(signIn(config, kind(flow), {}, { meddle }))
    expect(`${error} ${error.cause}`.includes(what), `${what}: ${error} ${error.cause}`)
  }
})

await check('pairwise: another subject than for everybody', async () => {
  const subject = async (metadata) => {
    const config = await register(metadata)
    const tokens = await signIn(config, 'code')
    await userInfo(config, tokens)
    return tokens.claims().sub
  }
  const pairwise = { subject_type: 'pairwise' }
  const [everybody, own, again] = [await subject({}), await subject(pairwise), await subject(pairwise)]
  expect(own !== everybody && own === again, `${everybody} ${own} ${again}`)
})

await check('RP-initiated logout', async () => {
  const config = await register({})
  const tokens = await signIn(config, 'code')
  const state = client.randomState()
  const asked = { id_token_hint: tokens.id_token, post_logout_redirect_uri: signedOut, state }
  const answer = await browser.authorize(client.buildEndSessionUrl(config, asked), signedOut)
  expect(answer.searchParams.get('state') === state, `${answer}`)
  const error = await refusal(signIn(config, 'code', { prompt: 'none', scope: 'openid' }))
  expect(error.error === 'login_required', `${error}`)
})

await check('a wrong secret is refused for each method that has one', async () => {
  const secrets = {
    client_secret_basic: client.ClientSecretBasic,
    client_secret_post: client.ClientSecretPost,
    client_secret_jwt: client.ClientSecretJwt,
  }
  for (const [method, authenticate] of Object.entries(secrets)) {
    const config = await register({ token_endpoint_auth_method: method }, authenticate('wrong'))
    const error = await refusal(signIn(config, 'code'))
    expect(error.error === 'invalid_client' || error.status === 401, `${method}: ${error}`)
  }
})

await check('cookies on https are for this host alone', () => {
  expect(browser.cookies.length > 0 && browser.cookies.every((name) => name.startsWith('__Host-')), browser.cookies.join(' '))
})

finished()
