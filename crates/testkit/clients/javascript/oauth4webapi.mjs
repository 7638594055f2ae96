// oauth4webapi: every request and every check spelled out, signatures of ID and access tokens included.

import * as oauth from 'oauth4webapi'
import { Browser } from './browser.mjs'
import { check, expect, finished, parameter, privateKey, refusal } from './harness.mjs'

const issuer = new URL(parameter('ISSUER'))
const redirectUri = parameter('REDIRECT_URI')
const apiUrl = parameter('API_URL')
const apiScope = parameter('API_SCOPE', 'notes:read')
const person = { username: parameter('USERNAME'), password: parameter('PASSWORD') }
const options = { [oauth.allowInsecureRequests]: issuer.protocol === 'http:' }

const publicClient = { client_id: parameter('CLIENT_ID') }
const confidential = { client_id: parameter('CONFIDENTIAL_CLIENT_ID') }
const machine = { client_id: parameter('MACHINE_CLIENT_ID') }
const machineSecret = parameter('MACHINE_CLIENT_SECRET')
const basic = oauth.ClientSecretBasic(parameter('CONFIDENTIAL_CLIENT_SECRET'))

const server = await check('OpenID Connect discovery', async () =>
  oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oidc' })))

await check('RFC 8414 discovery says the same', async () => {
  const response = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' })
  const other = await oauth.processDiscoveryResponse(issuer, response)
  expect(other.token_endpoint === server.token_endpoint && other.jwks_uri === server.jwks_uri, JSON.stringify(other))
})

async function authorizationUrl(client, secrets, parameters) {
  const url = new URL(server.authorization_endpoint)
  const asked = {
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    code_challenge: await oauth.calculatePKCECodeChallenge(secrets.verifier),
    code_challenge_method: 'S256',
    state: secrets.state,
    nonce: secrets.nonce,
    ...parameters,
  }
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
  return url
}

function newSecrets() {
  return {
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
  }
}

/** The answer's parameters, wherever the response mode put them. */
async function answerOf(received) {
  if (received instanceof Request) return new URLSearchParams(await oauth.formPostResponse(received))
  return received.hash ? new URLSearchParams(received.hash.slice(1)) : received.searchParams
}

async function signIn(client, authentication, browser, parameters) {
  const secrets = newSecrets()
  const received = await browser.authorize(await authorizationUrl(client, secrets, parameters), redirectUri)
  const answer = oauth.validateAuthResponse(server, client, await answerOf(received), secrets.state)
  const request = oauth.authorizationCodeGrantRequest
  const response = await request(server, client, authentication, answer, redirectUri, secrets.verifier, options)
  const expected = { expectedNonce: secrets.nonce, requireIdToken: true }
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, expected)
  await oauth.validateApplicationLevelSignature(server, response, options)
  return tokens
}

async function refresh(client, authentication, token) {
  const response = await oauth.refreshTokenGrantRequest(server, client, authentication, token, options)
  return oauth.processRefreshTokenResponse(server, client, response)
}

async function introspect(token) {
  const response = await oauth.introspectionRequest(server, confidential, basic, token, options)
  return oauth.processIntrospectionResponse(server, confidential, response)
}

const browser = new Browser(person)
const tokens = await check('sign-in of a public client; the ID token is signed by the issuer', () =>
  signIn(publicClient, oauth.None(), browser, { scope: `openid profile email offline_access ${apiScope}` }))
const subject = oauth.getValidatedIdTokenClaims(tokens).sub

await check('UserInfo is the same person', async () => {
  const response = await oauth.userInfoRequest(server, publicClient, tokens.access_token, options)
  const claims = await oauth.processUserInfoResponse(server, publicClient, subject, response)
  expect(claims.email, JSON.stringify(claims))
})

await check('the access token is a JWT for the API (RFC 9068)', async () => {
  const request = new Request(`${apiUrl}/me`, { headers: { authorization: `Bearer ${tokens.access_token}` } })
  const claims = await oauth.validateJwtAccessToken(server, request, apiUrl, options)
  expect(claims.sub === subject && claims.client_id === publicClient.client_id, JSON.stringify(claims))
})

await check('refresh rotates', async () => {
  const next = await refresh(publicClient, oauth.None(), tokens.refresh_token)
  expect(next.refresh_token && next.refresh_token !== tokens.refresh_token, 'the refresh token was not rotated')
})

