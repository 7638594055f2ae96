// Every page in every state, as the test rendered it, in headless Chromium: axe-core, policy, narrow screens, space between
// letters, the dark, forced colours, right to left, sentences that no language file has. `pages-checks.mjs` is what runs inside
// the page.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { check, expect, finished, parameter } from './harness.mjs'
import { fits, focusIsSeen, hasBorders, isTranslated, spread } from './pages-checks.mjs'

const { pages, files } = JSON.parse(readFileSync(parameter('SAMPLES'), 'utf8'))
const screenshots = parameter('COUNTERSIGN_SCREENSHOTS', '')
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const WIDE = { width: 1280, height: 860 }
const NARROW = { width: 320, height: 640 }

/** The samples and files of the test, with the headers that the server would send. */
const server = createServer((request, response) => {
  const path = new URL(request.url, 'http://server').pathname
  const page = pages.find((page) => path === `/${page.locale}/${page.name}`)
  const file = files.find((file) => path === file.path)
  if (page) response.writeHead(200, { ...page.headers, 'content-type': 'text/html; charset=utf-8' }).end(page.html)
  else if (file) response.writeHead(200, { ...file.headers, 'content-type': file.type }).end(file.body)
  // A script that asks for something, such as the options of a passkey, gets nothing that it could use.
  else if (request.method === 'POST') response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  else response.writeHead(404).end()
})
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const origin = `http://127.0.0.1:${server.address().port}`

const profile = mkdtempSync(join(tmpdir(), 'countersign-chromium-'))
process.on('exit', () => rmSync(profile, { recursive: true, force: true }))
const browser = await chromium.launch({
  executablePath: parameter('COUNTERSIGN_TEST_CHROMIUM', '/usr/bin/chromium'),
  env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
})

/** What belongs to others is empty here: an app's logo, its page in a frame. */
async function others(route) {
  const isPicture = route.request().resourceType() === 'image'
  const picture = '<svg xmlns="http://www.w3.org/2000/svg" width="44" height="44"><rect width="44" height="44" fill="#2a7"/></svg>'
  await route.fulfill(isPicture ? { contentType: 'image/svg+xml', body: picture } : { contentType: 'text/html', body: '' })
}

/** These do nothing but send the browser away; `demo-app.mjs` and `frontchannel-logout.mjs` walk through them. */
const SENDS_AWAY = /\/(form_post|frontchannel_logout)\b[^/]*\.js$/
// The pages of the error codes are all made alike.
const LEFT_OUT = [/^code-(?!invalid-grant|insufficient-scope)/]
const results = new Map()

/** Opens each sample of a language once and gathers what `look` finds wrong with it. */
async function each(locale, options, look) {
  const { init, ...looks } = options
  const context = await browser.newContext({ viewport: WIDE, reducedMotion: 'reduce', ...looks })
  context.setDefaultTimeout(15_000)
  if (init) await context.addInitScript({ path: init })
  await context.route((url) => url.origin !== origin && url.protocol !== 'data:', others)
  await context.route(SENDS_AWAY, (route) => route.fulfill({ contentType: 'text/javascript', body: '' }))
  const tab = await context.newPage()
  let name
  const report = (what, faults) => {
    const before = results.get(what) ?? []
    results.set(what, [...before, ...faults.map((fault) => `${name} (${locale}): ${fault}`)])
  }
  const CLEAN = 'no script error, no policy violation, nothing on the console'
  report(CLEAN, [])
  tab.on('pageerror', (error) => report(CLEAN, [error.message]))
  tab.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) report(CLEAN, [message.text()])
  })
  for (const page of pages) {
    name = page.name
    if (page.locale !== locale || LEFT_OUT.some((pattern) => pattern.test(name))) continue
    await tab.goto(`${origin}/${locale}/${name}`)
    await look(tab, page, report)
  }
  await context.close()
}

async function picture(tab, { name, locale }, look) {
  if (screenshots) await tab.screenshot({ path: join(screenshots, `${name}-${locale}-${look}.png`), fullPage: true })
}

/** The violations of axe-core, each with the element and the reason. */
async function violations(tab, runOnly) {
  const found = await tab.evaluate(
    (runOnly) => window.axe.run(document, { runOnly, resultTypes: ['violations'], iframes: false, rules: { 'target-size': { enabled: true } } }),
    runOnly,
  )
  return found.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary?.replace(/\s+/g, ' ')}`),
  )
}

/** One language for what does not depend on the words. */
async function looks(tab, page, report) {
  await picture(tab, page, 'light')
  report('axe-core finds no violation on any page in any state', await violations(tab, { type: 'tag', values: RULES }))
  report('the focus is seen', await tab.evaluate(focusIsSeen))
  await tab.emulateMedia({ colorScheme: 'dark' })
  await picture(tab, page, 'dark')
  report('in the dark everything can be read', await violations(tab, { type: 'rule', values: ['color-contrast'] }))
  await tab.emulateMedia({ colorScheme: 'light', forcedColors: 'active' })
  await picture(tab, page, 'forced')
  report('with forced colours controls have edges, with reduced motion nothing moves', await tab.evaluate(hasBorders))
  await tab.emulateMedia({ forcedColors: 'none' })
}

/** Every length of words and both directions on the narrowest screen. */
async function sizes(tab, page, report) {
  await tab.setViewportSize(NARROW)
  await picture(tab, page, '320')
  report('everything fits on 320 pixels', await tab.evaluate(fits))
  await tab.evaluate(spread)
  report('everything fits on 320 pixels with more space between the letters', await tab.evaluate(fits))
  // The words of the catalogue of errors are for developers and stay English.
  if (page.locale === 'en-XA' && !/^(catalogue|code)/.test(page.name)) report('every sentence comes from the language files', await tab.evaluate(isTranslated))
  if (page.locale === 'ar-XB') {
    await tab.evaluate(() => (document.adoptedStyleSheets = []))
    await tab.setViewportSize(WIDE)
    await picture(tab, page, 'wide')
    report('everything fits from right to left on a wide screen', await tab.evaluate(fits))
  }
}

await Promise.all([
  each('en', { init: axe }, looks),
  (async () => {
    for (const locale of ['de', 'en-XA', 'ar-XB']) await each(locale, { hasTouch: true }, sizes)
  })(),
])

await browser.close()
server.close()
for (const [what, faults] of results) {
  if (faults.length > 0) console.error([what, ...faults].join('\n'))
}
for (const [what, faults] of results) {
  await check(what, () => expect(faults.length === 0, `${faults.length} faults, see above`))
}
finished()
