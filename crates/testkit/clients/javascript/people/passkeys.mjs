// Passkeys, with a virtual authenticator in the place of a phone.

import { app, ask, device, expect, flow, mail, perform, visitor } from './stage.mjs'

const EMAIL = 'nora@example.test'

/** Somebody new whose phone has the only way in. The phone is put aside, and nobody is signed in. */
async function withPasskey(client, options) {
  const visit = await visitor(options)
  const phone = await device(visit)
  await visit.goto(client.authorize({ prompt: 'create' }))
  await visit.at('signup-page')
  await visit.fill('#email', EMAIL)
  await visit.click('#signup-submit')
  await visit.at('signup-code-page')
  await visit.fill('#code', (await mail(EMAIL)).code)
  await visit.click('#signup-code-submit')
  await visit.at('signup-password-page')
  await visit.click('#passkey-add')
  await visit.click('#codes-kept')
  await visit.signedIn(client)
  await visit.clearCookies()
  return { visit, phone }
}

const isTwoFactors = ({ acr, amr }) =>
  expect(acr === '2' && amr.includes('user') && amr.includes('mfa') && !amr.includes('pwd'), `acr ${acr}, amr ${amr}`)

flow('a_passkey_in_the_autofill_of_the_ordinary_form', async () => {
  const client = await app('shop')
  const { visit, phone } = await withPasskey(client)
  await phone.touched(false)
  await visit.goto(client.authorize())
  await visit.at('login-page')
  const purpose = await visit.page.getAttribute('#username', 'autocomplete')
  expect(purpose === 'username webauthn', `the field is for ${purpose}`)
  await phone.touched(true)
  // Nothing is pressed: the request that waits in the autofill is answered.
  await visit.page.reload()
  isTwoFactors(await visit.signedIn(client))
})

flow('a_passkey_by_its_button', async () => {
  const client = await app('shop')
  const { visit, phone } = await withPasskey(client)
  await phone.touched(false)
  await visit.goto(client.authorize())
  await visit.at('login-page')
  await phone.touched(true)
  await visit.page.check('#keep')
  await visit.click('#passkey-sign-in')
  isTwoFactors(await visit.signedIn(client))
  const kept = (await visit.context.cookies()).filter((cookie) => /session/.test(cookie.name) && cookie.expires > 0)
  expect(kept.length > 0, 'the session ends with the browser although it was to be kept')
})

flow('a_cancelled_passkey_says_so_and_can_be_tried_again', async () => {
  const client = await app('shop')
  const { visit, phone } = await withPasskey(client)
  await phone.touched(false)
  await visit.goto(client.authorize())
  await visit.at('login-page')
  await phone.isOwners(false)
  await phone.touched(true)
  await visit.click('#passkey-sign-in')
  await visit.page.waitForFunction(() => document.querySelector('[data-passkey-alert]').textContent.includes('was cancelled'))
  await phone.touched(false)
  await visit.at('login-page')
  await phone.isOwners(true)
  await phone.touched(true)
  await visit.click('#passkey-sign-in')
  isTwoFactors(await visit.signedIn(client))
})

flow('a_passkey_that_was_removed_says_so', async () => {
  const client = await app('shop')
  const { visit, phone } = await withPasskey(client, {
    init: () => {
      const api = window.PublicKeyCredential
      if (!api) return
      const signal = api.signalUnknownCredential
      window.signalled = []
      api.signalUnknownCredential = (which) => {
        window.signalled.push(which)
        return signal ? signal.call(api, which) : Promise.resolve()
      }
    },
  })
  const [{ credentialId }] = await phone.passkeys()
  await ask('forget passkeys', { name: EMAIL })
  await phone.touched(false)
  await visit.goto(client.authorize())
  await visit.at('login-page')
  // Whoever was refused touches nothing any more.
  await visit.page.route('**/passkey/sign-in**', async (route) => {
    await phone.touched(false)
    await route.continue()
  })
  await phone.touched(true)
  await visit.click('#passkey-sign-in')
  await visit.says('This passkey doesn’t belong to an account here')
  await visit.at('login-page')
  expect(await visit.page.evaluate(() => document.activeElement.id === 'alert'), 'the focus is elsewhere')
  const signalled = await visit.page.evaluate(() => window.signalled)
  const id = Buffer.from(credentialId, 'base64').toString('base64url')
  expect(JSON.stringify(signalled) === JSON.stringify([{ rpId: 'localhost', credentialId: id }]), JSON.stringify(signalled))
  // The person still has an address, and so a way back.
  await visit.click('#recover')
  await visit.at('recover-page')
})

flow('a_browser_without_passkeys_has_the_ordinary_form', async () => {
  const client = await app('shop')
  const visit = await visitor({ init: () => delete window.PublicKeyCredential })
  await visit.goto(client.authorize())
  await visit.at('login-page')
  expect(await visit.page.isHidden('#passkey-sign-in'), 'there is a button that does nothing')
  await visit.signIn('alice')
  await visit.signedIn(client)
})

