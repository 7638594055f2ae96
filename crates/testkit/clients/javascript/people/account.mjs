// The account console.

import { readFileSync } from 'node:fs'
import { MINUTE, NEW_PASSWORD, PASSWORD, app, expect, flow, mail, perform, visitor, wait } from './stage.mjs'

const EMAIL = 'alice@example.test'

/** Somebody at a page of the console, signed in on the way. */
async function at(path, id) {
  const visit = await visitor()
  await visit.goto(path)
  await visit.signIn('alice')
  await visit.at(id)
  return visit
}

flow('another_browser_is_signed_out_and_really_out', async () => {
  const client = await app('shop')
  const other = await visitor()
  await other.goto(client.authorize())
  await other.signIn('alice')
  await other.signedIn(client)
  await other.goto('/account')
  await other.at('account-page')

  const visit = await at('/account', 'account-page')
  await visit.goto('/account/sessions')
  await visit.at('sessions-page')
  await visit.page.locator('li button[name=session]').click()
  await visit.at('sessions-page')
  expect((await visit.page.locator('li button[name=session]').count()) === 0, 'there is another session')
  await other.page.reload()
  await other.at('login-page')
  await other.goto(client.authorize({ prompt: 'none' }))
  expect((await other.back(client)).error === 'login_required', 'the other browser is still signed in')
  await visit.page.reload()
  await visit.at('sessions-page')
})

flow('an_app_asks_again_after_its_consent_was_withdrawn', async () => {
  const client = await app('shop', { consent_policy: 'ask' })
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.signIn('alice')
  await visit.at('consent-page')
  await visit.click('#consent-allow')
  await visit.signedIn(client)
  await visit.goto(client.authorize())
  await visit.signedIn(client)

  await visit.goto('/account/apps')
  await visit.at('apps-page')
  await visit.click(`button[name=client][value=${client.id}]`)
  await visit.at('apps-page')
  expect((await visit.page.locator('button[name=client]').count()) === 0, 'the app is still there')
  await visit.goto(client.authorize())
  await visit.at('consent-page')
  await visit.click('#consent-deny')
  expect((await visit.back(client)).error === 'access_denied', 'the app was not told')
})

flow('the_export_is_a_file_of_what_is_known', async () => {
  const visit = await at('/account/data', 'data-page')
  const download = visit.page.waitForEvent('download')
  await visit.click('#export-submit')
  const file = JSON.parse(readFileSync(await (await download).path(), 'utf8'))
  expect(JSON.stringify(file).includes(EMAIL), `the file says ${JSON.stringify(file)}`)
  await visit.at('data-page')
})

/** Asks for the end of the account; it is due in a while. */
async function deletes(visit) {
  await visit.goto('/account/data')
  await visit.at('data-page')
  await visit.page.locator('a.button.danger').click()
  await visit.at('delete-page')
  await visit.fill('#confirm_name', 'somebody else')
  await visit.click('#delete-submit')
  await visit.at('delete-page')
  await visit.fill('#confirm_name', 'alice')
  await visit.click('#delete-submit')
  await visit.at('data-page')
}

flow('a_deletion_and_its_cancellation', async () => {
  const client = await app('shop')
  const visit = await at('/account/data', 'data-page')
  await deletes(visit)
  await visit.click('#keep-submit')
  await visit.at('data-page')
  expect((await visit.page.locator('#keep-submit').count()) === 0, 'it is still due')
  const { link: before } = await mail(EMAIL, /cancel-deletion/)

  await deletes(visit)
  // Later, from the mail, in a browser where nobody is signed in. The first mail is good for nothing any more.
  const elsewhere = await visitor()
  await elsewhere.goto(before)
  await elsewhere.at('error-page')
  await elsewhere.goto((await mail(EMAIL, /cancel-deletion/)).link)
  await elsewhere.at('account-link-page')
  await elsewhere.click('#confirm-submit')
  await elsewhere.at('account-link-page')
  await elsewhere.click('main a.button')
  await elsewhere.signIn('alice')
  await elsewhere.at('account-page')
  await visit.goto('/account/data')
  await visit.at('data-page')
  expect((await visit.page.locator('#keep-submit').count()) === 0, 'it is still due')
  await elsewhere.goto(client.authorize())
  await elsewhere.signedIn(client)
})

