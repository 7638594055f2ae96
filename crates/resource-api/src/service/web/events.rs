//! `GET /events`: what changes, as it changes (server-sent events, WHATWG HTML §9.2). Without content: who hears of a change reads
//! the item.
//!
//! The table of events is the only memory. A stream reads it piece by piece, as fast as its reader takes them; one that takes
//! nothing for a while is ended, and comes back with `Last-Event-ID`. A stream ends when the credential does.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;

use actix_web::http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::poll_fn;
use serde_json::json;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::access::caller::{Caller, CredentialKind, Identity};
use crate::answer::problem::Problem;
use crate::clock;
use crate::service::App;
use crate::service::events::{self, Event, Position};
use crate::service::hub::{NoPlace, Place};
use crate::service::principal::Person;
use crate::service::web::found::{private, rfc3339};
use crate::service::web::problems;
use crate::service::web::routes::{FILES_READ, GROUPS_READ, NOTES_READ};

const HEARTBEAT: Duration = Duration::from_secs(15);
/// A reader that takes nothing for so long is gone or too slow.
const PATIENCE: Duration = Duration::from_secs(20);
/// Pieces on their way to the reader.
const WAITING: usize = 8;
const AT_ONCE: i64 = 50;
const COME_BACK_MILLIS: u32 = 1_000;

/// Tells what changes of what the caller may see, as server-sent events.
#[utoipa::path(get, path = "/events", operation_id = "streamEvents", tag = "events", params(
    ("Last-Event-ID" = Option<i64>, Header, description = "The id of the last event that was seen; without it, only what is new is told"),
), responses(
    (status = 200, description = "Events note, file and group with a JSON object of id, change, version and at; missed when some are \
        gone; as the last one token_expired or come_back", body = String, content_type = "text/event-stream"),
    (status = 400, description = "Last-Event-ID is no id of ours"),
    (status = 429, description = "The caller has as many streams as one may have"),
))]
pub(crate) async fn stream(request: HttpRequest, caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let last = last_event_id(request.headers())?;
    let person = app.person(&caller);
    let limits = app.limits;
    let place = app.hub.enter(&person, limits.streams_per_person, limits.streams).map_err(no_place)?;
    let position = events::position(&app.database).await?;
    let mut response = private(StatusCode::OK);
    // A proxy that collects pieces would hold back what is to be told now.
    response.insert_header((CONTENT_TYPE, "text/event-stream")).insert_header(("x-accel-buffering", "no"));
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let (pieces, mut waiting) = channel(WAITING);
    let after = last.unwrap_or(position.seq);
    let reader = Reader { person, kinds: kinds(&caller), pieces, patience: PATIENCE, after };
    actix_web::rt::spawn(serve(app, reader, position, end(caller.identity(), limits.stream_believes()), place));
    Ok(response
        .streaming(poll_fn(move |context| waiting.poll_recv(context).map(|piece| piece.map(Ok::<_, Infallible>)))))
}

/// One stream.
struct Reader {
    person: Person,
    /// What the caller may read.
    kinds: Vec<&'static str>,
    pieces: Sender<Bytes>,
    patience: Duration,
    /// The last event that was read.
    after: i64,
}

/// The reader is gone, or takes nothing.
struct Gone;

/// Why a stream ends by itself.
#[derive(Clone, Copy)]
enum End {
    TokenExpired(Duration),
    ComeBack(Duration),
    Never,
}

/// Lives as long as the stream, and holds its place.
async fn serve(app: Data<App>, mut reader: Reader, position: Position, end: End, place: Place) {
    let (until, last) = match end {
        End::TokenExpired(after) => (Some(Instant::now() + after), "token_expired"),
        End::ComeBack(after) => (Some(Instant::now() + after), "come_back"),
        End::Never => (None, ""),
    };
    let over = async {
        match until {
            Some(until) => sleep_until(until).await,
            None => std::future::pending().await,
        }
    };
    let pieces = reader.pieces.clone();
    tokio::select! {
        () = over => {
            let _ = timeout(PATIENCE, pieces.send(piece(last, "{}", None))).await;
        }
        result = reader.run(&app, position) => {
            if let Err(error) = result {
                tracing::warn!(cause = %error, "an event stream ended: the events cannot be read");
            }
        }
    }
    drop(place);
}

