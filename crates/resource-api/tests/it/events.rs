//! `GET /events`: who hears of what, in which order, and when a stream ends.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use protocol::time::Seconds;
use reqwest::{Method, RequestBuilder, Response};
use resource_api::Introspection;
use resource_api::introspection::Limits;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::api::{TestApi, send};
use crate::database::{on_both_engines, run};
use crate::issuer::{Issuer, now};
use crate::people::{EVERYTHING, Person, api, person, with_scope};
use crate::ways::introspection::Endpoint;

/// Longer than a look at the counter takes, shorter than a heartbeat.
const SOON: Duration = Duration::from_secs(10);

pub struct Stream {
    response: Response,
    text: String,
    last_id: String,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    name: String,
    data: String,
    id: Option<i64>,
}

impl Event {
    fn data(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }

    pub fn what(&self) -> String {
        format!("{} {}", self.name, self.data()["change"].as_str().unwrap_or_default())
    }
}

impl Stream {
    /// Open, and so far that everything that happens from now on is told.
    async fn open(person: &Person<'_>) -> Self {
        let mut stream = Self::open_with(person, None).await;
        while stream.last_id.is_empty() {
            assert!(stream.more().await, "it ended");
            stream.parse();
        }
        stream
    }

    pub async fn open_with(person: &Person<'_>, last_event_id: Option<&str>) -> Self {
        let mut request = person.request(Method::GET, "/events");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        Self::of(request).await
    }

    async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { response, text: String::new(), last_id: String::new() }
    }

    async fn more(&mut self) -> bool {
        let piece = timeout(Duration::from_secs(25), self.response.chunk()).await.expect("something comes").unwrap();
        let Some(piece) = piece else { return false };
        self.text += str::from_utf8(&piece).unwrap();
        true
    }

    /// As WHATWG HTML §9.2.6: an event without data is none, but its id counts.
    fn parse(&mut self) -> Option<Event> {
        while let Some((block, rest)) = self.text.split_once("\n\n") {
            let (mut name, mut data, mut id) = (String::new(), String::new(), None);
            for line in block.lines() {
                match line.split_once(": ").unwrap_or((line, "")) {
                    ("event", value) => value.clone_into(&mut name),
                    ("data", value) => value.clone_into(&mut data),
                    ("id", value) => {
                        value.clone_into(&mut self.last_id);
                        id = Some(value.parse().unwrap());
                    }
                    ("retry" | ":", _) => {}
                    other => panic!("{other:?}"),
                }
            }
            self.text = rest.to_owned();
            if !data.is_empty() {
                return Some(Event { name, data, id });
            }
        }
        None
    }

    /// The next event; `None` when the stream ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.parse() {
                return Some(event);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    pub async fn soon(&mut self) -> Event {
        timeout(SOON, self.next()).await.expect("an event comes soon").expect("the stream goes on")
    }

    pub async fn is_silent(&mut self) -> bool {
        timeout(Duration::from_millis(1500), self.next()).await.is_err()
    }
}

#[actix_web::test]
async fn who_can_see_something_hears_what_happens_to_it() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (alice, bob, eve) =
            (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"), person(&api, &issuer, "eve"));
        let (mut alices, mut bobs, mut eves) =
            (Stream::open(&alice).await, Stream::open(&bob).await, Stream::open(&eve).await);
        let path = alice.note("secret title").await;
        let created = alices.soon().await;
        assert_eq!(created.what(), "note created");
        let data = created.data();
        assert_eq!((data["id"].as_str(), &data["version"]), (path.strip_prefix("/notes/"), &json!(1)));
        assert!(!created.data.contains("secret"), "an event has no content");

        alice.share(&path, "person:bob", "write").await;
        assert_eq!(bobs.soon().await.what(), "note shared");
        bob.put(&path, "*", &json!({ "title": "t" })).await;
        assert_eq!(alices.soon().await.what(), "note changed");
        let changed = bobs.soon().await;
        assert_eq!((changed.what().as_str(), &changed.data()["version"]), ("note changed", &json!(2)));
        alice.delete(&format!("{path}/shares/person:bob")).await;
        assert_eq!(bobs.soon().await.what(), "note unshared");
        alice.put(&path, "*", &json!({ "title": "t" })).await;
        assert_eq!(alices.soon().await.what(), "note changed");
        let file = alice.file("x").await;
        alice.delete(&file).await;
        assert_eq!(alices.soon().await.what(), "file created");
        assert_eq!(alices.soon().await.what(), "file deleted");
        assert!(bobs.is_silent().await);

        let group = alice.group(&["bob"]).await;
        assert_eq!(alices.soon().await.what(), "group created");
        assert_eq!(bobs.soon().await.what(), "group joined");
        bob.post("/notes", &json!({ "title": "ours", "group": group })).await;
        assert_eq!(alices.soon().await.what(), "note created");
        assert_eq!(bobs.soon().await.what(), "note created");
        alice.delete(&format!("/groups/{group}/members/bob")).await;
        assert_eq!(bobs.soon().await.what(), "group left");
        alice.post("/notes", &json!({ "title": "ours", "group": group })).await;
        assert!(bobs.is_silent().await);
        assert!(eves.is_silent().await);
    })
    .await;
}

