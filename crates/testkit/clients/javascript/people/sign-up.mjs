// Getting an account.

import { NEW_PASSWORD, app, ask, device, expect, flow, mail, perform, visitor } from './stage.mjs'

const EMAIL = 'nora@example.test'

/** From an app to the page that waits for the proof. */
async function asksForAnAccount(client, email = EMAIL) {
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.at('login-page')
  await visit.click('#sign-up')
  await visit.at('signup-page')
  await visit.fill('#email', email)
  await visit.fill('#name', 'Nora Quist')
  await visit.click('#signup-submit')
  await visit.at('signup-code-page')
  return visit
}

/** The claims say so, and the account is there the next time. */
async function hasAnAccount(visit, client, amr) {
  const claims = await visit.signedIn(client)
  expect(claims.email === EMAIL && claims.email_verified === true && claims.name === 'Nora Quist', JSON.stringify(claims))
  expect(amr.every((method) => claims.amr.includes(method)), `amr is ${claims.amr}`)
}

flow('a_code_from_the_mail_and_a_password', async () => {
  const client = await app('shop')
  const visit = await asksForAnAccount(client)
  const { code } = await mail(EMAIL)
  const mailbox = await visit.tab()
  await mailbox.goto('/dev/mailbox')
  await mailbox.at('mailbox-page')
  await mailbox.page.locator('dl.codes a').first().click()
  await mailbox.at('message-page')
  await visit.fill('#code', code === '11111111' ? '22222222' : '11111111')
  await visit.click('#signup-code-submit')
  await visit.at('signup-code-page')
  await visit.says('That code isn’t right')
  await visit.fill('#code', code)
  await visit.click('#signup-code-submit')
  await visit.at('signup-password-page')
  await visit.fill('#new-password', 'Nora.Quist@example')
  await visit.click('#signup-create')
  await visit.at('signup-password-page')
  expect(await visit.page.isVisible('#alert'), 'a password that everybody has was taken')
  await visit.fill('#new-password', NEW_PASSWORD)
  await visit.click('#signup-create')
  await hasAnAccount(visit, client, ['pwd'])

  const later = await visitor()
  await later.goto(client.authorize())
  await later.signIn(EMAIL, NEW_PASSWORD)
  await later.signedIn(client)
})

flow('the_link_of_the_mail_and_a_password', async () => {
  const client = await app('shop')
  const visit = await asksForAnAccount(client)
  const { link } = await mail(EMAIL)
  // What scans mail opens links, too; that proves nothing.
  expect((await fetch(link)).ok, 'the link is not good')
  const fromMail = await visit.tab()
  await fromMail.goto(link)
  await fromMail.at('signup-link-page')
  await fromMail.click('#signup-link-submit')
  await fromMail.at('signup-password-page')
  await fromMail.fill('#username', 'nora')
  await fromMail.fill('#new-password', NEW_PASSWORD)
  await fromMail.click('#signup-create')
  await hasAnAccount(fromMail, client, ['pwd'])

  // The tab that waited for the code has a way on, too; the link is good for nothing any more.
  await visit.page.reload()
  await visit.at('error-page')
  await visit.click('#onward')
  await visit.signedIn(client)
  const again = await visitor()
  await again.goto(link)
  await again.at('signup-over-page')
  await again.click('#signup-again')
  await again.at('signup-page')
})

flow('a_passkey_and_no_password', async () => {
  const client = await app('shop')
  const visit = await asksForAnAccount(client)
  const phone = await device(visit)
  await visit.fill('#code', (await mail(EMAIL)).code)
  await visit.click('#signup-code-submit')
  await visit.at('signup-password-page')
  await visit.click('#passkey-add')
  await visit.click('#codes-kept')
  await hasAnAccount(visit, client, ['user', 'mfa'])
  expect((await phone.passkeys()).length === 1, 'the phone has no passkey')

  // Signed out, the passkey is all it takes.
  await visit.clearCookies()
  await visit.goto(client.authorize())
  await hasAnAccount(visit, client, ['user', 'mfa'])
})

flow('an_address_that_has_an_account_gets_word_by_mail_only', async () => {
  const client = await app('shop')
  await ask('person', { name: 'olga' })
  const visit = await asksForAnAccount(client, 'olga@example.test')
  const letter = await mail('olga@example.test')
  expect(!letter.code, 'the mail has a code')
  await visit.fill('#code', '12345678')
  await visit.click('#signup-code-submit')
  await visit.at('signup-code-page')
  await visit.says('That code isn’t right')
  // The mail leads into the account.
  await visit.goto(letter.link)
  await visit.signIn('olga')
  await visit.at('account-page')
})

/** From the link of an invitation to the account; `proof` is what is asked for on the way. */
async function accepts(visit, link, proof) {
  await visit.goto(link)
  await visit.at('signup-link-page')
  await visit.says(EMAIL)
  await visit.click('main form button')
  await visit.at('signup-page')
  await visit.fill('#name', 'Nora Quist')
  await visit.click('#signup-submit')
  await proof()
  await visit.at('signup-password-page')
  await visit.fill('#new-password', NEW_PASSWORD)
  await visit.click('#signup-create')
  await visit.at('account-page')
}

/** Nobody comes in without a link, and the link is good once. */
async function isForOne(client, link) {
  const stranger = await visitor()
  await stranger.goto(link)
  await stranger.at('signup-over-page')
  await stranger.goto(client.authorize())
  await stranger.at('login-page')
  expect((await stranger.page.locator('#sign-up').count()) === 0, 'everybody may sign up')
  await stranger.goto('/signup')
  await stranger.at('signup-closed-page')
}

flow('an_invitation_by_mail_makes_an_account', async () => {
  const client = await app('shop')
  await ask('invite', { email: EMAIL, sent: true })
  const { subject, link } = await mail(EMAIL)
  expect(/invited/.test(subject), subject)
  const visit = await visitor()
  // The mail was the proof.
  await accepts(visit, link, async () => {})
  await visit.goto(client.authorize())
  await hasAnAccount(visit, client, ['pwd'])
  await isForOne(client, link)
})

flow('an_invitation_that_was_handed_over_asks_for_a_code', async () => {
  const client = await app('shop')
  const { link } = await ask('invite', { email: EMAIL, sent: false })
  const visit = await visitor()
  await accepts(visit, link, async () => {
    await visit.at('signup-code-page')
    await visit.fill('#code', (await mail(EMAIL)).code)
    await visit.click('#signup-code-submit')
  })
  await visit.goto(client.authorize())
  await hasAnAccount(visit, client, ['pwd'])
  await isForOne(client, link)
})

await perform()