flow('a_new_password_for_somebody_who_is_signed_in', async () => {
  const client = await app('shop')
  const other = await at('/account', 'account-page')
  const visit = await at('/account/security/password', 'account-password-page')
  // Ten minutes later the sign-in is not fresh any more.
  await wait(10 * MINUTE)
  await visit.page.reload()
  await visit.signIn('alice')
  await visit.at('account-password-page')
  await visit.fill('#current-password', 'not the password')
  await visit.fill('#new-password', NEW_PASSWORD)
  await visit.click('#password-submit')
  await visit.page.waitForSelector('#alert')
  await visit.at('account-password-page')
  await visit.fill('#current-password', PASSWORD)
  await visit.fill('#new-password', NEW_PASSWORD)
  await visit.click('#password-submit')
  await visit.at('security-page')
  await mail(EMAIL, /password was changed/i)

  await other.goto('/account')
  await other.signIn('alice')
  await other.page.waitForSelector('#alert')
  await other.signIn('alice', NEW_PASSWORD)
  await other.at('account-page')
  await visit.goto(client.authorize())
  await visit.signedIn(client)
  for (const [path, id] of [['profile', 'profile-page'], ['email', 'email-page'], ['log', 'log-page'], ['lock-down', 'lock-down-page']]) {
    await visit.goto(`/account/${path}`)
    await visit.at(id)
  }
})

const NEW = 'alice@new.example'

/** Asks for another address; gives the mail that came there. */
async function asksFor(visit, address) {
  await visit.goto('/account/email')
  await visit.at('email-page')
  await visit.fill('#email', address)
  await visit.click('#email-submit')
  await visit.at('email-proof-page')
  return mail(address)
}

flow('another_address_is_proven_and_both_hear_of_it', async () => {
  const client = await app('shop')
  const visit = await at('/account/email', 'email-page')
  // What is no address is said at its field.
  await visit.fill('#email', EMAIL)
  await visit.click('#email-submit')
  await visit.page.waitForSelector('#email-error')
  await visit.at('email-page')
  const first = await asksFor(visit, NEW)
  await visit.fill('#code', first.code === '00000000' ? '11111111' : '00000000')
  await visit.click('#code-submit')
  await visit.says('That code isn’t right')
  await visit.at('email-proof-page')
  await visit.fill('#code', first.code)
  await visit.click('#code-submit')
  await visit.at('profile-page')
  await visit.says(NEW)
  await mail(EMAIL, /e-mail address was changed/i)

  // Back again, by the link, which changes nothing by being opened and nothing where nobody is signed in.
  const { link } = await asksFor(visit, EMAIL)
  const elsewhere = await visitor()
  await elsewhere.goto(link)
  await elsewhere.at('account-link-page')
  expect((await elsewhere.page.locator('#confirm-submit').count()) === 0, 'whoever has the link changes the address')
  await visit.goto(link)
  await visit.at('account-link-page')
  await visit.click('#confirm-submit')
  await visit.at('account-link-page')
  await mail(NEW, /e-mail address was changed/i)
  await elsewhere.goto(link)
  await elsewhere.at('error-page')
  await elsewhere.goto(client.authorize())
  await elsewhere.signIn(NEW)
  await elsewhere.page.waitForSelector('#alert')
  await elsewhere.signIn(EMAIL)
  expect((await elsewhere.signedIn(client)).email === EMAIL, 'the app is told another address')
})

flow('the_mail_about_a_stranger_leads_to_locking_them_out', async () => {
  const visit = await at('/account', 'account-page')
  const stranger = await at('/account', 'account-page')
  const { link } = await mail(EMAIL, /a browser that was not seen before/)
  await visit.goto(link)
  await visit.at('security-page')
  await visit.page.getByRole('link', { name: 'Make your account safe' }).click()
  await visit.at('lock-down-page')
  await visit.click('#lock-down-submit')
  await visit.says('Done: nobody else is signed in.')
  await visit.at('lock-down-page')
  await stranger.page.reload()
  await stranger.at('login-page')

  // The next step: a password that the stranger does not know.
  await visit.page.getByRole('link', { name: 'Change password' }).click()
  await visit.at('account-password-page')
  await visit.fill('#current-password', PASSWORD)
  await visit.fill('#new-password', NEW_PASSWORD)
  await visit.click('#password-submit')
  await visit.at('security-page')
  await stranger.signIn('alice')
  await stranger.page.waitForSelector('#alert')
  await stranger.at('login-page')
  await visit.goto('/account/sessions')
  await visit.at('sessions-page')
  expect((await visit.page.locator('li button[name=session]').count()) === 0, 'somebody else is signed in')
})

await perform()
