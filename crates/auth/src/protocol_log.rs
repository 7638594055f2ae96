//! The protocol log: what each client asked and how it ended, with the cause that the client was not told.
//!
//! On its way a request leaves notes on itself ([`about`], [`proven`], [`asked`], [`refused`], [`answered`]); the middleware
//! makes one exchange of them ([`note`]) and puts it into a queue. A job writes the queue to the database twice a second
//! ([`write`]), so no request ever waits for its own log. When the queue is full, exchanges are dropped and counted.
//!
//! Strangers write here too, in the name of any client. So every text is cut, and what they say has a quota of its own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage as _, HttpRequest};
use protocol::error::ErrorCode;
use protocol::ids::ClientId;
use protocol::metadata::paths;
use protocol::params::Params;
use store::StoreError;
use store::protocol_log::{Exchange, Standing};
use tokio::sync::Notify;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{sleep, timeout};

use crate::AppState;
use crate::page_paths::SELECT_ACCOUNT;
use crate::trace_id::TraceId;

/// Exchanges that wait for the job. At most this many are lost when a process dies.
const QUEUE: usize = 2048;
const WRITE_EVERY: Duration = Duration::from_millis(500);
/// Rows per write; small, so that no request waits long for the writer.
const CHUNK: usize = 100;
/// Of requests that named no client of ours, so many per write: they are anybody's.
const OF_NOBODY: usize = 100;
/// How long a server that stops waits for the last write.
const PATIENCE: Duration = Duration::from_secs(5);

/// Parameters that say what was asked and are never a secret. The value of every other one is kept out.
const SHOWN: &[&str] = &[
    "acr_values",
    "claims_locales",
    "client_assertion_type",
    "code_challenge_method",
    "display",
    "grant_type",
    "max_age",
    "prompt",
    "purpose",
    "response_mode",
    "response_type",
    "scope",
    "token_type_hint",
    "ui_locales",
];
/// What stands for a value that is kept out.
const PRESENT: &str = "present";
/// Of these only the place is kept: what stands in the query of a URI, a wrong one above all, may be a secret of somebody.
const URIS: &[&str] = &["post_logout_redirect_uri", "redirect_uri"];
/// Longer values are cut.
const VALUE_LIMIT: usize = 200;
/// Longer sentences are cut. They repeat what was sent.
const SENTENCE_LIMIT: usize = 800;

/// The queue, shared by all workers.
pub struct ProtocolLog {
    queue: Sender<Exchange>,
    /// Taken by the job.
    waiting: Mutex<Option<Receiver<Exchange>>>,
    dropped: AtomicU64,
    stop: Notify,
    stopped: Notify,
}

impl ProtocolLog {
    pub(crate) fn new() -> Self {
        let (queue, waiting) = channel(QUEUE);
        Self {
            queue,
            waiting: Mutex::new(Some(waiting)),
            dropped: AtomicU64::new(0),
            stop: Notify::new(),
            stopped: Notify::new(),
        }
    }

