// The page `/app` of the example service: a front end that has no tokens, only the cookie of its own server.

import { api, app, ask, expect, flow, perform, scripts, visitor } from './stage.mjs'

/** Opens the page and signs in at the server, which asks for consent the first time. */
async function signsIn(visit, name) {
  await visit.goto(`${api}/app`)
  await isOffered(visit)
  await visit.click('#login')
  await visit.signIn(name)
  await visit.at('consent-page')
  await visit.click('#consent-allow')
  await isIn(visit)
}

async function isIn(visit) {
  await visit.page.waitForSelector('#signed-in', { state: 'visible' })
  expect(visit.page.url() === `${api}/app`, `it is at ${visit.page.url()}`)
  await visit.at('signed-in')
}

/** Nobody is signed in; there is a way to. */
async function isOffered(visit) {
  await visit.page.waitForSelector('#login', { state: 'visible' })
  expect(await visit.page.isHidden('#signed-in'), 'somebody is still signed in')
  expect((await visit.page.locator('#notes li').count()) === 0, 'there are still notes')
  await visit.at('signed-out')
}

async function writes(visit, title, body) {
  await visit.fill('#title', title)
  await visit.fill('#body', body)
  await visit.page.getByRole('button', { name: 'Save' }).click()
}

/** The note of this title. */
const note = (visit, title) => visit.page.locator('#notes li').filter({ has: visit.page.getByRole('heading', { name: title, exact: true }) })
const gone = (visit, title) => note(visit, title).waitFor({ state: 'detached' })
const hears = (visit, sentence) => visit.page.locator('#events li', { hasText: sentence }).first().waitFor()
const change = (visit, title) => visit.page.getByRole('button', { name: `Change ${title}`, exact: true })

flow('a_note_is_seen_and_changed_in_every_tab', async () => {
  const first = await visitor()
  await signsIn(first, 'alice')
  const second = await first.tab()
  await second.goto(`${api}/app`)
  await isIn(second)
  await second.says('None yet.')

  await writes(first, 'Milk', 'two litres')
  await first.says('Saved.')
  await note(first, 'Milk').getByText('two litres').waitFor()
  await hears(second, '“Milk” was created')
  await note(second, 'Milk').getByText('two litres').waitFor()
  await first.at('signed-in')

  // Both change it: nobody overwrites what they have not seen.
  await change(first, 'Milk').click()
  await change(second, 'Milk').click()
  await second.at('signed-in')
  await writes(second, 'Milk', 'three litres')
  await note(first, 'Milk').getByText('three litres').waitFor()
  expect((await first.page.inputValue('#body')) === 'two litres', 'what is being written was replaced')
  await writes(first, 'Milk and bread', 'and a loaf')
  await first.says('Somebody changed this note meanwhile')
  await first.at('signed-in')
  await first.page.getByRole('button', { name: 'Save' }).click()
  await first.says('Saved.')
  await note(second, 'Milk and bread').getByText('and a loaf').waitFor()
  expect((await second.page.locator('#notes li').count()) === 1, 'there is more than one note')

  await second.page.getByRole('button', { name: 'Delete Milk and bread' }).click()
  await second.says('Deleted.')
  await gone(first, 'Milk and bread')
  await hears(first, '“Milk and bread” was deleted')

  // Signed out here, and so in the other tab and at the server.
  await first.click('#logout')
  await isOffered(first)
  await isOffered(second)
  await second.says('You are not signed in any more.')
  await first.click('#login')
  await first.at('login-page')
})

flow('an_answer_that_was_lost_makes_no_second_note_and_does_not_stop_the_next', async () => {
  const visit = await visitor()
  await signsIn(visit, 'alice')
  const save = () => visit.page.getByRole('button', { name: 'Save' }).click()
  // The server makes the note, the browser never hears of it.
  const lose = async route => {
    await route.fetch()
    await route.fulfill({ status: 408, json: { detail: 'Nobody answered.' } })
  }
  await visit.page.route('**/notes', lose, { times: 1 })
  await writes(visit, 'Milk', 'two litres')
  await visit.says('Nobody answered.')
  await note(visit, 'Milk').waitFor()
  await save()
  await visit.says('Saved.')
  expect((await note(visit, 'Milk').count()) === 1, 'there are two notes')
  await visit.page.route('**/notes', lose, { times: 1 })
  await writes(visit, 'Bread', 'a loaf')
  await visit.says('Nobody answered.')
  await note(visit, 'Bread').waitFor()
  await writes(visit, 'Bread and butter', 'a loaf')
  await visit.says('Saved.')
  await note(visit, 'Bread and butter').waitFor()
})

