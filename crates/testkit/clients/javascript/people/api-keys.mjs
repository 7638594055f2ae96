// API keys in the account console, and what they are good for.

import { MINUTE, api, expect, flow, mail, perform, scripts, visitor, wait } from './stage.mjs'

const EMAIL = 'alice@example.test'
const KEYS = '/account/api-keys'

/** Signed in, at the list. */
async function atKeys() {
  const visit = await visitor()
  await visit.goto(KEYS)
  await visit.signIn('alice')
  await visit.at('api-keys-page')
  return visit
}

/** From the list to the form. */
async function wantsOne(visit) {
  await visit.goto(KEYS)
  await visit.click('#api-key-add')
  await visit.at('api-key-new-page')
}

const permission = (visit, name) => visit.page.locator(`input[name=permission][value="${name}"]`)

/** Fills the form in and sends it; gives the key. */
async function makes(visit, { name, permissions, networks = '' }) {
  await wantsOne(visit)
  await visit.fill('#name', name)
  for (const one of permissions) await permission(visit, one).check()
  await visit.page.selectOption('#lifetime', '30')
  await visit.fill('#networks', networks)
  await visit.click('#api-key-submit')
  return shown(visit)
}

/** What the page shows, this once. */
async function shown(visit) {
  await visit.at('api-key-made-page')
  const key = await visit.page.innerText('#api-key')
  expect(/^cs_key_\w+$/.test(key), `this is the key: ${key}`)
  if (scripts) {
    await visit.page.getByRole('button', { name: 'Copy' }).click()
    await visit.says('Copied')
  }
  await visit.click('#api-key-kept')
  await visit.at('api-keys-page')
  expect(!(await visit.page.content()).includes(key), 'the key is shown twice')
  return key
}

const reads = async (key) => (await fetch(`${api}/notes`, { headers: { 'x-api-key': key } })).status

async function writes(key) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  return (await fetch(`${api}/notes`, { method: 'POST', headers, body: JSON.stringify({ title: 'Milk' }) })).status
}

async function answers(status, expected, what) {
  expect(status === expected, `${what}: ${status} instead of ${expected}`)
}

/** Asks until it is refused, which is within ten seconds and what one request takes. */
async function dies(key) {
  const began = Date.now()
  while ((await reads(key)) !== 401) {
    expect(Date.now() - began < 12_000, 'the key is alive ten seconds after it was revoked')
    await new Promise((later) => setTimeout(later, 200))
  }
}

async function opens(visit, name) {
  await visit.goto(KEYS)
  await visit.page.getByRole('link', { name, exact: true }).first().click()
  await visit.at('api-key-page')
}

flow('a_key_is_made_used_replaced_and_revoked', async () => {
  const visit = await atKeys()
  await visit.says('You have no API key.')
  const first = await makes(visit, { name: 'Backup', permissions: ['notes:read'], networks: '127.0.0.0/8 ::1' })
  await mail(EMAIL, /An API key was made/)
  await answers(await reads(first), 200, 'reading')
  await answers(await writes(first), 403, 'writing')

  await opens(visit, 'Backup')
  await visit.page.selectOption('#overlap', '3600')
  await visit.click('#api-key-rotate')
  await visit.says('The previous key ends')
  const second = await shown(visit)
  await mail(EMAIL, /An API key was replaced/)
  expect(second !== first, 'it is the same key')
  await visit.says('replaced')
  await answers(await reads(second), 200, 'reading with the new key')
  await answers(await reads(first), 200, 'reading with the old key, which works for an hour')
  await answers(await writes(second), 403, 'writing with the new key')

  // The one that can be used first in the list is the new one.
  await opens(visit, 'Backup')
  await visit.click('#api-key-revoke')
  await visit.at('api-keys-page')
  await visit.says('The key is revoked.')
  await mail(EMAIL, /An API key was revoked/)
  await dies(second)
  await answers(await reads(first), 200, 'the other key')
  await visit.page.locator('.list li', { hasText: 'replaced' }).getByRole('link').click()
  await visit.at('api-key-page')
  await visit.click('#api-key-revoke')
  await visit.at('api-keys-page')
  await dies(first)
  expect((await visit.page.locator('.list .badge.bad').count()) === 2, 'one of them is not marked as over')
})

flow('a_key_counts_only_from_its_networks', async () => {
  const visit = await atKeys()
  const elsewhere = await makes(visit, { name: 'Office', permissions: ['notes:read', 'notes:write'], networks: '10.0.0.0/8' })
  await visit.says('Only from 10.0.0.0/8')
  const here = await makes(visit, { name: 'Home', permissions: ['write'], networks: '127.0.0.1, ::1' })
  const status = await reads(elsewhere)
  expect(status === 401 || status === 403, `from another network: ${status}`)
  await answers(await writes(here), 201, 'writing from its network')
  await answers(await reads(here), 403, 'reading with a key that writes')
})

flow('what_is_wrong_with_a_key_is_named', async () => {
  const visit = await atKeys()
  await wantsOne(visit)
  // Past what the browser itself would stop.
  await visit.fill('#name', ' ')
  expect(await visit.page.isHidden('#days'), 'there is a field that counts for nothing yet')
  await visit.page.selectOption('#lifetime', 'other')
  await visit.fill('#days', 'many')
  await visit.fill('#networks', '10.0.0.0/8 nowhere')
  await visit.page.check('#signing')
  await visit.click('#api-key-submit')
  for (const field of ['name', 'permission', 'days', 'networks']) await visit.page.waitForSelector(`#${field}-error`)
  await visit.at('api-key-new-page')
  await visit.says('“nowhere” is no address and no network')
  expect((await visit.page.locator('#alert li').count()) === 4, 'the summary has another number of faults')
  expect((await visit.page.inputValue('#networks')) === '10.0.0.0/8 nowhere', 'what was typed is gone')
  expect(await visit.page.isChecked('#signing'), 'what was ticked is gone')
  // Each line of the summary leads to its field.
  await visit.page.locator('#alert a[href="#days"]').click()
  expect(visit.page.url().endsWith('#days'), `it leads to ${visit.page.url()}`)

  await visit.fill('#name', 'Press')
  await permission(visit, 'notes:read').check()
  await visit.fill('#days', '7')
  await visit.fill('#networks', '')
  await visit.click('#api-key-submit')
  const key = await shown(visit)
  await visit.says('May sign requests')
  await answers(await reads(key), 200, 'reading')
})

flow('a_key_needs_a_fresh_sign_in', async () => {
  const visit = await atKeys()
  await makes(visit, { name: 'Backup', permissions: ['read'] })
  await wait(11 * MINUTE)
  // Who only looks needs none.
  await visit.goto(KEYS)
  await visit.at('api-keys-page')
  await visit.click('#api-key-add')
  await visit.signIn('alice')
  await visit.at('api-key-new-page')
  await visit.fill('#name', 'Second')
  await permission(visit, 'read').check()
  // While the form is filled in, the sign-in grows old.
  await wait(11 * MINUTE)
  await visit.click('#api-key-submit')
  await visit.signIn('alice')
  await visit.at('api-key-new-page')
  await visit.goto(KEYS)
  expect((await visit.page.locator('.list li').count()) === 1, 'a key was made without a fresh sign-in')
  await wait(11 * MINUTE)
  await visit.page.getByRole('link', { name: 'Backup', exact: true }).click()
  await visit.signIn('alice')
  await visit.at('api-key-page')
})

await perform()