/** The device in this tab gets a passkey for alice; ends at the page of that passkey. */
async function adds(visit) {
  await visit.at('account-passkeys-page')
  await visit.click('#passkey-add')
}

flow('a_passkey_beside_the_password', async () => {
  const client = await app('shop')
  const visit = await visitor()
  const phone = await device(visit)
  await visit.goto('/account/security')
  await visit.signIn('alice')
  await visit.at('security-page')
  await visit.goto('/account/security/passkeys')
  await adds(visit)
  // The first second factor comes with recovery codes.
  await visit.at('codes-page')
  expect((await visit.page.locator('.codes-shown li').count()) === 10, 'there are not ten codes')
  await visit.click('#codes-kept')
  await visit.at('account-passkey-page')

  await phone.touched(false)
  await visit.clearCookies()
  await visit.goto(client.authorize())
  await visit.signIn('alice')
  await visit.at('passkey-page')
  await phone.isOwners(false)
  await phone.touched(true)
  await visit.click('#passkey-sign-in')
  await visit.page.waitForFunction(() => document.querySelector('[data-passkey-alert]').textContent.includes('was cancelled'))
  await phone.isOwners(true)
  await visit.click('#passkey-sign-in')
  const { acr, amr } = await visit.signedIn(client)
  expect(acr === '2' && ['pwd', 'user', 'mfa'].every((method) => amr.includes(method)), `acr ${acr}, amr ${amr}`)

  // Where there are no passkeys, the page says so and has other ways.
  const old = await visitor({ init: () => delete window.PublicKeyCredential })
  await old.goto(client.authorize())
  await old.signIn('alice')
  await old.at('passkey-page')
  expect(await old.page.isHidden('#passkey-sign-in'), 'there is a button that does nothing')
  await old.says('This needs a browser with passkeys')
  await old.page.getByRole('link', { name: 'Use a recovery code' }).click()
  await old.at('recovery-code-page')
})

flow('a_passkey_is_made_where_an_app_demands_two_factors', async () => {
  const client = await app('bank', { minimum_acr: '2' })
  const visit = await visitor()
  const phone = await device(visit)
  await visit.goto(client.authorize())
  await visit.signIn('alice')
  await visit.at('enrol-page')
  // At first its owner does not touch it right.
  await phone.isOwners(false)
  await visit.click('#passkey-add')
  await visit.page.waitForFunction(() => document.querySelector('[data-passkey-alert]').textContent.includes('was cancelled'))
  await visit.at('enrol-page')
  await phone.isOwners(true)
  await visit.click('#passkey-add')
  await visit.at('enrol-codes-page')
  expect((await visit.page.locator('.codes-shown li').count()) === 10, 'there are not ten codes')
  await visit.click('#codes-kept')
  const first = await visit.signedIn(client)
  expect(first.acr === '2' && ['pwd', 'user', 'mfa'].every((method) => first.amr.includes(method)), `acr ${first.acr}, amr ${first.amr}`)
  expect((await phone.passkeys()).length === 1, 'the phone has no passkey, or two')

  // The next time the passkey is all it takes.
  await phone.touched(false)
  await visit.clearCookies()
  await visit.goto(client.authorize())
  await visit.at('login-page')
  await phone.touched(true)
  await visit.click('#passkey-sign-in')
  isTwoFactors(await visit.signedIn(client))
})

flow('several_passkeys_with_names_and_the_last_one_stays', async () => {
  const client = await app('shop')
  const { visit, phone } = await withPasskey(client)
  await phone.touched(true)
  await visit.goto('/account/security/passkeys')
  // The same phone has one already.
  await adds(visit)
  await visit.page.waitForFunction(() => document.querySelector('[data-passkey-alert]').textContent.includes('already has a passkey'))
  await phone.touched(false)
  const key = await device(visit, 'usb')
  await adds(visit)
  await visit.at('account-passkey-page')
  await visit.fill('#name', 'Key on the ring')
  await visit.click('#passkey-rename')
  await visit.at('account-passkey-page')
  expect((await visit.page.innerText('h1')) === 'Key on the ring', 'it is called otherwise')

  await visit.goto('/account/security/passkeys')
  await visit.at('account-passkeys-page')
  expect((await visit.page.locator('.list li').count()) === 2, 'there are not two passkeys')
  await visit.page.getByRole('link', { name: 'Key on the ring' }).click()
  await visit.click('#passkey-remove')
  await visit.at('account-passkeys-page')
  expect((await visit.page.locator('.list li').count()) === 1, 'there is more than one passkey')
  await visit.page.locator('.list li a').click()
  await visit.at('account-passkey-page')
  expect((await visit.page.locator('#passkey-remove').count()) === 0, 'the last way in can be removed')
  await key.gone()
})

await perform()