flow('a_note_is_shared_and_taken_back', async () => {
  await ask('person', { name: 'bob' })
  const [alice, bob] = [await visitor(), await visitor()]
  await signsIn(alice, 'alice')
  await signsIn(bob, 'bob')
  await writes(bob, 'Plan', 'of bob')
  await bob.says('Saved.')
  expect((await alice.page.locator('#notes li').count()) === 0, 'alice sees the note of somebody else')

  // Other pages of the same front end share; this one shows what comes of it.
  const { sub } = await alice.page.evaluate(async () => (await fetch('/bff/me')).json())
  const share = (method, access) =>
    bob.page.evaluate(
      async ([method, sub, access]) => {
        const { notes } = await (await fetch('/notes')).json()
        const headers = { 'X-CSRF': '1', 'Content-Type': 'application/json' }
        const body = access && JSON.stringify({ access })
        return (await fetch(`/notes/${notes[0].id}/shares/person:${sub}`, { method, headers, body })).status
      },
      [method, sub, access],
    )
  expect((await share('PUT', 'read')) === 204, 'it is not shared')
  await note(alice, 'Plan').getByText('Shared with you, to read').waitFor()
  expect((await note(alice, 'Plan').getByRole('button').count()) === 0, 'a reader has buttons')
  await alice.at('signed-in')
  expect((await share('PUT', 'write')) === 204, 'it is not shared for writing')
  await note(alice, 'Plan').getByText('to read and to change').waitFor()
  await change(alice, 'Plan').click()
  await writes(alice, 'Plan', 'of both')
  await note(bob, 'Plan').getByText('of both').waitFor()
  expect((await share('DELETE')) === 204, 'it is still shared')
  await gone(alice, 'Plan')
  await note(bob, 'Plan').waitFor()
})

flow('a_declined_sign_in_says_so_and_can_begin_again', async () => {
  const visit = await visitor()
  await visit.goto(`${api}/app`)
  await isOffered(visit)
  await visit.click('#login')
  await visit.signIn('alice')
  await visit.at('consent-page')
  await visit.click('#consent-deny')
  await visit.says('The sign-in was declined.')
  expect(await visit.page.isVisible('#said'), 'the sentence cannot be seen')
  await isOffered(visit)
  await visit.page.waitForURL(`${api}/app`)
  // An answer that nobody waits for any more: the same.
  await visit.goto(`${api}/bff/callback?code=x&state=0123456789`)
  await visit.says('That sign-in took too long, or is over already.')
  await visit.click('#login')
  await visit.at('consent-page')
  await visit.click('#consent-allow')
  await isIn(visit)
  await visit.says('Signed in as Alice Moreau')
})

flow('the_end_of_the_session_at_the_server_ends_the_page', async () => {
  const client = await app('shop')
  const visit = await visitor()
  await signsIn(visit, 'alice')
  await writes(visit, 'Milk', 'two litres')
  await visit.says('Saved.')
  // In another tab she signs out of everything; nobody touches the page.
  const account = await visit.tab()
  await account.goto('/account')
  await account.at('account-page')
  await account.click('#sign-out')
  await account.at('logged-out-page')
  await isOffered(visit)
  await visit.says('You are not signed in any more.')
  await account.goto(client.authorize({ prompt: 'none' }))
  expect((await account.back(client)).error === 'login_required', 'the session at the server goes on')

  // Who was writing is told, too, and nothing of before comes back without signing in.
  await visit.page.reload()
  await isOffered(visit)
  await visit.click('#login')
  await visit.signIn('alice')
  await isIn(visit)
  await note(visit, 'Milk').waitFor()
})

flow('without_scripts_the_page_says_what_it_needs', async () => {
  expect(!scripts, 'this is for a browser without scripts')
  const visit = await visitor()
  await visit.goto(`${api}/app`)
  const words = await visit.page.innerText('body')
  expect(words.includes('This page needs JavaScript.'), words)
  await visit.at('signed-in')
})

await perform()
