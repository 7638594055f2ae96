// A front end without tokens: the session cookie of this origin is sent by itself, and X-CSRF says that this page wrote the request.
"use strict";

const at = id => document.getElementById(id);
const WHY = {
  access_denied: "The sign-in was declined.",
  sign_in_not_under_way: "That sign-in took too long, or is over already.",
  issuer_unavailable: "The sign-in cannot be finished at the moment.",
};
const seen = new Map();
let next, once, changing, source;

async function call(method, path, { body, headers } = {}) {
  const response = await fetch(path, {
    method,
    headers: { ...(method !== "GET" && { "X-CSRF": "1" }), ...(body && { "Content-Type": "application/json" }), ...headers },
    body: body && JSON.stringify(body),
    cache: "no-store",
  });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : {};
  if (response.ok) return answer;
  if (response.status === 401) signedOut();
  const sentence = response.status === 401 ? "You are not signed in any more." : answer.detail || answer.title || `Error ${response.status}`;
  throw Object.assign(new Error(sentence), { status: response.status });
}

function say(text) {
  at("said").textContent = text;
}

/** Does this and says what went wrong. */
const attempt = act => async (...given) => {
  try {
    await act(...given);
  } catch (error) {
    say(error.message);
  }
};

function element(name, text, more = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...more });
}

function button(label, act, note) {
  const made = element("button", label, { type: "button", onclick: () => act(note) });
  made.setAttribute("aria-label", `${label} ${note.title}`);
  return made;
}

/** What If-Match asks for: the version, and what this person may do. */
const tag = note => ({ "If-Match": `"${note.version}${note.access[0]}"` });

function show(note, where) {
  const before = seen.get(note.id);
  // The same again would take the focus away from its buttons.
  if (before?.note.version === note.version && before.note.access === note.access) return;
  const item = element("li", "");
  const buttons = element("p", "", { className: "row" });
  if (note.access !== "read") buttons.append(button("Change", change, note));
  if (note.access === "own") buttons.append(button("Delete", remove, note));
  item.append(element("h3", note.title), element("p", note.body));
  if (note.access !== "own") item.append(element("small", `Shared with you, to read${note.access === "write" ? " and to change" : ""}`));
  item.append(buttons);
  if (before) before.item.replaceWith(item);
  else at("notes")[where](item);
  seen.set(note.id, { note, item });
  at("none").hidden = true;
}

function drop(id) {
  seen.get(id)?.item.remove();
  seen.delete(id);
  at("none").hidden = seen.size > 0;
}

async function list() {
  const page = await call("GET", "/notes" + (next ? `?after=${encodeURIComponent(next)}` : ""));
  page.notes.forEach(note => show(note, "append"));
  next = page.next;
  at("more").hidden = !next;
}

async function reload() {
  [...seen.keys()].forEach(drop);
  next = undefined;
  await list();
}

const remove = attempt(async note => {
  await call("DELETE", `/notes/${note.id}`, { headers: tag(note) });
  drop(note.id);
  if (changing?.id === note.id) change();
  say("Deleted.");
  at("title").focus();
});

/** The form is about this note; without one, about a new one. */
function change(note) {
  changing = note;
  once = undefined;
  at("form-heading").textContent = note ? "Change note" : "New note";
  at("cancel").hidden = !note;
  at("title").value = note ? note.title : "";
  at("body").value = note ? note.body : "";
  at("title").focus();
}

const save = attempt(async () => {
  const body = { title: at("title").value, body: at("body").value };
  if (changing) {
    try {
      show(await call("PUT", `/notes/${changing.id}`, { body, headers: tag(changing) }), "prepend");
    } catch (error) {
      if (error.status !== 412) throw error;
      changing = await call("GET", `/notes/${changing.id}`);
      show(changing, "prepend");
      return say("Somebody changed this note meanwhile, as you see below. Save again to have it as you wrote it.");
    }
  } else {
    // The same key for the same text until it worked: pressing the button again after a lost answer makes no second note.
    const text = JSON.stringify(body);
    if (once?.text !== text) once = { text, key: crypto.randomUUID() };
    show(await call("POST", "/notes", { body, headers: { "Idempotency-Key": `"${once.key}"` } }), "prepend");
  }
  change();
  say("Saved.");
});

const happened = attempt(async event => {
  const { id, change: what, at: when } = JSON.parse(event.data);
  let note;
  if (what !== "deleted") {
    note = await call("GET", `/notes/${id}`).catch(error => {
      if (error.status !== 404) throw error;
    });
  }
  const title = (note ?? seen.get(id)?.note)?.title;
  at("quiet").hidden = true;
  at("events").prepend(element("li", `${new Date(when).toLocaleTimeString()}: ${title ? `“${title}”` : "a note"} was ${what}`));
  while (at("events").childElementCount > 20) at("events").lastChild.remove();
  if (note) show(note, "prepend");
  else drop(id);
});

function listen() {
  // A browser comes back by itself with Last-Event-ID, also after token_expired.
  source = new EventSource("/events");
  source.addEventListener("note", happened);
  source.addEventListener("missed", attempt(reload));
  source.onerror = async () => {
    // It gives up when it was refused: nobody is signed in any more, or too many pages are open.
    if (source.readyState !== EventSource.CLOSED) return;
    try {
      await call("GET", "/bff/me");
    } catch (error) {
      if (error.status === 401) return say(error.message);
    }
    setTimeout(listen, 30_000);
  };
}

/** Leaves nothing on the page that is for one person only. */
function signedOut() {
  source?.close();
  [...seen.keys()].forEach(drop);
  at("events").replaceChildren();
  at("who").textContent = "";
  at("signed-out").hidden = false;
  at("signed-in").hidden = at("logout").hidden = true;
}

const logout = attempt(async () => {
  const { end_session_url } = await call("POST", "/bff/logout");
  signedOut();
  location.assign(end_session_url || "/app");
});

const start = attempt(async () => {
  const failed = new URLSearchParams(location.search).get("error");
  if (failed) {
    say(`${WHY[failed] || "The sign-in did not work."} You can begin again.`);
    history.replaceState(null, "", "/app");
  }
  const response = await fetch("/bff/me", { cache: "no-store" });
  const me = response.ok ? await response.json() : {};
  if (!me.sub) return signedOut();
  at("who").textContent = `Signed in as ${me.name || me.sub}`;
  at("signed-in").hidden = at("logout").hidden = false;
  at("form").onsubmit = event => {
    event.preventDefault();
    save();
  };
  at("cancel").onclick = () => change();
  at("more").onclick = attempt(list);
  at("logout").onclick = logout;
  // Not from the memory of the browser after somebody signed out.
  addEventListener("pageshow", event => event.persisted && location.reload());
  await list();
  listen();
});

start();