    fn push(&self, exchange: Exchange) {
        if self.queue.try_send(exchange).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Has the job write what waits, and end. For a server that stops; what is pushed later is lost.
    pub(crate) async fn finish(&self) {
        self.stop.notify_one();
        let _ = timeout(PATIENCE, self.stopped.notified()).await;
    }
}

/// Which client a request is about, whether or not it could prove that it is that client.
struct Subject(ClientId);

/// Something that strangers do not have is behind the request.
struct Proven;

/// The parameters, with the values that may be kept.
struct Asked(Vec<(String, String)>);

/// The answer of an authorization request left for its client.
struct Answered;

struct Refused {
    code: Option<ErrorCode>,
    description: Option<String>,
    cause: Option<String>,
}

/// Notes which client a request is about.
pub(crate) fn about(request: &HttpRequest, client: &ClientId) {
    request.extensions_mut().insert(Subject(client.clone()));
}

/// Notes that the client authenticated, or that a token, a code or a session of this server came with the request.
pub(crate) fn proven(request: &HttpRequest) {
    request.extensions_mut().insert(Proven);
}

/// Notes the parameters of a request. The query string needs no note; of a form, and of a request that waited, this is the only
/// trace.
pub(crate) fn asked(state: &AppState, request: &HttpRequest, params: &Params) {
    if state.config.protocol_log.enabled {
        request.extensions_mut().insert(Asked(redacted(params)));
    }
}

/// Notes why a request is refused.
pub(crate) fn refused(
    request: &HttpRequest,
    code: Option<ErrorCode>,
    description: Option<String>,
    cause: Option<String>,
) {
    request.extensions_mut().insert(Refused { code, description, cause });
}

/// Notes that the answer of an authorization request leaves with this response.
pub(crate) fn answered(request: &HttpRequest) {
    request.extensions_mut().insert(Answered);
}

/// Puts an exchange into the queue, if it is one between a client and this server.
pub(crate) fn note(state: &AppState, request: &HttpRequest, status: StatusCode, trace: &TraceId, took: Duration) {
    if !state.config.protocol_log.enabled {
        return;
    }
    let Some(endpoint) = endpoint(state, request) else { return };
    if !concerns_a_client(endpoint, request) {
        return;
    }
    let query = || Params::parse(request.query_string().as_bytes()).map(|params| redacted(&params)).unwrap_or_default();
    let mut extensions = request.extensions_mut();
    let subject = extensions.remove::<Subject>().map(|Subject(client)| client);
    let standing = match extensions.remove::<Proven>() {
        Some(Proven) => Standing::Proven,
        None => Standing::Claimed,
    };
    let refused = extensions.remove::<Refused>();
    let (code, description, cause) = refused.map_or((None, None, None), |it| (it.code, it.description, it.cause));
    state.protocol_log.push(Exchange {
        client_id: subject.or_else(|| extensions.get::<ClientId>().cloned()),
        standing,
        seq: 0,
        trace_id: trace.as_str().to_owned(),
        at: state.now(),
        method: request.method().as_str().to_owned(),
        endpoint: endpoint.to_owned(),
        status: status.as_u16(),
        error: code.map(|code| code.wire().to_owned()),
        description: description.map(|text| cut(&text, SENTENCE_LIMIT)),
        cause: cause.map(|text| cut(&text, SENTENCE_LIMIT)),
        micros: i64::try_from(took.as_micros()).unwrap_or(i64::MAX),
        parameters: extensions.remove::<Asked>().map_or_else(query, |Asked(parameters)| parameters),
    });
}

/// The endpoint of a request, when it is one that clients speak with.
fn endpoint(state: &AppState, request: &HttpRequest) -> Option<&'static str> {
    let endpoints = [
        paths::TOKEN,
        paths::AUTHORIZE,
        paths::USERINFO,
        paths::INTROSPECT,
        paths::REVOKE,
        paths::LOGOUT,
        paths::LOGIN,
        paths::CONSENT,
        SELECT_ACCOUNT,
    ];
    let path = request.path().strip_prefix(state.issuer().path())?;
    let one = endpoints.into_iter().find(|endpoint| *endpoint == path);
    // The address of one registration ends in the id of its client (RFC 7592 §3).
    let of_one_client =
        || path.strip_prefix(paths::REGISTER).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    one.or_else(|| of_one_client().then_some(paths::REGISTER))
}

/// Pages that a person sees on the way are no exchange with a client; the answer that leaves in the end is one.
fn concerns_a_client(endpoint: &str, request: &HttpRequest) -> bool {
    let extensions = request.extensions();
    let refused = extensions.contains::<Refused>();
    match endpoint {
        paths::AUTHORIZE => refused || request.method() != Method::POST, // a POST comes back as a GET
        paths::LOGOUT => refused || extensions.contains::<Subject>(),
        paths::LOGIN | paths::CONSENT | SELECT_ACCOUNT => refused || extensions.contains::<Answered>(),
        _ => request.method() != Method::OPTIONS,
    }
}

