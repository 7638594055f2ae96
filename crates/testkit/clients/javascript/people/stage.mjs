// What every flow shares: a browser, people in it who notice whatever goes wrong, apps, mail, and the line to the test, which
// moves the clock and knows the database. No flow.

import { createHash, createHmac, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { check, expect, finished, jwtPart, parameter } from '../harness.mjs'

export const issuer = parameter('ISSUER')
/** Where the example service is, in flows that have one. */
export const api = parameter('API', '')
export const PASSWORD = parameter('PASSWORD')
export const NEW_PASSWORD = 'a quite different phrase of many words'
/** Whether the browser runs the scripts of our pages. */
export const scripts = parameter('SCRIPTS', 'run') === 'run'
const screenshots = parameter('COUNTERSIGN_SCREENSHOTS', '')
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const WIDE = { width: 1280, height: 860 }
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

// The line to the test.

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** Has the test do something; gives its answer, which always has `now`. */
export async function ask(what, more = {}) {
  console.log(`@${JSON.stringify({ do: what, ...more })}`)
  return JSON.parse((await lines.next()).value)
}

/** Moves the clock of the server. */
export const wait = (seconds) => ask('wait', { seconds })
export const MINUTE = 60
export const HOUR = 3600

// Flows.

const flows = new Map()
const visits = new Set()
/** Pages that axe-core saw, by id and words. */
const inOrder = new Set()
let browser
let pictures = 0

/** One walk from beginning to end, by the name of its test. */
export function flow(name, walk) {
  flows.set(name, walk)
}

/** Walks through the flow that the test named. */
export async function perform() {
  const name = parameter('FLOW')
  expect(flows.has(name), `no flow is called ${name}`)
  const profile = mkdtempSync(join(tmpdir(), 'countersign-chromium-'))
  process.on('exit', () => rmSync(profile, { recursive: true, force: true }))
  browser = await chromium.launch({
    executablePath: parameter('COUNTERSIGN_TEST_CHROMIUM', '/usr/bin/chromium'),
    env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  })
  await check(name, async () => {
    try {
      await flows.get(name)()
      const faults = [...visits].flatMap((visit) => visit.faults)
      expect(faults.length === 0, faults.join('\n'))
    } catch (error) {
      for (const visit of visits) {
        for (const tab of visit.context.pages()) console.error(`was at ${tab.url()}\n${await words(tab)}`)
        console.error(visit.faults.join('\n'))
      }
      throw error
    }
  })
  await browser.close()
  apps.close()
  lines.return?.()
  process.stdin.destroy()
  finished()
}

const words = (tab) => tab.innerText('body', { timeout: 2_000 }).catch(() => '(no words)')

// People in a browser.

/** A fresh browser; its owner remembers everything that a page of ours must never do. */
export async function visitor(options = {}) {
  const { init, ...rest } = options
  const context = await browser.newContext({ javaScriptEnabled: scripts, viewport: WIDE, ignoreHTTPSErrors: api !== '', ...rest })
  context.setDefaultTimeout(Number(parameter('PATIENCE', 15_000)))
  if (scripts) {
    await context.addInitScript({ path: axe })
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))
    })
    if (init) await context.addInitScript(init)
  }
  const visit = new Visit(context)
  visits.add(visit)
  context.on('page', (tab) => visit.watch(tab))
  visit.page = await context.newPage()
  return visit
}

class Visit {
  faults = []

  constructor(context) {
    this.context = context
  }

  watch(tab) {
    tab.on('pageerror', (error) => this.faults.push(`script error at ${tab.url()}: ${error.message}`))
    tab.on('console', (message) => {
      // Chromium also reports the error status of a page that is meant to have one, and of what the API refuses.
      const isStatus = /^Failed to load resource: the server responded with a status of 4/.test(message.text())
      const { url } = message.location()
      const isMeant = isStatus && (url === tab.url() || (api !== '' && url.startsWith(`${api}/`)))
      if (['error', 'warning'].includes(message.type()) && !isMeant) this.faults.push(`console: ${message.text()}`)
    })
    tab.on('request', (request) => {
      const url = new URL(request.url())
      const isToApp = url.origin === apps.origin && request.isNavigationRequest()
      if (url.protocol !== 'data:' && ![issuer, api].includes(url.origin) && !isToApp) this.faults.push(`request to somebody else: ${url}`)
    })
  }

  /** The same browser with another tab: a visit of its own for the page, of this one for all else. */
  async tab() {
    return Object.assign(Object.create(this), { page: await this.context.newPage() })
  }

  goto(url) {
    return this.page.goto(url.startsWith('/') ? issuer + url : url)
  }

  fill(field, text) {
    return this.page.fill(field, text)
  }

  click(control) {
    return this.page.click(control)
  }

