// Front-channel logout in headless Chromium: the pages of both clients are loaded in frames, with `iss` and `sid`, and the
// browser goes on when they are there, when one of them hangs, and without JavaScript.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { check, expect, finished, jwtPart, parameter } from './harness.mjs'

const issuer = parameter('ISSUER')
const clients = parameter('CLIENTS') // [{ id, authorize, redirectUri, signedOut, front }]
const hanging = parameter('HANGING') // the same, for a client whose page never comes
const person = { username: parameter('USERNAME'), password: parameter('PASSWORD') }
const screenshots = parameter('COUNTERSIGN_SCREENSHOTS', '')

const looks = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 860 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 860 } },
  narrow: { colorScheme: 'light', viewport: { width: 320, height: 640 }, hasTouch: true },
}

const profile = mkdtempSync(join(tmpdir(), 'countersign-chromium-'))
process.on('exit', () => rmSync(profile, { recursive: true, force: true }))
const browser = await chromium.launch({
  executablePath: parameter('COUNTERSIGN_TEST_CHROMIUM', '/usr/bin/chromium'),
  env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
})

/** A fresh browser; the certificate of the clients is that of a test. */
async function visitor(look, options = {}) {
  const context = await browser.newContext({ ...looks[look], ignoreHTTPSErrors: true, ...options })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const [faults, framed] = [[], []]
  page.on('pageerror', (error) => faults.push(`script error: ${error.message}`))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    if (request.isNavigationRequest() && request.frame() !== page.mainFrame()) framed.push(request.url())
  })
  return { context, page, look, faults, framed }
}

async function leave({ context, faults }) {
  await context.close()
  expect(faults.length === 0, faults.join('\n'))
}

async function seen({ page, look }, name) {
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth])
  expect(wide <= screen, `${name} is ${wide} px wide on a screen of ${screen} px`)
  if (screenshots) await page.screenshot({ path: join(screenshots, `${name}-${look}.png`), fullPage: true })
}

/** Signs in to a client and gives its ID token. */
async function signIn({ page }, client) {
  await page.goto(client.authorize)
  if (await page.$('#login-submit')) {
    await page.fill('#username', person.username)
    await page.fill('#password', person.password)
    await page.click('#login-submit')
  }
  await page.waitForURL((url) => url.href.startsWith(client.redirectUri))
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: new URL(page.url()).searchParams.get('code'),
    redirect_uri: client.redirectUri,
    client_id: client.id,
    code_verifier: parameter('VERIFIER'),
  })
  const answer = await fetch(`${issuer}/token`, { method: 'POST', body: form })
  return (await answer.json()).id_token
}

function logoutUrl(idToken, client) {
  const query = new URLSearchParams({ id_token_hint: idToken, post_logout_redirect_uri: client.signedOut, state: 'a b' })
  return `${issuer}/logout?${query}`
}

/** Each client by the name that its own ID token has for the session. */
function wereLoaded({ framed }, told, idTokens) {
  const expected = told.map(({ front }, number) => {
    const url = new URL(front)
    url.searchParams.append('iss', issuer)
    url.searchParams.append('sid', jwtPart(idTokens[number], 1).sid)
    return url.href
  })
  expect(JSON.stringify([...framed].sort()) === JSON.stringify(expected.sort()), `loaded ${framed}, not ${expected}`)
}

/** Signs in to all of them, out of one, and ends at its page. Gives how long the last step took. */
async function signOut(visit, told) {
  const idTokens = []
  for (const client of told) idTokens.push(await signIn(visit, client))
  const last = told.at(-1)
  const began = Date.now()
  await visit.page.goto(logoutUrl(idTokens.at(-1), last), { waitUntil: 'commit' })
  await visit.page.waitForURL(`${last.signedOut}?state=a%20b`)
  wereLoaded(visit, told, idTokens)
  return Date.now() - began
}

await check('all clients are told, and the browser goes on at once', async () => {
  const visit = await visitor('light')
  const took = await signOut(visit, clients)
  expect(took < 2_500, `it took ${took} ms`)
  await leave(visit)
})

await check('a client that does not answer is waited for three seconds', async () => {
  const visit = await visitor('light')
  const took = await signOut(visit, [hanging, ...clients])
  expect(took >= 2_500 && took < 8_000, `it took ${took} ms`)
  await leave(visit)
})

await check('without JavaScript it goes on by itself, too', async () => {
  const visit = await visitor('light', { javaScriptEnabled: false })
  const took = await signOut(visit, clients)
  expect(took < 8_000, `it took ${took} ms`)
  await leave(visit)
})

for (const look of Object.keys(looks)) {
  await check(`${look}: the page that waits, with a way on for those who do not want to`, async () => {
    const visit = await visitor(look)
    const idToken = await signIn(visit, hanging)
    await visit.page.goto(logoutUrl(idToken, hanging), { waitUntil: 'domcontentloaded' })
    await visit.page.waitForSelector('#frontchannel-logout-page')
    await seen(visit, 'frontchannel-logout')
    await visit.page.click('#onward')
    await visit.page.waitForURL(`${hanging.signedOut}?state=a%20b`)
    await leave(visit)
  })

  await check(`${look}: the logged-out page with frames stays`, async () => {
    const visit = await visitor(look)
    const idToken = await signIn(visit, clients[0])
    await visit.page.goto(`${issuer}/logout?id_token_hint=${idToken}`)
    await visit.page.waitForSelector('#logged-out-page')
    wereLoaded(visit, [clients[0]], [idToken])
    await seen(visit, 'logged-out-frames')
    await leave(visit)
  })

  await check(`${look}: an app that nobody vouches for gets a link`, async () => {
    const visit = await visitor(look)
    await signIn(visit, clients[0])
    const query = new URLSearchParams({ client_id: clients[0].id, post_logout_redirect_uri: clients[0].signedOut })
    await visit.page.goto(`${issuer}/logout?${query}`)
    await visit.page.click('#logout-yes')
    await visit.page.waitForSelector('#logged-out-page')
    await seen(visit, 'logged-out-onward')
    await visit.page.click('#onward')
    await visit.page.waitForURL(clients[0].signedOut)
    await leave(visit)
  })
}

await browser.close()
finished()
