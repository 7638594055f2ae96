//! The browser's signed-in session: found by its cookie, begun at login, never taken from anything else in a request.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::web::Data;
use protocol::authorize::decide::Login;
use protocol::authorize::prompt::{ACR_ONE_FACTOR, AMR_PASSWORD};
use protocol::ids::{SessionId, UserId};
use protocol::secret::SessionToken;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use store::sessions::Session;
use store::{StoreError, Won};

use crate::web::cookies::{self, Life};
use crate::{AppState, active, protocol_log, random};

/// `last_seen_at` is this coarse, so that an active person costs one write in that time.
const TOUCH_EVERY: Seconds = Seconds(300);

/// Whether a person asked to stay signed in after the browser closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    UntilBrowserCloses,
    OnThisDevice,
}

/// The live session of this browser and the person it belongs to.
pub(crate) async fn current(
    state: &Data<AppState>,
    request: &HttpRequest,
    now: Timestamp,
) -> Result<Option<(Session, User)>, StoreError> {
    let Some(token) = cookies::read(state, request, cookies::SESSION).and_then(|value| SessionToken::parse(&value))
    else {
        return Ok(None);
    };
    let Some(session) = store::sessions::find(&state.store, &token.id).await? else { return Ok(None) };
    if token.hash() != session.secret_hash || !active::session_is_live(&session, now) {
        return Ok(None);
    }
    let Some(user) = store::users::find(&state.store, &session.user_id).await? else { return Ok(None) };
    if user.disabled_at.is_some() {
        return Ok(None);
    }
    touch(state, &session, now);
    protocol_log::proven(request);
    Ok(Some((session, user)))
}

/// Begins a session for a person who has just proven who they are. Always a new identifier (session fixation).
pub(crate) async fn begin(
    state: &AppState,
    user: &User,
    keep: Keep,
    now: Timestamp,
) -> Result<(Session, Cookie<'static>), StoreError> {
    let (session, cookie) = fresh(state, SessionId::from_random(random::id()), &user.id, keep, now);
    store::sessions::insert(&state.store, &session).await?;
    Ok((session, cookie))
}

/// The same person proved it again: the session goes on with a new secret and a new `auth_time`; what rests on it stays.
pub(crate) async fn renew(
    state: &AppState,
    before: &Session,
    keep: Keep,
    now: Timestamp,
) -> Result<(Session, Cookie<'static>), StoreError> {
    let (mut session, cookie) = fresh(state, before.id.clone(), &before.user_id, keep, now);
    session.created_at = before.created_at;
    match store::sessions::renew(&state.store, &session, &before.secret_hash).await? {
        Won::Yes => Ok((session, cookie)),
        Won::No => {
            // It was ended, or renewed by a parallel login: this one begins a session of its own.
            let (session, cookie) = fresh(state, SessionId::from_random(random::id()), &before.user_id, keep, now);
            store::sessions::insert(&state.store, &session).await?;
            Ok((session, cookie))
        }
    }
}

fn fresh(state: &AppState, id: SessionId, user: &UserId, keep: Keep, now: Timestamp) -> (Session, Cookie<'static>) {
    let token: SessionToken = random::named_token(id);
    let sessions = &state.config.sessions;
    let (idle, lifetime, life) = match keep {
        Keep::UntilBrowserCloses => (sessions.idle, sessions.lifetime, Life::Browser),
        Keep::OnThisDevice => (sessions.keep_idle, sessions.keep_lifetime, Life::For(Seconds(sessions.keep_lifetime))),
    };
    let session = Session {
        id: token.id.clone(),
        secret_hash: token.hash(),
        user_id: user.clone(),
        auth_time: now,
        acr: ACR_ONE_FACTOR.to_owned(),
        amr: vec![AMR_PASSWORD.to_owned()],
        created_at: now,
        last_seen_at: now,
        idle_expires_at: now + Seconds(idle),
        expires_at: now + Seconds(lifetime),
        ended_at: None,
    };
    (session, cookies::write(state, cookies::SESSION, token.print().expose().clone(), life))
}

/// What the rules want to know of a session.
pub(crate) fn login(session: &Session) -> Login {
    Login {
        session_id: session.id.clone(),
        user_id: session.user_id.clone(),
        auth_time: session.auth_time,
        acr: session.acr.clone(),
        amr: session.amr.clone(),
    }
}

/// Notes that the session is in use, off the request's path. Losing a note costs nothing.
fn touch(state: &Data<AppState>, session: &Session, now: Timestamp) {
    if now.since(session.last_seen_at) < TOUCH_EVERY {
        return;
    }
    let idle = session.idle_expires_at.since(session.last_seen_at);
    let idle_expires_at = (now + idle).min(session.expires_at);
    let (state, id) = (Arc::clone(state), session.id.clone());
    tokio::spawn(async move {
        if let Err(error) = store::sessions::touch(&state.store, &id, now, idle_expires_at).await {
            tracing::warn!(%error, "a session's last use could not be noted");
        }
    });
}
