// A browser for programs: a cookie jar, redirects, and the forms of Countersign's pages filled in by plain HTTP.
// It runs no script and reads no style, so a walk that succeeds here needs neither.

const MOST_STEPS = 12

export class Browser {
  #cookies = new Map()

  constructor(person) {
    this.person = person // { username, password }
    this.pages = [] // ids of the pages that were answered, in order
  }

  /**
   * Opens `url` and does what a willing person does until the answer for `redirectUri` is there.
   * Gives a URL for `query` and `fragment`, a Request for `form_post`: what the client's web server would receive.
   */
  async authorize(url, redirectUri) {
    let request = { url: new URL(url), method: 'GET' }
    for (let step = 0; step < MOST_STEPS; step += 1) {
      if (isAt(request.url, redirectUri)) return received(request)
      request = await this.#next(request)
    }
    throw new Error(`no answer after ${MOST_STEPS} steps: ${this.pages.join(' → ')}`)
  }

  /** The names of all cookies. */
  get cookies() {
    return [...this.#cookies.keys()].map((key) => key.split(' ')[1])
  }

  /** Opens `url` like `authorize`, but ends with the first page that asks nothing; gives its id. */
  async open(url, redirectUri = 'none:') {
    try {
      await this.authorize(url, redirectUri)
    } catch (error) {
      if (error instanceof Page) return error.id
      throw error
    }
    return 'redirected'
  }

  async #next(request) {
    const response = await this.#send(request)
    if (response.status >= 300 && response.status < 400) {
      return { url: new URL(response.headers.get('location'), request.url), method: 'GET' }
    }
    const html = await response.text()
    const id = /\bid="([\w-]+-page)"/.exec(html)?.[1] ?? 'page'
    this.pages.push(id)
    return this.#answer(html, request.url) ?? Promise.reject(new Page(id, response.status, html))
  }

  /** The form that a willing person sends from this page. */
  #answer(html, url) {
    const forms = [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head, body]) => readForm(head, body, url))
    const containing = (id) => forms.find((form) => form.ids.has(id))
    const login = containing('login-submit')
    if (login) {
      login.fields.set('username', this.person.username)
      login.fields.set('password', this.person.password)
    }
    const form = login ?? containing('consent-allow') ?? containing('logout-yes') ?? forms.find(isFormPost)
    if (!form) return undefined
    for (const id of ['login-submit', 'consent-allow', 'logout-yes']) {
      const button = form.ids.get(id)
      if (button?.name) form.fields.set(button.name, button.value ?? '')
    }
    return { url: form.action, method: 'POST', body: form.fields }
  }

  async #send({ url, method, body }) {
    const headers = { accept: 'text/html', cookie: this.#header(url) }
    if (method === 'POST') Object.assign(headers, { origin: url.origin, 'sec-fetch-site': 'same-origin' })
    const response = await fetch(url, { method, body, headers, redirect: 'manual' })
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie, url)
    return response
  }

  #keep(text, url) {
    const [pair, ...attributes] = text.split(';').map((part) => part.trim())
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
    // What a browser throws away (RFC 6265bis §5.7) is thrown away here too, so that a sign-in on https shows it.
    const has = (attribute) => attributes.some((one) => one.toLowerCase() === attribute)
    const domain = attributes.some((one) => /^domain=/i.test(one))
    if (has('secure') && url.protocol !== 'https:') return
    if (name.startsWith('__Host-') && (!has('secure') || !has('path=/') || domain)) return
    const ended = attributes.some((attribute) => /^max-age=(0|-\d+)$/i.test(attribute) || /^expires=.* 1970 /i.test(attribute))
    const key = `${url.host} ${name}`
    if (ended) this.#cookies.delete(key)
    else this.#cookies.set(key, `${name}=${value}`)
  }

  #header(url) {
    return [...this.#cookies].filter(([key]) => key.startsWith(`${url.host} `)).map(([, pair]) => pair).join('; ')
  }
}

/** A page that leads nowhere: an error, or the end of a logout. */
class Page extends Error {
  constructor(id, status, html) {
    const text = html.replace(/<(style|script|head)\b[\s\S]*?<\/\1>/g, '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ').trim()
    super(`the way ended at page ${id} (status ${status}): ${text.slice(0, 900)}`)
    this.id = id
  }
}

function isAt(url, redirectUri) {
  return `${url.origin}${url.pathname}` === redirectUri
}

function received({ url, method, body }) {
  return method === 'POST' ? new Request(url, { method, body }) : url
}

/** The page of `response_mode=form_post` holds one form for another origin, with the answer in hidden inputs. */
function isFormPost(form) {
  return form.fields.has('iss') && ['code', 'id_token', 'access_token', 'error'].some((name) => form.fields.has(name))
}

function readForm(head, body, url) {
  const form = { action: new URL(attributes(head).get('action') ?? '', url), fields: new URLSearchParams(), ids: new Map() }
  for (const [, kind, text] of body.matchAll(/<(input|button)\b([^>]*)>/g)) {
    const element = attributes(text)
    if (element.has('id')) form.ids.set(element.get('id'), { name: element.get('name'), value: element.get('value') })
    const ticked = element.get('type') !== 'checkbox' || element.has('checked')
    if (kind === 'input' && element.has('name') && ticked) form.fields.set(element.get('name'), element.get('value') ?? '')
  }
  return form
}

function attributes(text) {
  const pairs = [...text.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)]
  return new Map(pairs.map(([, name, double, single, bare]) => [name, decoded(double ?? single ?? bare ?? '')]))
}

function decoded(text) {
  const named = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex || decimal) return String.fromCodePoint(Number.parseInt(hex ?? decimal, hex ? 16 : 10))
    return named[name] ?? whole
  })
}
