//! The browser's signed-in session: found by its cookie, begun at login, never taken from anything else in a request.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Data;
use protocol::authorize::decide::Login;
use protocol::ids::{SessionId, UserId};
use protocol::login::Proven;
use protocol::secret::SessionToken;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use store::interactions::Keep;
use store::sessions::Session;
use store::{StoreError, Won};

use crate::web::browser_sessions;
use crate::{AppState, active, protocol_log, random, security_log, session_clients};

/// `last_seen_at` is this coarse, so that an active person costs one write in that time.
const TOUCH_EVERY: Seconds = Seconds(300);

/// The live session of this browser and the person it belongs to.
pub(crate) async fn current(
    state: &Data<AppState>,
    request: &HttpRequest,
    now: Timestamp,
) -> Result<Option<(Session, User)>, StoreError> {
    let Some(token) = browser_sessions::active(state, request) else { return Ok(None) };
    let Some((session, user)) = living(state, &token, now).await? else { return Ok(None) };
    touch(state, &session, now);
    protocol_log::proven(request);
    Ok(Some((session, user)))
}

/// The session that a token proves, if it lives and its owner may sign in.
pub(crate) async fn living(
    state: &AppState,
    token: &SessionToken,
    now: Timestamp,
) -> Result<Option<(Session, User)>, StoreError> {
    let Some(session) = store::sessions::find(&state.store, &token.id).await? else { return Ok(None) };
    if token.hash() != session.secret_hash || !active::session_is_live(&session, now) {
        return Ok(None);
    }
    let user = store::users::find(&state.store, &session.user_id).await?;
    Ok(user.filter(|user| user.disabled_at.is_none()).map(|user| (session, user)))
}

/// What a session is made of.
#[derive(Clone, Debug)]
pub(crate) struct Sign<'a> {
    pub user: &'a UserId,
    pub proven: &'a Proven,
    /// When the first factor was proven: nothing that rests on the session may look fresher than its oldest proof.
    pub auth_time: Timestamp,
    pub keep: Keep,
}

/// Begins a session for a person who has just proven who they are. Always a new identifier (session fixation).
pub(crate) async fn begin(state: &AppState, http: &HttpRequest, sign: &Sign<'_>) -> Result<Session, StoreError> {
    let (session, token) = fresh(state, http, SessionId::from_random(random::id()), sign);
    store::sessions::insert(&state.store, &session).await?;
    activate(state, http, &token, sign.keep).await?;
    Ok(session)
}

/// The same person proved it again, or proved more: the session goes on with a new secret; what rests on it stays.
pub(crate) async fn renew(
    state: &AppState,
    http: &HttpRequest,
    before: &Session,
    sign: &Sign<'_>,
) -> Result<Session, StoreError> {
    let (mut session, token) = fresh(state, http, before.id.clone(), sign);
    session.created_at = before.created_at;
    if sign.auth_time == before.auth_time && sign.keep == before.keep {
        // One factor more is no new sign-in: the end of the session stays where it was.
        session.expires_at = before.expires_at;
        session.idle_expires_at = session.idle_expires_at.min(session.expires_at);
    }
    match store::sessions::renew(&state.store, &session, &before.secret_hash).await? {
        Won::Yes => {
            activate(state, http, &token, sign.keep).await?;
            Ok(session)
        }
        // It was ended, or renewed by a parallel login: this one begins a session of its own.
        Won::No => begin(state, http, sign).await,
    }
}

/// The browser goes on in this session. Sessions that it has no room for end: nobody could reach them any more. Their clients hear
/// of it over the back channel, not over the front channel: the browser is on its way elsewhere, and a page of frames in between
/// would hold it up by seconds. This is intended.
pub(crate) async fn activate(
    state: &AppState,
    http: &HttpRequest,
    token: &SessionToken,
    keep: Keep,
) -> Result<(), StoreError> {
    for dropped in browser_sessions::activate(state, http, token, keep) {
        if living(state, &dropped, state.now()).await?.is_some() {
            let _ended = session_clients::end(state, &dropped.id, state.now()).await?;
        }
    }
    Ok(())
}

fn fresh(state: &AppState, http: &HttpRequest, id: SessionId, sign: &Sign<'_>) -> (Session, SessionToken) {
    let now = state.now();
    let token: SessionToken = random::named_token(id);
    let sessions = &state.config.sessions;
    let (idle, lifetime) = match sign.keep {
        Keep::UntilBrowserCloses => (sessions.idle, sessions.lifetime),
        Keep::OnThisDevice => (sessions.keep_idle, sessions.keep_lifetime),
    };
    let session = Session {
        id: token.id.clone(),
        secret_hash: token.hash(),
        user_id: sign.user.clone(),
        auth_time: sign.auth_time,
        acr: sign.proven.level().to_string(),
        amr: sign.proven.amr(),
        created_at: now,
        last_seen_at: now,
        idle_expires_at: now + Seconds(idle),
        expires_at: now + Seconds(lifetime),
        ended_at: None,
        origin: security_log::origin(state, http),
        keep: sign.keep,
    };
    (session, token)
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