#[actix_web::test]
async fn only_kinds_that_the_token_may_read_are_told() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let alice = person(&api, &issuer, "alice");
    let mut notes = Stream::open(&with_scope(&api, &issuer, "alice", "notes:read")).await;
    let mut files = Stream::open(&with_scope(&api, &issuer, "alice", "files:read")).await;
    alice.note("t").await;
    alice.file("t").await;
    alice.group(&[]).await;
    assert_eq!(notes.soon().await.name, "note");
    assert_eq!(files.soon().await.name, "file");
    assert!(notes.is_silent().await && files.is_silent().await);
    for scope in ["groups:read", "notes:write", "openid"] {
        let other = with_scope(&api, &issuer, "alice", scope).get("/events").await;
        assert_eq!(other.status, 403, "{scope}");
    }
    assert_eq!(send(api.request(Method::GET, "/events")).await.status, 401);
    let head = send(alice.request(Method::HEAD, "/events")).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[actix_web::test]
async fn a_stream_goes_on_where_the_last_one_ended_in_another_process_too() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let (one, two) = (api(&issuer, &database).await, api(&issuer, &database).await);
        let (here, there) = (person(&one, &issuer, "alice"), person(&two, &issuer, "alice"));
        let mut stream = Stream::open(&here).await;
        here.note("1").await;
        assert_eq!(stream.soon().await.what(), "note created");
        let last = stream.last_id.clone();
        drop(stream);
        let written = [there.note("2").await, there.note("3").await];
        let mut stream = Stream::open_with(&there, Some(&last)).await;
        for path in &written {
            assert_eq!(stream.soon().await.data()["id"].as_str(), path.strip_prefix("/notes/"));
        }
        // What the other process writes is seen at the next look.
        let path = here.note("4").await;
        assert_eq!(stream.soon().await.data()["id"].as_str(), path.strip_prefix("/notes/"));
    })
    .await;
}

#[actix_web::test]
async fn a_reader_who_missed_something_is_told_so() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let first = api(&issuer, &database).await;
        let alice = person(&first, &issuer, "alice");
        for _ in 0..3 {
            alice.note("t").await;
        }
        // Of a database that is not this one any more.
        let mut stream = Stream::open_with(&alice, Some("999")).await;
        assert_eq!(stream.soon().await, Event { name: "missed".to_owned(), data: "{}".to_owned(), id: Some(3) });
        for wrong in ["-1", "x", "", "1.0", "99999999999999999999"] {
            let answer = send(alice.request(Method::GET, "/events").header("last-event-id", wrong)).await;
            assert_eq!(answer.status, 400, "{wrong}");
        }
        // Older than a day: forgotten at the next start.
        run(&database, "UPDATE events SET at = at - 86401 WHERE seq <= 2".to_owned()).await;
        let second = api(&issuer, &database).await;
        let alice = person(&second, &issuer, "alice");
        alice.note("wakes the sweeper").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut stream = Stream::open_with(&alice, Some("1")).await;
        assert_eq!(stream.soon().await.name, "missed");
        let mut stream = Stream::open_with(&alice, Some("2")).await;
        assert_eq!((stream.soon().await.id, stream.soon().await.id), (Some(3), Some(4)));
    })
    .await;
}

#[actix_web::test]
async fn of_many_writers_at_once_every_event_comes_once_and_in_order() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let (one, two) = (api(&issuer, &database).await, api(&issuer, &database).await);
        let (here, there) = (person(&one, &issuer, "alice"), person(&two, &issuer, "alice"));
        let mut stream = Stream::open(&here).await;
        let reading = async {
            let (mut ids, mut seen) = (Vec::new(), Vec::new());
            while seen.len() < 40 {
                let event = stream.soon().await;
                ids.push(event.id.unwrap());
                seen.push(event.data()["id"].as_str().unwrap().to_owned());
            }
            assert!(ids.is_sorted_by(|one, two| one < two), "{ids:?}");
            seen
        };
        let sent = (0..40).map(|number| if number % 2 == 0 { &here } else { &there });
        let writing = join_all(sent.map(async |alice| alice.note("t").await));
        let (mut seen, written) = tokio::join!(reading, writing);
        let mut written: Vec<_> = written.iter().map(|path| path.trim_start_matches("/notes/").to_owned()).collect();
        seen.sort_unstable();
        written.sort_unstable();
        assert_eq!(seen, written);
    })
    .await;
}

#[actix_web::test]
async fn a_stream_ends_when_the_token_does() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let token = issuer.token().claim("exp", now() + 3).sign();
    let alice = Person { api: &api, token };
    let began = Instant::now();
    let mut stream = Stream::open(&alice).await;
    alice.note("t").await;
    assert_eq!(stream.soon().await.name, "note");
    let last = stream.next().await.unwrap();
    assert_eq!((last.name.as_str(), last.id), ("token_expired", None));
    assert_eq!(stream.next().await, None);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // Within the leeway of other requests, but over: ends at once.
    let token = issuer.token().claim("exp", now() - 3).sign();
    let mut stream = Stream::open_with(&Person { api: &api, token }, None).await;
    assert_eq!(stream.soon().await.name, "token_expired");
    assert_eq!(stream.next().await, None);
}

