// Headless Chromium through the demo app: light, dark, on a narrow screen, and without JavaScript.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { check, expect, finished, parameter } from './harness.mjs'

const issuer = parameter('ISSUER')
const demoApp = parameter('DEMO_APP_URL')
const person = { username: parameter('USERNAME'), password: parameter('PASSWORD') }
const screenshots = parameter('COUNTERSIGN_SCREENSHOTS', '')
const origins = [new URL(issuer).origin, new URL(demoApp).origin]
const MOST_BYTES_OF_LOGIN = 15 * 1024

const looks = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 860 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 860 } },
  narrow: { colorScheme: 'light', viewport: { width: 360, height: 740 }, hasTouch: true },
}

const profile = mkdtempSync(join(tmpdir(), 'countersign-chromium-'))
process.on('exit', () => rmSync(profile, { recursive: true, force: true }))
const browser = await chromium.launch({
  executablePath: parameter('COUNTERSIGN_TEST_CHROMIUM', '/usr/bin/chromium'),
  env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
  args: [
    '--no-sandbox', // these pages are our own, and CI runs as root
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})

/** A fresh browser session that remembers everything a page of ours must never do. */
async function visitor(look, options = {}) {
  const context = await browser.newContext({ ...looks[look], ...options })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const faults = []
  page.on('pageerror', (error) => faults.push(`script error: ${error.message}`))
  page.on('console', (message) => {
    // Chromium also reports the error status of a page that is meant to have one.
    const isStatusOfPage = message.text().startsWith('Failed to load resource') && message.location().url === page.url()
    if (['error', 'warning'].includes(message.type()) && !isStatusOfPage) faults.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol !== 'data:' && !origins.includes(url.origin)) faults.push(`third-party request: ${url}`)
  })
  return { context, page, look, faults }
}

async function leave({ context, faults }) {
  await context.close()
  expect(faults.length === 0, faults.join('\n'))
}

/** The page is complete, fits its screen, and is kept as a picture when a folder was named. */
async function seen({ page, look }, name) {
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth])
  expect(wide <= screen, `${name} is ${wide} px wide on a screen of ${screen} px`)
  if (screenshots) await page.screenshot({ path: join(screenshots, `${name}-${look}.png`), fullPage: true })
}

/** Starts at the demo app and ends at the page of the issuer that `prompt` asks for. */
async function start({ context, page }, prompt) {
  const answer = await context.request.get(`${demoApp}/sign-in`, { maxRedirects: 0 })
  const url = new URL(answer.headers().location)
  if (prompt) url.searchParams.set('prompt', prompt)
  await page.goto(url.href)
}

async function logIn({ page }, password = person.password) {
  await page.fill('#username', person.username)
  await page.fill('#password', password)
  await page.click('#login-submit')
}

/** Allows what is asked when something is asked, and is back in the demo app then. */
async function allowIfAsked({ page }) {
  await page.waitForSelector('#consent-allow, #claims')
  if (await page.$('#consent-allow')) await page.click('#consent-allow')
  await page.waitForSelector('#claims')
}

async function signOut({ page }) {
  await page.click('#sign-out')
  await page.waitForSelector('#logout-yes, #signed-out')
  if (await page.$('#logout-yes')) await page.click('#logout-yes')
  await page.waitForSelector('#signed-out')
}

await check('the login page is small and comes from the issuer alone', async () => {
  const visit = await visitor('light')
  const sizes = []
  visit.page.on('response', (response) => {
    if (response.status() === 200) sizes.push(response.request().sizes().then((size) => size.responseBodySize))
  })
  await visit.page.goto(demoApp)
  await visit.page.waitForLoadState('networkidle')
  sizes.length = 0
  await visit.page.click('#sign-in')
  await visit.page.waitForSelector('#login-submit')
  await visit.page.waitForLoadState('networkidle')
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  expect(bytes > 0 && bytes < MOST_BYTES_OF_LOGIN, `the login page weighs ${bytes} bytes`)
  await leave(visit)
})

