// The second factor of a sign-in, the ways back in, and apps that ask for more.

import { NEW_PASSWORD, PASSWORD, app, ask, expect, flow, mail, perform, scripts, totp, visitor, wait } from './stage.mjs'

const EMAIL = 'alice@example.test'

/** Types a code; its last digit sends it, where scripts run. */
async function types(visit, code) {
  await visit.at('totp-page')
  await visit.fill('#code', code)
  if (!scripts) await visit.click('#totp-submit')
}

/** Types what the authenticator app shows. */
async function code(visit, secret) {
  await types(visit, await totp(secret))
}

const proves = ({ acr, amr }, level, ...methods) =>
  expect(acr === level && methods.every((method) => amr.includes(method)), `acr ${acr}, amr ${amr}`)

async function signsOut(visit) {
  await visit.goto('/account')
  await visit.at('account-page')
  await visit.click('#sign-out')
  await visit.at('logged-out-page')
}

flow('a_trusted_browser_is_spared_the_code', async () => {
  const client = await app('shop')
  const { secret } = await ask('phone', { name: 'alice' })
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.signIn('alice')
  await types(visit, '000000')
  await visit.says('That code isn’t right')
  await visit.at('totp-page')
  await visit.page.check('#remember')
  await code(visit, secret)
  proves(await visit.signedIn(client), '2', 'pwd', 'otp', 'mfa')
  await signsOut(visit)
  await visit.goto(client.authorize())
  await visit.signIn('alice')
  proves(await visit.signedIn(client), '1', 'pwd')

  const elsewhere = await visitor()
  await elsewhere.goto(client.authorize())
  await elsewhere.signIn('alice')
  // The same code again, in the same step.
  await types(elsewhere, await totp(secret))
  await elsewhere.says('was used already')
  await elsewhere.at('totp-page')
  await wait(30)
  await code(elsewhere, secret)
  await elsewhere.signedIn(client)
})

flow('a_recovery_code_works_once', async () => {
  const client = await app('shop')
  const { codes } = await ask('phone', { name: 'alice' })
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.signIn('alice')
  await visit.at('totp-page')
  await visit.page.getByRole('link', { name: 'Use a recovery code' }).click()
  await visit.at('recovery-code-page')
  await visit.fill('#recovery-code', codes[0].toLowerCase().replace(/-/g, ''))
  await visit.click('#recovery-code-submit')
  proves(await visit.signedIn(client), '2', 'pwd', 'otp', 'mfa')

  const elsewhere = await visitor()
  await elsewhere.goto(client.authorize())
  await elsewhere.signIn('alice')
  await elsewhere.page.getByRole('link', { name: 'Use a recovery code' }).click()
  await elsewhere.at('recovery-code-page')
  await elsewhere.fill('#recovery-code', codes[0])
  await elsewhere.click('#recovery-code-submit')
  await elsewhere.at('recovery-code-page')
  await elsewhere.says('That isn’t one of your unused recovery codes')
  await elsewhere.page.getByRole('link', { name: 'Use your authenticator app' }).click()
  await elsewhere.at('totp-page')
  await elsewhere.page.getByRole('link', { name: 'Use a recovery code' }).click()
  await elsewhere.fill('#recovery-code', codes[9])
  await elsewhere.click('#recovery-code-submit')
  await elsewhere.signedIn(client)
})

flow('a_code_by_mail_stands_in_for_the_phone', async () => {
  const client = await app('shop')
  await ask('phone', { name: 'alice' })
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.signIn('alice')
  await visit.at('totp-page')
  await visit.page.getByRole('link', { name: 'Get a code by e-mail' }).click()
  await visit.at('email-code-page')
  // Nothing is sent before it is asked for.
  expect((await visit.page.locator('#code').count()) === 0, 'there is a field for a code that nobody sent')
  await visit.click('#email-code-send')
  await visit.page.waitForSelector('#code')
  await visit.at('email-code-page')
  const types = async (code) => {
    await visit.fill('#code', code)
    await visit.click('#email-code-submit')
  }
  const { code: first } = await mail(EMAIL, /code for signing in/)
  await types(first === '00000000' ? '11111111' : '00000000')
  await visit.says('That code isn’t right')
  await visit.at('email-code-page')
  // The way to another code does not try the wrong one again.
  await wait(31)
  await visit.click('#email-code-reload')
  await visit.click('#email-code-send')
  const { code: second } = await mail(EMAIL, /code for signing in/)
  await visit.at('email-code-page')
  await types(first)
  await visit.says('That code isn’t right')
  await types(second)
  proves(await visit.signedIn(client), '2', 'pwd', 'mfa')
})