fn redacted(params: &Params) -> Vec<(String, String)> {
    let shown = |name: &str, value: &str| match value {
        "" => String::new(),
        value if URIS.contains(&name) => place(value),
        value if name == "client_id" => beginning(value),
        value if SHOWN.contains(&name) => cut(value, VALUE_LIMIT),
        _ => PRESENT.to_owned(),
    };
    params.pairs().map(|(name, value)| (readable(name).to_owned(), shown(name, value))).collect()
}

/// A body that is no form is read as one long name, and could be anything.
fn readable(name: &str) -> &str {
    let plain = (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if plain { name } else { "?" }
}

/// Of what was sent as the id of a client: enough to recognise it, too little to use it. Id and secret get swapped, and the id of
/// a registered client stands beside it anyway.
pub(crate) fn beginning(id: &str) -> String {
    cut(id, 4)
}

/// A URI that somebody sent, without what may be secret in it.
pub(crate) fn place(uri: &str) -> String {
    match uri.split_once(['?', '#']) {
        Some((place, _)) => format!("{}?…", cut(place, VALUE_LIMIT)),
        None => cut(uri, VALUE_LIMIT),
    }
}

fn cut(value: &str, limit: usize) -> String {
    match value.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

/// The job: writes what waits, twice a second, until it is told to stop.
pub(crate) async fn write(state: Arc<AppState>) {
    let log = &state.protocol_log;
    let Some(mut waiting) = log.waiting.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
    let mut unwritten = Unwritten::default();
    loop {
        let stops = tokio::select! {
            () = sleep(WRITE_EVERY) => false,
            () = log.stop.notified() => true,
        };
        while let Ok(exchange) = waiting.try_recv() {
            unwritten.add(exchange);
        }
        unwritten.write(&state).await;
        if stops {
            // A database that is full for a moment gets a second chance.
            if !unwritten.batch.is_empty() {
                sleep(WRITE_EVERY).await;
                unwritten.write(&state).await;
            }
            break log.stopped.notify_one();
        }
    }
}

/// What is not in the database yet. When it cannot be reached, this waits for the next turn.
#[derive(Default)]
struct Unwritten {
    batch: Vec<Exchange>,
    /// The last place in the order that was given.
    seq: i64,
}

impl Unwritten {
    fn add(&mut self, mut exchange: Exchange) {
        self.seq = (self.seq + 1).max(exchange.at.0.saturating_mul(1_000_000));
        exchange.seq = self.seq;
        self.batch.push(exchange);
    }

    async fn write(&mut self, state: &AppState) {
        let keep = state.config.protocol_log.exchanges_per_client;
        let mut lost = state.protocol_log.dropped.swap(0, Ordering::Relaxed);
        self.batch = newest(std::mem::take(&mut self.batch), usize::try_from(keep).unwrap_or(usize::MAX));
        let too_many = self.batch.len().saturating_sub(QUEUE);
        lost += self.batch.drain(..too_many).count() as u64;
        while !self.batch.is_empty() {
            let chunk = &self.batch[..self.batch.len().min(CHUNK)];
            match store::protocol_log::append(&state.store, chunk, keep).await {
                Ok(()) => {}
                Err(StoreError::Unavailable(error)) => {
                    tracing::debug!(%error, "the protocol log waits for the database");
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, "exchanges could not be written to the protocol log");
                    lost += chunk.len() as u64;
                }
            }
            self.batch.drain(..self.batch.len().min(CHUNK));
        }
        if lost > 0 {
            tracing::warn!(exchanges = lost, "the protocol log has a gap");
        }
    }
}

/// What would be pruned at once is not written first.
fn newest(mut batch: Vec<Exchange>, keep: usize) -> Vec<Exchange> {
    let mut counted: HashMap<(Option<ClientId>, Standing), usize> = HashMap::new();
    batch.reverse();
    batch.retain(|exchange| {
        let count = counted.entry((exchange.client_id.clone(), exchange.standing)).or_default();
        *count += 1;
        *count <= if exchange.client_id.is_some() { keep } else { keep.min(OF_NOBODY) }
    });
    batch.reverse();
    batch
}

#[cfg(test)]
mod tests;