impl Reader {
    /// Until the reader is gone or the process ends.
    async fn run(&mut self, app: &App, position: Position) -> Result<(), Problem> {
        let mut newest = app.hub.newest();
        let start = format!("retry: {COME_BACK_MILLIS}\n");
        // Behind the newest event: of another database. Before the oldest: some are gone.
        let missed = self.after < position.pruned || self.after > position.seq;
        if missed {
            self.after = position.seq;
        }
        let first = if missed { piece("missed", "{}", Some(self.after)) } else { id_alone(self.after) };
        let mut until = position.seq;
        if self.send(Bytes::from(start)).await.and(self.send(first).await).is_err() {
            return Ok(());
        }
        loop {
            while self.after < until {
                let events = events::since(&app.database, &self.person, (self.after, until), AT_ONCE).await?;
                let all = i64::try_from(events.len()).is_ok_and(|count| count < AT_ONCE);
                for event in &events {
                    if self.tell(event).await.is_err() {
                        return Ok(());
                    }
                }
                self.after = if all { until } else { events.last().map_or(until, |event| event.seq) };
            }
            tokio::select! {
                () = self.pieces.closed() => return Ok(()),
                () = sleep(HEARTBEAT) => {
                    // With the position: who comes back need not look at events of others again.
                    let beat = Bytes::from(format!(":\nid: {}\n\n", self.after));
                    if self.send(beat).await.is_err() {
                        return Ok(());
                    }
                }
                changed = newest.changed() => match (changed, *newest.borrow_and_update()) {
                    (Ok(()), Some(seq)) => until = seq,
                    _ => return Ok(()),
                },
            }
        }
    }

    async fn tell(&self, event: &Event) -> Result<(), Gone> {
        let Some(kind) = self.kinds.iter().find(|kind| **kind == event.kind) else { return Ok(()) };
        let Event { item, change, version, .. } = event;
        let data = json!({ "id": item, "change": change, "version": version, "at": rfc3339(event.at) });
        self.send(piece(kind, &data.to_string(), Some(event.seq))).await
    }

    async fn send(&self, piece: Bytes) -> Result<(), Gone> {
        match timeout(self.patience, self.pieces.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }
}

/// `data` has no line break.
fn piece(event: &str, data: &str, id: Option<i64>) -> Bytes {
    let mut text = String::new();
    if let Some(id) = id {
        let _ = writeln!(text, "id: {id}");
    }
    let _ = write!(text, "event: {event}\ndata: {data}\n\n");
    text.into()
}

/// No event, but where to go on: a reader remembers the id.
fn id_alone(id: i64) -> Bytes {
    format!("id: {id}\n\n").into()
}

fn kinds(caller: &Caller) -> Vec<&'static str> {
    let all = [(NOTES_READ, "note"), (FILES_READ, "file"), (GROUPS_READ, "group")];
    all.into_iter().filter(|(permission, _)| caller.may(permission)).map(|(_, kind)| kind).collect()
}

/// A JWT that nobody asked about is good until its end. Every other credential can be revoked at any moment, so what its issuer
/// said counts for `believed`, from the question on and not from the stream's begin: the answer may have been remembered. Then
/// the stream ends, and the client comes back with its credential.
fn end(identity: &Identity, believed: Duration) -> End {
    let left = identity.expires_at.map(|at| {
        let seconds = at.since(clock::now()).0.max(0);
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    });
    let again = match (identity.confirmed, identity.kind) {
        (Some(asked), _) => Some(believed.saturating_sub(asked.elapsed())),
        (None, CredentialKind::AccessToken) => None,
        (None, _) => Some(believed),
    };
    match (again, left) {
        (Some(again), left) if left.is_none_or(|left| again < left) => End::ComeBack(again),
        (_, Some(left)) => End::TokenExpired(left),
        (_, None) => End::Never,
    }
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|id| *id >= 0);
    id.map(Some).ok_or_else(|| problems::header("Last-Event-ID is the id of an event of this stream"))
}

