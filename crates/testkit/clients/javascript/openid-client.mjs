// openid-client, as its documentation shows it: the whole life of a grant, client credentials, logout.

import * as client from 'openid-client'
import { Browser } from './browser.mjs'
import { check, expect, finished, jwtPart, parameter, privateKey, refusal } from './harness.mjs'

const issuer = new URL(parameter('ISSUER'))
const redirectUri = parameter('REDIRECT_URI')
const apiUrl = parameter('API_URL')
const apiScope = parameter('API_SCOPE', 'notes:read')
const person = { username: parameter('USERNAME'), password: parameter('PASSWORD') }
const confidential = [parameter('CONFIDENTIAL_CLIENT_ID'), parameter('CONFIDENTIAL_CLIENT_SECRET')]
const machine = [parameter('MACHINE_CLIENT_ID'), parameter('MACHINE_CLIENT_SECRET')]

/** Discovery, and from then on every ID token's signature is checked. */
async function discover(clientId, authentication) {
  const execute = issuer.protocol === 'http:' ? [client.allowInsecureRequests] : []
  return client.discovery(issuer, clientId, undefined, authentication, { execute: [...execute, client.enableNonRepudiationChecks] })
}

/** One sign-in: from the authorization URL to the checked token response. */
async function signIn(config, browser, parameters) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  }
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...parameters,
  })
  return client.authorizationCodeGrant(config, await browser.authorize(url, redirectUri), checks)
}

const browser = new Browser(person)
const publicConfig = await check('discovery', () => discover(parameter('CLIENT_ID'), client.None()))

await check('the metadata names what is used here', () => {
  const metadata = publicConfig.serverMetadata()
  expect(metadata.issuer === parameter('ISSUER'), `issuer is ${metadata.issuer}`)
  expect(metadata.authorization_response_iss_parameter_supported === true, 'iss is not announced')
  expect(metadata.supportsPKCE('S256'), 'S256 is not announced')
  for (const name of ['introspection_endpoint', 'revocation_endpoint', 'end_session_endpoint', 'userinfo_endpoint']) {
    expect(metadata[name], `${name} is missing`)
  }
})

const tokens = await check('sign-in of a public client with PKCE', () =>
  signIn(publicConfig, browser, { scope: `openid profile email offline_access ${apiScope}` }))

await check('the pages were a login first', () => expect(browser.pages[0] === 'login-page', browser.pages.join(' → ')))

await check('UserInfo is the same person', async () => {
  const claims = await client.fetchUserInfo(publicConfig, tokens.access_token, tokens.claims().sub)
  expect(claims.email && typeof claims.email_verified === 'boolean', JSON.stringify(claims))
})

await check('the access token is for the API', () => {
  const claims = jwtPart(tokens.access_token, 1)
  expect([claims.aud].flat().includes(apiUrl), `aud is ${claims.aud}`)
  expect(tokens.scope.split(' ').includes(apiScope), `scope is ${tokens.scope}`)
})

const refreshed = await check('refresh gives a new refresh token', async () => {
  const next = await client.refreshTokenGrant(publicConfig, tokens.refresh_token)
  expect(next.refresh_token && next.refresh_token !== tokens.refresh_token, 'the refresh token was not rotated')
  expect(next.access_token !== tokens.access_token, 'the access token is the same')
  return next
})

await check('the new refresh token works, for a narrower scope too', async () => {
  const next = await client.refreshTokenGrant(publicConfig, refreshed.refresh_token, { scope: 'openid' })
  expect(next.scope === undefined || next.scope === 'openid', `scope is ${next.scope}`)
})

await check('single sign-on asks no password again', async () => {
  browser.pages = []
  await signIn(publicConfig, browser, { scope: 'openid' })
  expect(!browser.pages.includes('login-page'), browser.pages.join(' → '))
})

await check('prompt=none in a fresh browser is login_required', async () => {
  const error = await refusal(signIn(publicConfig, new Browser(person), { scope: 'openid', prompt: 'none' }))
  expect(error.error === 'login_required', `${error}`)
})

await check('a code is redeemed once', async () => {
  const [verifier, state] = [client.randomPKCECodeVerifier(), client.randomState()]
  const challenge = await client.calculatePKCECodeChallenge(verifier)
  const asked = { redirect_uri: redirectUri, scope: 'openid', code_challenge: challenge, code_challenge_method: 'S256', state }
  const answer = await browser.authorize(client.buildAuthorizationUrl(publicConfig, asked), redirectUri)
  const redeem = () => client.authorizationCodeGrant(publicConfig, answer, { pkceCodeVerifier: verifier, expectedState: state })
  await redeem()
  const error = await refusal(redeem())
  expect(error.error === 'invalid_grant', `${error}`)
})

const basic = await check('discovery with a secret', () => discover(confidential[0], client.ClientSecretBasic(confidential[1])))

const opaque = await check('sign-in of a confidential client, answered by form_post', () =>
  signIn(basic, browser, { scope: 'openid profile offline_access', response_mode: 'form_post' }))

await check('introspection knows the tokens', async () => {
  const answer = await client.tokenIntrospection(basic, opaque.access_token)
  expect(answer.active && answer.client_id === confidential[0], JSON.stringify(answer))
  expect((await client.tokenIntrospection(basic, opaque.refresh_token)).active, 'the refresh token is not active')
})

await check('revocation ends the grant', async () => {
  await client.tokenRevocation(basic, opaque.refresh_token, { token_type_hint: 'refresh_token' })
  const error = await refusal(client.refreshTokenGrant(basic, opaque.refresh_token))
  expect(error.error === 'invalid_grant', `${error}`)
  expect(!(await client.tokenIntrospection(basic, opaque.access_token)).active, 'the access token is still active')
})

const { key, kid } = await privateKey()
const methods = {
  client_secret_basic: [machine[0], client.ClientSecretBasic(machine[1])],
  client_secret_post: [machine[0], client.ClientSecretPost(machine[1])],
  private_key_jwt: [parameter('KEY_CLIENT_ID'), client.PrivateKeyJwt({ key, kid })],
}
for (const [method, [clientId, authentication]] of Object.entries(methods)) {
  await check(`client credentials with ${method}`, async () => {
    const config = await discover(clientId, authentication)
    const answer = await client.clientCredentialsGrant(config, { scope: apiScope })
    const claims = jwtPart(answer.access_token, 1)
    expect(claims.sub === clientId && claims.client_id === clientId, JSON.stringify(claims))
    expect(answer.refresh_token === undefined && answer.id_token === undefined, 'more than an access token')
  })
}

await check('a wrong secret is invalid_client', async () => {
  const config = await discover(machine[0], client.ClientSecretBasic('not the secret'))
  const error = await refusal(client.clientCredentialsGrant(config, { scope: apiScope }))
  const told = error.error ?? error.cause?.[0]?.parameters?.error ?? `${error}`
  expect(error.status === 401 || told === 'invalid_client', `${told}`)
})

await check('RP-initiated logout ends at the registered address and ends the session', async () => {
  const fresh = new Browser(person)
  const mine = await signIn(basic, fresh, { scope: 'openid' })
  const back = parameter('POST_LOGOUT_REDIRECT_URI')
  const state = client.randomState()
  const url = client.buildEndSessionUrl(basic, { id_token_hint: mine.id_token, post_logout_redirect_uri: back, state })
  const answer = await fresh.authorize(url, back)
  expect(answer.searchParams.get('state') === state, `${answer}`)
  const error = await refusal(signIn(basic, fresh, { scope: 'openid', prompt: 'none' }))
  expect(error.error === 'login_required', `${error}`)
})

finished()