/// What the issuer says counts for so long; ten seconds where no test is in a hurry.
const BELIEVED: Duration = Duration::from_secs(5);
/// For the last piece to arrive.
const ON_THE_WAY: Duration = Duration::from_millis(1_500);

/// An API that asks about every credential.
async fn asking_api(issuer: &Issuer, endpoint: &Endpoint) -> TestApi {
    TestApi::start_with(&issuer.url, |config| {
        let limits = Limits { positive: Seconds(5), short: Seconds(5), negative: Seconds(1), ..Limits::default() };
        config.settings.introspection = Some(Introspection { every_token: true, limits, ..endpoint.settings() });
        config.limits.stream_believes = BELIEVED;
    })
    .await
}

#[actix_web::test]
async fn the_stream_of_a_key_ends_to_ask_again_and_its_reader_misses_nothing() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let api = asking_api(&issuer, &endpoint).await;
    let key = endpoint.key(json!({ "scope": EVERYTHING }));
    let alice = Person { api: &api, token: key.expose().to_owned() };
    let began = Instant::now();
    let mut stream = Stream::open(&alice).await;
    alice.note("1").await;
    assert_eq!(stream.soon().await.what(), "note created");
    let last = stream.soon().await;
    assert_eq!((last.name.as_str(), last.data.as_str(), last.id), ("come_back", "{}", None));
    assert_eq!(stream.next().await, None);
    let lasted = began.elapsed();
    assert!(lasted + ON_THE_WAY > BELIEVED && lasted < BELIEVED + ON_THE_WAY, "{lasted:?}");
    let id = stream.last_id.clone();
    let path = alice.note("2").await;
    let asked = endpoint.asked().len();
    let mut stream = Stream::open_with(&alice, Some(&id)).await;
    assert_eq!(stream.soon().await.data()["id"].as_str(), path.strip_prefix("/notes/"));
    assert_eq!(asked, 2, "once for each stream, and the answer serves the other requests");
    assert_eq!(stream.soon().await.name, "come_back");
}

/// The answer about the credential is remembered when the stream begins: both times together are not longer than one.
#[actix_web::test]
async fn the_stream_of_what_is_revoked_is_over_in_time() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let api = asking_api(&issuer, &endpoint).await;
    let key = endpoint.key(json!({ "scope": EVERYTHING })).expose().to_owned();
    let jwt = issuer.token().claim("scope", EVERYTHING).sign();
    endpoint.knows(&jwt, json!({ "scope": EVERYTHING }));
    endpoint.knows("opaque-token", json!({ "scope": EVERYTHING }));
    for token in [key, jwt, "opaque-token".to_owned()] {
        let alice = Person { api: &api, token };
        alice.note("t").await;
        endpoint.forget(&alice.token);
        let revoked = Instant::now();
        // Long enough to be told from no time at all, and the answer is still remembered: it counts whole seconds.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut stream = Stream::open(&alice).await;
        assert_eq!(stream.soon().await.name, "come_back", "{}", alice.token);
        assert_eq!(stream.next().await, None);
        assert!(revoked.elapsed() < BELIEVED + ON_THE_WAY, "{:?} {}", revoked.elapsed(), alice.token);
        let again = alice.get("/events").await;
        assert_eq!((again.status, &again.json()["error"]), (401, &json!("invalid_token")));
    }
}

#[actix_web::test]
async fn a_person_has_so_many_streams_and_a_closed_one_makes_room() {
    let issuer = Issuer::start();
    let api = TestApi::start_with(&issuer.url, |config| {
        config.limits.streams_per_person = 2;
        config.limits.streams = 3;
    })
    .await;
    let (alice, bob) = (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"));
    let (one, _two) = (Stream::open(&alice).await, Stream::open(&alice).await);
    let refused = alice.get("/events").await;
    assert_eq!((refused.status, &refused.json()["error"]), (429, &json!("too_many_streams")));
    assert_eq!(refused.header("retry-after"), "15");
    let _three = Stream::open(&bob).await;
    let refused = bob.get("/events").await;
    assert_eq!((refused.status, &refused.json()["error"]), (503, &json!("temporarily_unavailable")));
    drop(one);
    let began = Instant::now();
    while alice.request(Method::GET, "/events").send().await.unwrap().status() != 200 {
        assert!(began.elapsed() < Duration::from_secs(40), "the place is free after two heartbeats");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    eprintln!("a place was free after {:?}", began.elapsed());
}

#[actix_web::test]
async fn the_end_of_the_process_ends_its_streams() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let mut stream = Stream::open(&person(&api, &issuer, "alice")).await;
    drop(api);
    let ended = timeout(SOON, stream.next()).await.expect("it ends soon");
    assert_eq!(ended, None);
}