  /** Is at the page of this id, which is in order. */
  async at(id) {
    await this.page.waitForSelector(`#${id}`, { state: 'attached' })
    // Its style sheets have come: without them nothing has its size.
    await this.page.waitForLoadState('load')
    pictures += 1
    const seen = `${id} ${await words(this.page)}`
    if (scripts && !inOrder.has(seen)) {
      inOrder.add(seen)
      const found = await this.page.evaluate((values) => window.axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] }), RULES)
      for (const rule of found.violations) {
        for (const node of rule.nodes) this.faults.push(`${id}: ${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`)
      }
    }
    if (screenshots) await this.picture(id)
  }

  /** In the light, in the dark, and on the narrowest screen. */
  async picture(id) {
    const name = [parameter('FLOW'), scripts ? '' : 'without-scripts', String(pictures).padStart(2, '0'), id].filter(Boolean).join('-')
    const take = (look) => this.page.screenshot({ path: join(screenshots, `${name}-${look}.png`), fullPage: true })
    await take('light')
    await this.page.emulateMedia({ colorScheme: 'dark' })
    await take('dark')
    await this.page.emulateMedia({ colorScheme: 'light' })
    await this.page.setViewportSize({ width: 320, height: 640 })
    await take('320')
    await this.page.setViewportSize(WIDE)
  }

  /** Says this, somewhere where people see it. */
  async says(sentence) {
    await this.page.getByText(sentence).first().waitFor()
  }

  /** Types name and password on the sign-in page. */
  async signIn(name, password = PASSWORD) {
    await this.at('login-page')
    if (await this.page.isEditable('#username')) await this.fill('#username', name)
    await this.fill('#password', password)
    await this.click('#login-submit')
  }

  /** Back at the app; gives what it was told. */
  async back(app) {
    await this.page.waitForURL((url) => url.href.startsWith(app.redirectUri))
    return Object.fromEntries(new URL(this.page.url()).searchParams)
  }

  /** Back at the app with a code; gives what the app then knows. */
  async signedIn(app) {
    const answer = await this.back(app)
    expect(answer.code, `${app.id} was told ${JSON.stringify(answer)}`)
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code: answer.code,
      redirect_uri: app.redirectUri,
      client_id: app.id,
      code_verifier: parameter('VERIFIER'),
    })
    const response = await fetch(`${issuer}/token`, { method: 'POST', body: form })
    const tokens = await response.json()
    expect(response.ok, JSON.stringify(tokens))
    const info = await fetch(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })
    return { ...(await info.json()), ...jwtPart(tokens.id_token, 1) }
  }

  clearCookies() {
    return this.context.clearCookies()
  }
}

// Apps.

/** All apps live here; each has a path of its own. */
const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
  response.end('<!doctype html><html lang="en"><title>An app</title><link rel="icon" href="data:,"><main><h1>An app</h1></main>')
})
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const apps = { origin: `http://localhost:${server.address().port}`, close: () => server.close() }

/** An app of the operator, unless `metadata` says otherwise. */
export async function app(id, metadata = {}) {
  const redirectUri = `${apps.origin}/${id}/callback`
  await ask('app', {
    id,
    metadata: {
      client_name: `App ${id}`,
      client_uri: `${apps.origin}/${id}/`,
      token_endpoint_auth_method: 'none',
      consent_policy: 'first_party',
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [],
      ...metadata,
    },
  })
  const challenge = createHash('sha256').update(parameter('VERIFIER')).digest('base64url')
  const authorize = (parameters = {}) => {
    const query = new URLSearchParams({
      client_id: id,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid profile email',
      state: randomBytes(8).toString('hex'),
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...parameters,
    })
    return `${issuer}/authorize?${query}`
  }
  return { id, redirectUri, authorize }
}

// Mail.

const read = new Set()
const plain = (html) => {
  const named = { amp: '&', lt: '<', gt: '>', quot: '"' }
  return html.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)).replace(/&(\w+);/g, (all, name) => named[name] ?? all)
}

/** A message to this address that says this and that nobody read: its subject, its text, its first link of ours, its code. */
export async function mail(address, like = /./) {
  for (let tries = 0; tries < 200; tries += 1) {
    const list = await (await fetch(`${issuer}/dev/mailbox`)).text()
    for (const [, href, subject, recipient] of list.matchAll(/<dt><a href="([^"]+)"><bdi>(.*?)<\/bdi>.*?<dd[^>]*><bdi>(.*?)<\/bdi>/gs)) {
      if (plain(recipient) !== address || read.has(href)) continue
      const page = await (await fetch(new URL(href, issuer))).text()
      const text = plain(page.match(/<pre id="message-text"[^>]*>(.*?)<\/pre>/s)[1])
      if (!like.test(`${plain(subject)}\n${text}`)) continue
      read.add(href)
      const link = text.match(new RegExp(`${issuer}/[^\\s>)]+`))?.[0]
      return { subject: plain(subject), text, link, code: text.match(/^\s*(\d{4} ?\d{4})\s*$/m)?.[1].replace(/ /g, '') }
    }
    await new Promise((later) => setTimeout(later, 50))
  }
  throw new Error(`no such mail came to ${address}`)
}

// What people have at hand.

/** What an authenticator app shows for this secret (RFC 6238, RFC 4226 §5.3). */
export async function totp(secret, ahead = 0) {
  const { now } = await wait(0)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret.replace(/\s/g, '')].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((octet) => parseInt(octet, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30) + ahead))
  const mac = createHmac('sha1', key).update(counter).digest()
  const at = mac[19] & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** A device that keeps passkeys and checks who holds it; in this tab. */
export async function device({ context, page }, transport = 'internal') {
  const line = await context.newCDPSession(page)
  await line.send('WebAuthn.enable', { enableUI: false })
  const { authenticatorId } = await line.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  const tell = (what, more) => line.send(`WebAuthn.${what}`, { authenticatorId, ...more })
  return {
    /** Whether somebody touches it as soon as it asks. */
    touched: (enabled) => tell('setAutomaticPresenceSimulation', { enabled }),
    /** Whether whoever touches it is its owner. */
    isOwners: (isUserVerified) => tell('setUserVerified', { isUserVerified }),
    passkeys: async () => (await tell('getCredentials')).credentials,
    gone: () => tell('removeVirtualAuthenticator'),
  }
}

export { expect }
