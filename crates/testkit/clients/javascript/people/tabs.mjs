// No dead ends: several people, several tabs, several apps, and time.

import { HOUR, app, ask, expect, flow, perform, visitor, wait } from './stage.mjs'

/** A page that says what happened and has a way on that works: to the app, by signing in if that is due. */
async function hasAWayTo(visit, client, end = 'app') {
  await visit.at('error-page')
  await visit.click('#onward')
  const there = await endOf(visit, client)
  expect(there === end, `from the error page the way leads to ${there}: ${visit.page.url()}`)
}

/** Signs in where that is asked for. Where it ends: `app`, or the page that it stays on. */
async function endOf(visit, client) {
  const { page } = visit
  const atApp = (url) => url.pathname.startsWith(`/${client.id}/`)
  const known = page.waitForSelector('#login-page, #consent-page, #error-page, #account-page')
  await Promise.race([known, page.waitForURL(atApp)])
  known.catch(() => {})
  if (atApp(new URL(page.url()))) return 'app'
  if (await page.$('#login-page')) {
    await visit.signIn('alice')
    return endOf(visit, client)
  }
  return (await page.$('#account-page')) ? 'account' : (await page.$('#error-page')) ? 'error' : page.url()
}

flow('two_people_choose_an_account', async () => {
  const client = await app('shop')
  await ask('person', { name: 'bob' })
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.signIn('alice')
  const alice = await visit.signedIn(client)
  await visit.goto(client.authorize({ prompt: 'select_account' }))
  await visit.at('select-account-page')
  await visit.click('#account-other')
  await visit.signIn('bob')
  const bob = await visit.signedIn(client)
  expect(bob.email === 'bob@example.test' && bob.sub !== alice.sub, JSON.stringify(bob))

  await visit.goto(client.authorize({ prompt: 'select_account' }))
  await visit.at('select-account-page')
  await visit.page.getByRole('button', { name: 'alice@example.test' }).click()
  expect((await visit.signedIn(client)).sub === alice.sub, 'it is not alice')
  await visit.goto(client.authorize())
  expect((await visit.signedIn(client)).sub === alice.sub, 'the choice did not last')
  await visit.goto('/account/switch')
  await visit.at('select-account-page')
  await visit.page.getByRole('button', { name: 'bob@example.test' }).click()
  await visit.at('account-page')
})

flow('three_tabs_and_two_apps_end_where_they_began', async () => {
  const [shop, blog] = [await app('shop'), await app('blog')]
  const first = await visitor()
  const [second, third] = [await first.tab(), await first.tab()]
  await first.goto(shop.authorize({ state: 'first' }))
  await second.goto(blog.authorize({ state: 'second' }))
  await third.goto(shop.authorize({ state: 'third' }))
  for (const visit of [first, third]) await visit.at('login-page')
  await second.signIn('alice')
  expect((await second.back(blog)).state === 'second', 'the second tab is lost')
  // This one types although it would not have to, the other one is reloaded.
  await first.signIn('alice')
  expect((await first.back(shop)).state === 'first', 'the first tab is lost')
  await third.page.reload()
  expect((await third.back(shop)).state === 'third', 'the third tab is lost')
})

flow('two_hours_later_every_tab_has_a_way_on', async () => {
  const [shop, blog] = [await app('shop'), await app('blog')]
  const first = await visitor()
  const [second, third] = [await first.tab(), await first.tab()]
  await first.goto(shop.authorize())
  await second.goto(blog.authorize())
  await third.goto(shop.authorize())
  for (const visit of [first, second, third]) await visit.at('login-page')
  await wait(2 * HOUR)
  await first.signIn('alice')
  await hasAWayTo(first, shop)
  await second.page.reload()
  await hasAWayTo(second, blog)
  await third.signIn('alice')
  await hasAWayTo(third, shop)
})

flow('back_reload_and_a_bookmark_have_a_way_on', async () => {
  const client = await app('shop')
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.at('login-page')
  const bookmark = visit.page.url()
  await visit.page.reload()
  await visit.signIn('alice')
  await visit.signedIn(client)
  // Back leads on, or to a page with a way.
  await visit.page.goBack()
  await onward(visit, client)
  const later = await visit.tab()
  await later.goto(bookmark)
  await onward(later, client)
  // A bookmark in a browser that was never here.
  const elsewhere = await visitor()
  await elsewhere.goto(bookmark)
  await onward(elsewhere, client, 'account')
  // Reloading what a form was answered with sends the form once more.
  const typo = await visitor()
  await typo.goto(client.authorize())
  await typo.signIn('alice', 'a wrong password')
  await typo.page.waitForSelector('#alert')
  await typo.page.reload()
  await typo.page.waitForSelector('#alert')
  await typo.signIn('alice')
  await typo.signedIn(client)
})

/** At the app, or at a page with a way on. */
async function onward(visit, client, end = 'app') {
  const there = await endOf(visit, client)
  if (there === 'error') return hasAWayTo(visit, client, end)
  expect(there === end, `it ends at ${there}`)
}

flow('cookies_cleared_half_way_have_a_way_on', async () => {
  const client = await app('shop', { consent_policy: 'ask' })
  const visit = await visitor()
  await visit.goto(client.authorize())
  await visit.at('login-page')
  await visit.clearCookies()
  await visit.signIn('alice')
  // Nobody can tell any more where this tab came from, so its way leads to the account.
  await hasAWayTo(visit, client, 'account')

  await visit.goto(client.authorize())
  await visit.at('consent-page')
  await visit.clearCookies()
  await visit.click('#consent-allow')
  await hasAWayTo(visit, client, 'account')
  await visit.goto(client.authorize())
  await visit.at('consent-page')
  await visit.click('#consent-allow')
  await visit.signedIn(client)
})

await perform()