flow('a_forgotten_password_leaves_the_second_step_in_place', async () => {
  const client = await app('shop')
  const { secret } = await ask('phone', { name: 'alice' })
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.at('login-page')
  await visit.click('#recover')
  await visit.at('recover-page')
  await visit.fill('#username', 'Alice')
  await visit.click('#recover-submit')
  await visit.at('recover-sent-page')
  const { link } = await mail(EMAIL, /recover/)
  await visit.goto(link)
  await visit.at('recover-password-page')
  await visit.fill('#new-password', NEW_PASSWORD)
  await visit.click('#recover-save')
  await visit.at('recover-done-page')
  await visit.click('#recover-sign-in')
  await visit.signIn('alice')
  await visit.at('login-page')
  expect(await visit.page.isVisible('#alert'), 'the old password is still good')
  await visit.signIn('alice', NEW_PASSWORD)
  await code(visit, secret)
  proves(await visit.signedIn(client), '2', 'pwd', 'otp', 'mfa')
  await mail(EMAIL, /password was reset/i)

  await visit.goto(link)
  await visit.at('recover-over-page')
  await visit.click('#recover-again')
  await visit.at('recover-page')
})

flow('an_app_asks_for_more_than_the_session_has', async () => {
  const client = await app('shop')
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.signIn('alice')
  proves(await visit.signedIn(client), '1', 'pwd')
  const { secret } = await ask('phone', { name: 'alice' })
  const before = await visit.context.cookies()
  await visit.goto(client.authorize({ acr_values: '2' }))
  await code(visit, secret)
  proves(await visit.signedIn(client), '2', 'pwd', 'otp', 'mfa')
  const after = await visit.context.cookies()
  const session = (cookies) => cookies.find((cookie) => /session/.test(cookie.name)).value
  expect(session(before) !== session(after), 'the session kept its name')
  // From now on it is enough.
  await visit.goto(client.authorize({ acr_values: '2' }))
  proves(await visit.signedIn(client), '2', 'mfa')
})

flow('a_password_that_has_to_be_replaced', async () => {
  const client = await app('shop')
  await ask('demand a new password', { name: 'alice' })
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.signIn('alice')
  await visit.at('new-password-page')
  await visit.fill('#new-password', PASSWORD)
  await visit.click('#new-password-submit')
  await visit.at('new-password-page')
  expect(await visit.page.isVisible('#alert'), 'the same password was taken')
  await visit.fill('#new-password', NEW_PASSWORD)
  await visit.click('#new-password-submit')
  await visit.signedIn(client)
  const later = await visitor()
  await later.goto(client.authorize())
  await later.signIn('alice', NEW_PASSWORD)
  await later.signedIn(client)
})

/** Reads the secret from the page, as somebody would who types it, and confirms with a code. */
async function connects(visit) {
  const secret = await visit.page.innerText('#secret')
  await visit.fill('#code', '000000')
  await visit.click('#totp-submit')
  await visit.page.waitForSelector('#alert')
  expect((await visit.page.innerText('#secret')) === secret, 'a wrong code makes the secret another one')
  await visit.fill('#code', await totp(secret))
  await visit.click('#totp-submit')
  return secret
}

flow('an_authenticator_app_is_enrolled_and_asked_for', async () => {
  const client = await app('shop')
  const visit = await visitor()
  await visit.goto('/account/security')
  await visit.signIn('alice')
  await visit.at('security-page')
  await visit.goto('/account/security/totp')
  await visit.at('totp-offer-page')
  const secret = await connects(visit)
  await visit.at('codes-page')
  const codes = await visit.page.locator('.codes-shown li').allInnerTexts()
  expect(new Set(codes).size === 10, `these are the codes: ${codes}`)
  await visit.click('#codes-kept')
  await visit.at('security-page')
  await visit.goto('/account/security/recovery-codes')
  await visit.at('account-codes-page')
  expect(!(await visit.page.innerText('body')).includes(codes[0].trim()), 'the codes are shown twice')

  const elsewhere = await visitor()
  await elsewhere.goto(client.authorize())
  await elsewhere.signIn('alice')
  await wait(30)
  await code(elsewhere, secret)
  proves(await elsewhere.signedIn(client), '2', 'pwd', 'otp', 'mfa')
})

flow('an_app_that_demands_two_factors_leads_through_enrolment', async () => {
  const client = await app('bank', { minimum_acr: '2' })
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.signIn('alice')
  await visit.at('enrol-page')
  await visit.click('#enrol-totp')
  await visit.at('enrol-totp-page')
  const secret = await connects(visit)
  await visit.at('enrol-codes-page')
  await visit.click('#codes-kept')
  proves(await visit.signedIn(client), '2', 'pwd', 'otp', 'mfa')

  await wait(30)
  const elsewhere = await visitor()
  await elsewhere.goto(client.authorize())
  await elsewhere.signIn('alice')
  await code(elsewhere, secret)
  proves(await elsewhere.signedIn(client), '2', 'pwd', 'otp', 'mfa')
})

await perform()
