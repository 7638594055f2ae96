// A front end without tokens: the session cookie of this origin is sent by itself, and X-CSRF says that this page wrote the request.
"use strict";

const at = id => document.getElementById(id);
const seen = new Map();
let next, key;

async function call(method, path, { body, headers } = {}) {
  const response = await fetch(path, {
    method,
    headers: { ...(method !== "GET" && { "X-CSRF": "1" }), ...(body && { "Content-Type": "application/json" }), ...headers },
    body: body && JSON.stringify(body),
    cache: "no-store",
  });
  if (response.status === 401) signedOut();
  const text = await response.text();
  const answer = text ? JSON.parse(text) : {};
  if (!response.ok) throw new Error(answer.detail || answer.title || `Error ${response.status}`);
  return answer;
}

function say(text) {
  at("said").textContent = text;
}

function element(name, text, more = {}) {
  return Object.assign(document.createElement(name), { textContent: text }, more);
}

function show(note, where) {
  const item = element("li", "");
  const who = note.access === "own" ? "" : `From ${note.owner}, shared for ${note.access === "write" ? "writing" : "reading"}`;
  item.append(element("h3", note.title), element("p", note.body), element("small", who));
  if (note.access === "own") {
    const button = element("button", "Delete", { type: "button" });
    button.setAttribute("aria-label", `Delete ${note.title}`);
    button.onclick = () => remove(note);
    item.append(button);
  }
  const before = seen.get(note.id);
  if (before) before.replaceWith(item);
  else at("notes")[where](item);
  seen.set(note.id, item);
}

function drop(id) {
  seen.get(id)?.remove();
  seen.delete(id);
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

async function remove(note) {
  try {
    await call("DELETE", `/notes/${note.id}`, { headers: { "If-Match": `"${note.version}o"` } });
    drop(note.id);
    say("Deleted.");
    at("title").focus();
  } catch (error) {
    say(error.message);
  }
}

async function save(event) {
  event.preventDefault();
  // The same key until it worked: pressing the button again after a lost answer makes no second note.
  key ??= crypto.randomUUID();
  try {
    const body = { title: at("title").value, body: at("body").value };
    show(await call("POST", "/notes", { body, headers: { "Idempotency-Key": `"${key}"` } }), "prepend");
    key = undefined;
    at("new").reset();
    say("Saved.");
  } catch (error) {
    say(error.message);
  }
}

async function happened(event) {
  const { id, change, at: when } = JSON.parse(event.data);
  const line = element("li", `${new Date(when).toLocaleTimeString()}: a note was ${change}`);
  at("events").prepend(line);
  while (at("events").childElementCount > 20) at("events").lastChild.remove();
  if (change === "deleted") return drop(id);
  try {
    show(await call("GET", `/notes/${id}`), "prepend");
  } catch {
    drop(id);
  }
}

function listen() {
  // A browser comes back by itself with Last-Event-ID, also after token_expired.
  const source = new EventSource("/events");
  source.addEventListener("note", happened);
  source.addEventListener("missed", reload);
  source.onerror = () => {
    // A browser gives up when it was refused, as with too many open pages.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 30_000);
  };
}

function signedOut() {
  at("login").hidden = false;
  at("logout").hidden = true;
  document.querySelector("main").hidden = true;
}

async function logout() {
  try {
    const { end_session_url } = await call("POST", "/bff/logout");
    location.assign(end_session_url || "/app");
  } catch (error) {
    say(error.message);
  }
}

async function start() {
  const failed = new URLSearchParams(location.search).get("error");
  if (failed) {
    say(`The sign-in did not work (${failed}). You can begin again.`);
    history.replaceState(null, "", "/app");
  }
  const response = await fetch("/bff/me", { cache: "no-store" });
  const me = response.ok ? await response.json() : {};
  if (!me.sub) return signedOut();
  at("who").textContent = `Signed in as ${me.name || me.sub}`;
  at("logout").hidden = false;
  document.querySelector("main").hidden = false;
  at("new").onsubmit = save;
  at("more").onclick = () => list().catch(error => say(error.message));
  at("logout").onclick = logout;
  await list();
  listen();
}

start().catch(error => say(error.message));
