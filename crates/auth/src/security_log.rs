//! The log that a person has of their account: who did what from where. Written here, read by the account console.
//!
//! Entries hold names and numbers, never a password, code, token or key.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Data;
use protocol::ids::{ClientId, SecurityEventId, SessionId, UserId};
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use serde_json::{Map, Value};
use store::StoreError;
use store::security_events::Entry;
use store::sessions::Origin;

use crate::sender;
use crate::trace_id::TraceId;
use crate::{AppState, random};

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) struct Event<'a> {
    pub user: &'a UserId,
    pub kind: SecurityEvent,
    pub session: Option<&'a SessionId>,
    pub client: Option<&'a ClientId>,
    pub details: Map<String, Value>,
}

impl<'a> Event<'a> {
    pub(crate) fn new(user: &'a UserId, kind: SecurityEvent) -> Self {
        Self { user, kind, session: None, client: None, details: Map::new() }
    }

    #[must_use]
    pub(crate) fn in_session(self, session: &'a SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    #[must_use]
    pub(crate) fn of_client(self, client: &'a ClientId) -> Self {
        Self { client: Some(client), ..self }
    }

    /// A member of `details`; snake_case, like the names of events.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// Writes it before the answer leaves.
pub(crate) async fn note(state: &AppState, http: &HttpRequest, event: Event<'_>) -> Result<(), StoreError> {
    store::security_events::insert(&state.store, &entry(state, http, event)).await
}

/// Writes it beside the answer, which must take as long for people who exist as for those who do not.
pub(crate) fn note_aside(state: &Data<AppState>, http: &HttpRequest, event: Event<'_>) {
    write_aside(state, entry(state, http, event));
}

/// The same, for an entry that was made before.
pub(crate) fn write_aside(state: &Data<AppState>, entry: Entry) {
    let state = Arc::clone(state);
    tokio::spawn(async move {
        if let Err(error) = store::security_events::insert(&state.store, &entry).await {
            tracing::warn!(%error, kind = entry.kind.name(), "a security event could not be written");
        }
    });
}

/// The browser that sent a request, as people recognise it.
pub(crate) fn origin(state: &AppState, http: &HttpRequest) -> Origin {
    Origin {
        user_agent: sender::user_agent(http),
        address: Some(sender::address(state, http).to_canonical().to_string()),
    }
}

/// The row of an event, for who writes it with other rows.
pub(crate) fn entry(state: &AppState, http: &HttpRequest, event: Event<'_>) -> Entry {
    let now = state.now();
    tracing::info!(trace.id = %TraceId::of(http), user.id = %event.user, kind = event.kind.name(), "security event");
    Entry {
        id: SecurityEventId::from_random(random::id()),
        user_id: event.user.clone(),
        at: now,
        kind: event.kind,
        client_id: event.client.cloned(),
        session_id: event.session.cloned(),
        origin: origin(state, http),
        details: event.details,
        trace_id: Some(TraceId::of(http).to_string()),
        expires_at: now + Seconds(state.config.accounts.security_log_lifetime),
    }
}