await check('an unknown refresh token is invalid_grant', async () => {
  const error = await refusal(refresh(publicClient, oauth.None(), `${tokens.refresh_token}x`))
  expect(error.error === 'invalid_grant', `${error}`)
})

for (const mode of ['query', 'fragment', 'form_post']) {
  await check(`response mode ${mode}`, async () => {
    const answer = await signIn(confidential, basic, browser, { scope: 'openid', response_mode: mode })
    expect(oauth.getValidatedIdTokenClaims(answer).sub === subject, 'another person')
  })
}

await check('prompt=login and max_age=0 ask again', async () => {
  for (const parameters of [{ prompt: 'login' }, { max_age: '0' }]) {
    browser.pages = []
    await signIn(confidential, basic, browser, { scope: 'openid', ...parameters })
    expect(browser.pages.includes('login-page'), `${JSON.stringify(parameters)}: ${browser.pages.join(' → ')}`)
  }
})

await check('an answer that refuses carries iss and state', async () => {
  const secrets = newSecrets()
  const url = await authorizationUrl(publicClient, secrets, { scope: 'openid', response_type: 'token' })
  const answer = await answerOf(await browser.authorize(url, redirectUri))
  const error = await refusal((async () => oauth.validateAuthResponse(server, publicClient, answer, secrets.state))())
  expect(error.error === 'unsupported_response_type', `${error}`)
})

await check('an unregistered redirect URI gets a page, never a redirect', async () => {
  const url = await authorizationUrl(publicClient, newSecrets(), { scope: 'openid', redirect_uri: 'https://attacker.example/cb' })
  const page = await browser.open(url, 'https://attacker.example/cb')
  expect(page === 'error-page', `ended at ${page}`)
})

await check('introspection and revocation', async () => {
  const mine = await signIn(confidential, basic, browser, { scope: 'openid offline_access' })
  const before = await introspect(mine.access_token)
  expect(before.active && before.sub === subject && before.iss === server.issuer, JSON.stringify(before))
  const revoked = await oauth.revocationRequest(server, confidential, basic, mine.access_token, options)
  await oauth.processRevocationResponse(revoked)
  expect(!(await introspect(mine.access_token)).active, 'still active')
  expect(!(await introspect('not-a-token')).active, 'nonsense is active')
})

const { key, kid } = await privateKey()
const methods = {
  client_secret_basic: [machine, oauth.ClientSecretBasic(machineSecret)],
  client_secret_post: [machine, oauth.ClientSecretPost(machineSecret)],
  private_key_jwt: [{ client_id: parameter('KEY_CLIENT_ID') }, oauth.PrivateKeyJwt({ key, kid })],
}
for (const [method, [client, authentication]] of Object.entries(methods)) {
  await check(`client credentials with ${method}`, async () => {
    const asked = new URLSearchParams({ scope: apiScope })
    const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, asked, options)
    const answer = await oauth.processClientCredentialsResponse(server, client, response)
    const request = new Request(`${apiUrl}/me`, { headers: { authorization: `Bearer ${answer.access_token}` } })
    const claims = await oauth.validateJwtAccessToken(server, request, apiUrl, options)
    expect(claims.sub === client.client_id, JSON.stringify(claims))
  })
}

await check('an assertion is good once', async () => {
  const client = { client_id: parameter('KEY_CLIENT_ID') }
  const fixed = oauth.generateRandomState()
  const options_ = { [oauth.modifyAssertion]: (_header, claims) => { claims.jti = fixed } }
  const authentication = oauth.PrivateKeyJwt({ key, kid }, options_)
  const ask = async () => {
    const asked = new URLSearchParams({ scope: apiScope })
    const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, asked, options)
    return oauth.processClientCredentialsResponse(server, client, response)
  }
  await ask()
  const error = await refusal(ask())
  expect(error.error === 'invalid_client' || error.status === 401, `${error}`)
})

await check('logout without a hint asks, then says so', async () => {
  const page = await browser.open(server.end_session_endpoint)
  expect(page === 'logged-out-page', `ended at ${page}`)
  browser.pages = []
  await signIn(publicClient, oauth.None(), browser, { scope: 'openid' })
  expect(browser.pages.includes('login-page'), browser.pages.join(' → '))
})

finished()
