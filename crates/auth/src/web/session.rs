//! The browser's signed-in session: found by its cookie, begun at login, never taken from anything else in a request.

use std::cmp::Reverse;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Data;
use protocol::authorize::decide::Login;
use protocol::ids::{SessionId, UserId};
use protocol::login::Proven;
use protocol::secret::SessionToken;
use protocol::security_event::SecurityEvent;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use store::interactions::Keep;
use store::sessions::Session;
use store::{StoreError, Won};

use crate::security_log::Event;
use crate::web::browser_sessions;
use crate::{AppState, active, protocol_log, random, security_log, session_clients};

/// `last_seen_at` is this coarse, so that an active person costs one write in that time.
const TOUCH_EVERY: Seconds = Seconds(300);
/// One person is signed in in at most this many browsers.
const MOST_SESSIONS: usize = 50;

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
    /// When the password among the proofs was set: no session begins on one that was replaced while it was verified.
    pub password_set_at: Option<Timestamp>,
}

/// Begins a session for a person who has just proven who they are. Always a new identifier (session fixation). `None`: what was
/// proven counts no more.
pub(crate) async fn begin(
    state: &AppState,
    http: &HttpRequest,
    sign: &Sign<'_>,
) -> Result<Option<Session>, StoreError> {
    let (session, token) = fresh(state, http, SessionId::from_random(random::id()), sign);
    if store::sessions::insert(&state.store, &session, sign.password_set_at).await? == Won::No {
        return Ok(None);
    }
    make_room(state, http, &session).await?;
    activate(state, http, &token, sign.keep).await?;
    Ok(Some(session))
}

/// The same person proved it again, or proved more: the session goes on with a new secret; what rests on it stays. `None`: it was
/// ended, or renewed by a parallel sign-in, or what was proven counts no more.
pub(crate) async fn renew(
    state: &AppState,
    http: &HttpRequest,
    before: &Session,
    sign: &Sign<'_>,
) -> Result<Option<Session>, StoreError> {
    let (mut session, token) = fresh(state, http, before.id.clone(), sign);
    session.created_at = before.created_at;
    if sign.auth_time == before.auth_time && sign.keep == before.keep {
        // One factor more is no new sign-in: the end of the session stays where it was.
        session.expires_at = before.expires_at;
        session.idle_expires_at = session.idle_expires_at.min(session.expires_at);
    }
    if store::sessions::renew(&state.store, &session, &before.secret_hash, sign.password_set_at).await? == Won::No {
        return Ok(None);
    }
    activate(state, http, &token, sign.keep).await?;
    Ok(Some(session))
}

/// Ends what one person has too many of: the sessions that were not used for longest, wherever they are.
async fn make_room(state: &AppState, http: &HttpRequest, begun: &Session) -> Result<(), StoreError> {
    let mut others = store::sessions::living_of_user(&state.store, &begun.user_id, begun.created_at).await?;
    others.retain(|session| session.id != begun.id);
    if others.len() < MOST_SESSIONS {
        return Ok(());
    }
    others.sort_by_key(|session| Reverse(session.last_seen_at));
    for surplus in others.split_off(MOST_SESSIONS - 1) {
        if session_clients::end(state, &surplus.id, begun.created_at).await? == Won::Yes {
            let event = Event::new(&begun.user_id, SecurityEvent::SessionEnded).in_session(&begun.id);
            security_log::note(state, http, event.with("ended", surplus.id.as_str())).await?;
        }
    }
    Ok(())
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
    let (others, dropped) = browser_sessions::beside(state, http, token);
    wait(state, http, &others).await?;
    browser_sessions::activate(state, http, token, keep);
    for dropped in dropped {
        end_living(state, &dropped).await?;
    }
    Ok(())
}

/// Takes a session that waits off the list of this browser, and ends it.
pub(crate) async fn forget(state: &AppState, http: &HttpRequest, id: &SessionId) -> Result<(), StoreError> {
    let waiting = browser_sessions::waiting(state, http);
    let (forgotten, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|token| token.id == *id);
    for token in forgotten {
        end_living(state, &token).await?;
    }
    wait(state, http, &others).await
}

/// The list outlives the browser only if everybody on it asked for that.
async fn wait(state: &AppState, http: &HttpRequest, tokens: &[SessionToken]) -> Result<(), StoreError> {
    let mut keep = Keep::OnThisDevice;
    for token in tokens {
        match store::sessions::find(&state.store, &token.id).await? {
            Some(Session { keep: Keep::OnThisDevice, .. }) => {}
            _ => keep = Keep::UntilBrowserCloses,
        }
    }
    browser_sessions::write_waiting(state, http, tokens, keep);
    Ok(())
}

/// The id alone ends nothing.
async fn end_living(state: &AppState, token: &SessionToken) -> Result<(), StoreError> {
    if living(state, token, state.now()).await?.is_some() {
        let _ended = session_clients::end(state, &token.id, state.now()).await?;
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
