// With a keyboard and nothing else.

import { PASSWORD, app, device, expect, flow, perform, visitor } from './stage.mjs'

/** Presses the tab key until the focus is there. */
async function tabTo({ page }, selector) {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the tab key does not lead to ${selector}`)
}

async function press(visit, selector, key = 'Enter') {
  await tabTo(visit, selector)
  await visit.page.keyboard.press(key)
}

async function type(visit, selector, text) {
  await tabTo(visit, selector)
  await visit.page.keyboard.press('Control+A')
  await visit.page.keyboard.type(text)
}

async function signIn(visit, password = PASSWORD) {
  await visit.at('login-page')
  await type(visit, '#username', 'alice')
  await type(visit, '#password', password)
  await visit.page.keyboard.press('Enter')
}

const focus = ({ page }) => page.evaluate(() => document.activeElement?.id)

flow('signing_in_and_consent_by_keyboard', async () => {
  const client = await app('shop', { consent_policy: 'ask' })
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.at('login-page')
  expect((await focus(visit)) === 'username', `the focus is on ${await focus(visit)}`)
  await signIn(visit)
  await visit.at('consent-page')
  await press(visit, '#consent-allow')
  await visit.signedIn(client)
  // The console: past the menu, into the text, out again.
  await visit.goto('/account')
  await visit.at('account-page')
  await press(visit, 'a.skip')
  expect((await focus(visit)) === 'content', `the focus is on ${await focus(visit)}`)
  await visit.page.keyboard.press('Shift+Tab')
  await visit.page.reload()
  await press(visit, '#sign-out')
  await visit.at('logged-out-page')
})

flow('the_focus_goes_to_what_was_wrong', async () => {
  const client = await app('shop')
  const visit = await visitor()
  await visit.goto(client.authorize())
  await signIn(visit, 'not the password')
  await visit.page.waitForSelector('#alert')
  await visit.at('login-page')
  expect((await focus(visit)) === 'alert', `the focus is on ${await focus(visit)}`)
  await press(visit, '#alert a[href="#password"]')
  expect((await focus(visit)) === 'password', `the focus is on ${await focus(visit)}`)

  await press(visit, '#sign-up')
  await visit.at('signup-page')
  await type(visit, '#email', 'nobody')
  await visit.page.evaluate(() => document.querySelector('#email').form.setAttribute('novalidate', ''))
  await visit.page.keyboard.press('Enter')
  await visit.page.waitForSelector('#alert')
  await visit.at('signup-page')
  expect((await focus(visit)) === 'alert', `the focus is on ${await focus(visit)}`)
  await press(visit, '#alert a[href="#email"]')
  expect((await focus(visit)) === 'email', `the focus is on ${await focus(visit)}`)
})

flow('a_passkey_is_removed_by_keyboard', async () => {
  const visit = await visitor()
  const phone = await device(visit)
  await visit.goto('/account/security/passkeys')
  await signIn(visit)
  await visit.at('account-passkeys-page')
  await press(visit, '#passkey-add')
  await visit.at('codes-page')
  await press(visit, '#codes-kept')
  await visit.at('account-passkey-page')
  await press(visit, '#passkey-remove')
  await visit.at('account-passkeys-page')
  expect((await visit.page.locator('.list').count()) === 0, 'it is still there')
  expect((await phone.passkeys()).length <= 1, 'the phone has more than it was given')
})

await perform()