fn no_place(no_place: NoPlace) -> Problem {
    let (status, error, detail) = match no_place {
        NoPlace::OfPerson => {
            (StatusCode::TOO_MANY_REQUESTS, "too_many_streams", "the caller has as many event streams as one may have")
        }
        NoPlace::OfAll => (
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
            "there are as many event streams as there may be",
        ),
    };
    Problem::new(status, error, detail).header(RETRY_AFTER, 15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::time::Seconds;

    #[test]
    fn a_piece_is_an_event_with_a_line_for_each_field() {
        assert_eq!(piece("note", "{}", Some(7)), "id: 7\nevent: note\ndata: {}\n\n");
        assert_eq!(piece("token_expired", "{}", None), "event: token_expired\ndata: {}\n\n");
        assert_eq!(id_alone(7), "id: 7\n\n");
    }

    #[actix_web::test]
    async fn a_stream_ends_when_its_token_does_or_when_the_issuer_is_to_be_asked_again() {
        use CredentialKind::{AccessToken, ApiKey, Session};
        let ends = |kind, asked_before: Option<u64>, left: Option<i64>| {
            let identity = Identity {
                issuer: "https://id.example".into(),
                subject: "alice".to_owned(),
                client_id: None,
                kind,
                scope: String::new(),
                roles: Vec::new(),
                auth_time: None,
                acr: None,
                expires_at: left.map(|left| clock::now() + Seconds(left)),
                confirmed: asked_before
                    .map(|seconds| Instant::now().into_std().checked_sub(Duration::from_secs(seconds)).unwrap()),
                bound: None,
                claims: Vec::new(),
            };
            match end(&identity, Duration::from_secs(10)) {
                End::TokenExpired(after) => format!("expired {}", after.as_secs_f32().round()),
                End::ComeBack(after) => format!("back {}", after.as_secs_f32().round()),
                End::Never => "never".to_owned(),
            }
        };
        assert_eq!(ends(AccessToken, None, Some(300)), "expired 300");
        assert_eq!(ends(AccessToken, None, None), "never");
        assert_eq!(ends(AccessToken, Some(0), Some(300)), "back 10", "a JWT that the issuer is asked about");
        assert_eq!(ends(ApiKey, Some(0), None), "back 10");
        assert_eq!(ends(ApiKey, Some(7), Some(300)), "back 3", "what it said counts from the question on");
        assert_eq!(ends(ApiKey, Some(60), None), "back 0");
        assert_eq!(ends(ApiKey, Some(0), Some(5)), "expired 5");
        assert_eq!(ends(Session, None, Some(300)), "back 10", "it can be ended here");
    }

    #[actix_web::test]
    async fn a_reader_who_takes_nothing_is_dropped_and_nothing_piles_up() {
        let (pieces, mut waiting) = channel(WAITING);
        let person = Person::at("https://id.example", "alice", "https://id.example");
        let patience = Duration::from_millis(50);
        let reader = Reader { person, kinds: vec!["note"], pieces, patience, after: 0 };
        let event = |seq| Event {
            seq,
            at: 0,
            kind: "note".to_owned(),
            item: "x".to_owned(),
            change: "created".to_owned(),
            version: 1,
        };
        let mut taken = 0;
        while reader.tell(&event(taken)).await.is_ok() {
            taken += 1;
        }
        assert_eq!(usize::try_from(taken), Ok(WAITING));
        assert!(waiting.recv().await.is_some() && reader.tell(&event(taken)).await.is_ok());
        drop(waiting);
        assert!(reader.tell(&event(taken)).await.is_err());
    }
}
