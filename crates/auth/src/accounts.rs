//! What belongs together when an account changes: the change itself, the sessions that end with it, the entry in its log, the mail
//! to its owner. Pages and commands call this, and decide nothing of it themselves.

use actix_web::HttpRequest;
use protocol::ids::SessionId;
use protocol::login::Enrolled;
use protocol::security_event::SecurityEvent;
use protocol::time::Timestamp;
use protocol::user::User;
use store::passwords::NewPassword;
use store::{StoreError, Won};

use crate::mail::{self, Message, Notice};
use crate::security_log::{self, Event};
use crate::web::text::Locale;
use crate::{AppState, known_browsers, limits};

/// What a person has to prove themselves with, here and now.
pub(crate) async fn enrolled(state: &AppState, user: &User) -> Result<Enrolled, StoreError> {
    let factors = store::users::factors(&state.store, &user.id).await?;
    Ok(Enrolled {
        password: factors.passwords > 0,
        passkey: factors.passkeys > 0,
        totp: factors.totp > 0,
        recovery_code: factors.recovery_codes > 0,
        email_code: state.config.second_factor.email_code && mail::is_on(state) && user.verified_email().is_some(),
    })
}

/// How a password came to be replaced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How<'a> {
    /// By somebody who is signed in in this session, which goes on.
    Changed(&'a SessionId),
    /// Without the old one: by mail, by recovery code, by an administrator's link. Nobody stays signed in.
    Reset,
    /// In the middle of a sign-in, because it had to be.
    Forced,
}

/// Replaces a password: other sessions end and are told to their clients, links and codes that were sent before are void, no
/// browser is spared the second factor any more, the owner hears of it. The second factors stay as they are.
pub(crate) async fn set_password(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    new: NewPassword,
    how: How<'_>,
) -> Result<(), StoreError> {
    let now = state.now();
    let (kept, kind) = match how {
        How::Changed(session) => (Some(session), SecurityEvent::PasswordChanged),
        How::Forced => (None, SecurityEvent::PasswordChanged),
        How::Reset => (None, SecurityEvent::PasswordReset),
    };
    store::passwords::replace(&state.store, &user.id, &new, kept, now).await?;
    state.logout_deliveries.notify_one();
    known_browsers::remember_none(state, &user.id).await?;
    limits::password_was_replaced(&state.store, state.keys.secrets(), &user.id).await?;
    let event = Event { session: kept, ..Event::new(&user.id, kind) };
    security_log::note(state, http, event).await?;
    tell(state, user, Notice::PasswordChanged).await
}

/// Ends all sessions of a person but one. Tells how many ended.
pub(crate) async fn end_other_sessions(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    kept: &SessionId,
) -> Result<u64, StoreError> {
    let ended = store::sessions::end_others_of_user(&state.store, &user.id, kept, state.now()).await?;
    state.logout_deliveries.notify_one();
    if ended > 0 {
        let event = Event::new(&user.id, SecurityEvent::OtherSessionsEnded).in_session(kept).with("sessions", ended);
        security_log::note(state, http, event).await?;
    }
    Ok(ended)
}

/// Word to the owner of an account, at the address that is proven to be theirs; without one, nobody is told.
pub(crate) async fn tell(state: &AppState, user: &User, notice: Notice) -> Result<(), StoreError> {
    let Some(address) = user.verified_email().and_then(mail::Mailbox::parse) else { return Ok(()) };
    if !mail::is_on(state) {
        return Ok(());
    }
    mail::send(state, &address, Message::Notice(notice), language(user)).await
}

/// The first browser of an account is no news.
pub(crate) async fn tell_of_new_browser(state: &AppState, user: &User, now: Timestamp) -> Result<(), StoreError> {
    match known_browsers::list(state, &user.id, now).await?.len() {
        0 | 1 => Ok(()),
        _ => tell(state, user, Notice::NewDevice).await,
    }
}

/// The language of mail to a person.
pub(crate) fn language(user: &User) -> Locale {
    user.locale.as_deref().and_then(Locale::parse).unwrap_or_default()
}

/// Deletes the accounts whose time of grace is over, at most `limit`, and tells how many. Their owners hear of it at the address of
/// before, their clients as after any sign-out.
pub(crate) async fn delete_due(state: &AppState, limit: i64) -> Result<usize, StoreError> {
    let now = state.now();
    let mut deleted = 0;
    for id in store::deletion::due(&state.store, now, limit).await? {
        let Some(user) = store::users::find(&state.store, &id).await? else { continue };
        if store::deletion::carry_out(&state.store, &id, now).await? == Won::Yes {
            tracing::info!(user.id = %id, "an account was deleted because its owner asked for it");
            deleted += 1;
            tell(state, &user, Notice::AccountDeleted).await?;
        }
    }
    if deleted > 0 {
        state.logout_deliveries.notify_one();
    }
    Ok(deleted)
}