for (const look of Object.keys(looks)) {
  const visit = await visitor(look)
  const { page } = visit

  await check(`${look}: a wrong password is said, and the name is kept`, async () => {
    await page.goto(demoApp)
    await seen(visit, 'demo-start')
    await page.click('#sign-in')
    await page.waitForSelector('#login-submit')
    await seen(visit, 'login')
    await logIn(visit, `${person.password}, almost`)
    await page.waitForSelector('[role=alert]')
    expect((await page.inputValue('#username')) === person.username, 'the name is gone')
    expect((await page.inputValue('#password')) === '', 'the password came back')
    await seen(visit, 'login-wrong')
  })

  await check(`${look}: sign in and see the claims`, async () => {
    await logIn(visit)
    await allowIfAsked(visit)
    const claims = await page.innerText('#claims')
    expect(claims.includes(issuer), `the claims do not name the issuer: ${claims}`)
    await seen(visit, 'demo-signed-in')
  })

  await check(`${look}: call the API, add a note, refresh`, async () => {
    await page.click('#call-api')
    const called = await page.innerText('#api-result')
    expect(/GET \/me\n200/.test(called) && /GET \/notes\n200/.test(called), called)
    const note = `written by the ${look} browser <b>&amp;</b>`
    await page.fill('#title', note)
    await page.click('#add-note')
    const added = await page.innerText('#api-result')
    expect(/POST \/notes\n201/.test(added) && added.includes(note), added)
    await page.click('#refresh')
    await page.waitForSelector('#notice')
    await page.click('#call-api')
    expect((await page.innerText('#api-result')).includes('200'), 'the refreshed token is not accepted')
    await seen(visit, 'demo-api')
  })

  await check(`${look}: consent can be refused`, async () => {
    await start(visit, 'consent')
    await page.waitForSelector('#consent-deny')
    await seen(visit, 'consent')
    await page.click('#consent-deny')
    await page.waitForSelector('#problem')
    expect((await page.innerText('#problem')).includes('access_denied'), await page.innerText('#problem'))
  })

  await check(`${look}: sign out, here and at the issuer`, async () => {
    await page.goto(demoApp)
    await page.click('#sign-in')
    await allowIfAsked(visit)
    await signOut(visit)
    await seen(visit, 'demo-signed-out')
    await start(visit)
    await page.waitForSelector('#login-submit')
  })

  await check(`${look}: sign out at the issuer alone`, async () => {
    await logIn(visit)
    await allowIfAsked(visit)
    await page.goto(`${issuer}/logout`)
    await page.waitForSelector('#logout-yes')
    await seen(visit, 'logout')
    await page.click('#logout-yes')
    await page.waitForSelector('#logged-out-page')
    await seen(visit, 'logged-out')
  })

  await check(`${look}: an unregistered redirect URI gets an error page`, async () => {
    const query = new URLSearchParams({
      client_id: parameter('DEMO_CLIENT_ID', parameter('CLIENT_ID', 'demo-web')),
      redirect_uri: 'https://attacker.example/callback',
      response_type: 'code',
      scope: 'openid',
    })
    const response = await page.goto(`${issuer}/authorize?${query}`)
    expect(response.status() >= 400 && response.status() < 500, `status ${response.status()}`)
    await page.waitForSelector('#error-page')
    expect(page.url().startsWith(issuer), `sent to ${page.url()}`)
    await seen(visit, 'error')
  })

  await check(`${look}: no console error, no policy violation, no third party`, () => leave(visit))
}

await check('everything works without JavaScript', async () => {
  const visit = await visitor('light', { javaScriptEnabled: false })
  const { page } = visit
  await page.goto(demoApp)
  await page.click('#sign-in')
  await logIn(visit)
  await allowIfAsked(visit)
  await page.click('#call-api')
  await page.waitForSelector('#api-result')
  await signOut(visit)
  await leave(visit)
})

await browser.close()
finished()
