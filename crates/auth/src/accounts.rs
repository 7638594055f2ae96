//! What belongs together when an account changes: the change itself, the sessions that end with it, the entry in its log, the mail
//! to its owner. Pages and commands call this, and decide nothing of it themselves.

use actix_web::HttpRequest;
use protocol::ids::SessionId;
use protocol::login::{Enrolled, Factor, ResetBy};
use protocol::security_event::SecurityEvent;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use store::passwords::NewPassword;
pub(crate) use store::passwords::{Access, How};
use store::{StoreError, Won};

use crate::mail::{self, Mailbox, Message, Notice};
use crate::page_paths;
use crate::security_log::{self, Event};
use crate::text::Locale;
use crate::{AppState, known_browsers, limits};

/// So long after it was made, the first browser of an account is most likely the one that it was made in.
const NEW_ACCOUNT: Seconds = Seconds::minutes(60);

/// What a person has to prove themselves with, here and now.
pub(crate) async fn enrolled(state: &AppState, user: &User) -> Result<Enrolled, StoreError> {
    let factors = store::users::factors(&state.store, &user.id).await?;
    Ok(Enrolled {
        password: factors.passwords > 0,
        passkey: factors.passkeys > 0,
        suspect_passkey: factors.suspect_passkeys > 0,
        totp: factors.totp > 0,
        // What the password came from is not a second factor beside it.
        recovery_code: factors.recovery_codes > 0 && factors.reset_by != Some(ResetBy::RecoveryCode),
        email_code: state.config.second_factor.email_code
            && mail::is_on(state)
            && user.verified_email().is_some()
            && factors.reset_by != Some(ResetBy::Email),
    })
}

/// Replaces a password with everything that follows from it in the database ([`store::passwords::replace`]); the clients of sessions
/// that ended hear of it, and so does the owner. The second factors stay as they are.
pub(crate) async fn set_password(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    new: NewPassword,
    how: How<'_>,
) -> Result<(), StoreError> {
    let now = state.now();
    store::passwords::replace(&state.store, &user.id, &new, how, now).await?;
    state.logout_deliveries.notify_one();
    let changed = Event::new(&user.id, SecurityEvent::PasswordChanged);
    let (event, notice, browser) = match how {
        How::Changed { session, .. } => (changed.in_session(session), Notice::PasswordChanged, None),
        How::Forced => (changed, Notice::PasswordChanged, None),
        How::Reset { by, browser } => {
            let reset = Event::new(&user.id, SecurityEvent::PasswordReset).with("by", by.name());
            (reset, Notice::PasswordReset, browser)
        }
    };
    limits::password_was_replaced(&state.store, state.keys.secrets(), user, browser).await?;
    security_log::note(state, http, event).await?;
    tell(state, user, notice).await
}

/// Ends all sessions of a person but one, and all access of apps that did not come from that one.
pub(crate) async fn end_other_sessions(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    kept: &SessionId,
) -> Result<(), StoreError> {
    let ended = store::sessions::end_others_of_user(&state.store, &user.id, kept, state.now()).await?;
    state.logout_deliveries.notify_one();
    match ended {
        Won::Yes => {
            let event = Event::new(&user.id, SecurityEvent::OtherSessionsEnded).in_session(kept);
            security_log::note(state, http, event).await
        }
        Won::No => Ok(()),
    }
}

/// A code beside the password was wrong. Whoever typed it has the password, so the owner hears of it when it is more than a typing
/// error.
pub(crate) async fn second_factor_failed(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    factor: Factor,
) -> Result<(), StoreError> {
    let event = Event::new(&user.id, SecurityEvent::SecondFactorFailed).with("factor", factor.name());
    security_log::note(state, http, event).await?;
    if limits::wrong_code_is_news(state, &user.id, state.now()).await? {
        tell(state, user, Notice::SecondFactorFailed).await?;
    }
    Ok(())
}

/// Word to the owner of an account, at the address that is proven to be theirs; without one, nobody is told.
pub(crate) async fn tell(state: &AppState, user: &User, notice: Notice) -> Result<(), StoreError> {
    let Some(address) = user.verified_email().and_then(Mailbox::parse) else { return Ok(()) };
    if !mail::is_on(state) {
        return Ok(());
    }
    mail::send(state, &address, Message::Notice(notice), language(user)).await
}

/// The same where the answer shows what is shown only once: it leaves even if the mail cannot.
pub(crate) async fn tell_of_what_is_done(state: &AppState, user: &User, notice: Notice) {
    if let Err(error) = tell(state, user, notice).await {
        tracing::error!(error = &error as &dyn std::error::Error, user.id = %user.id, "a notice by mail was lost");
    }
}

/// Word to the owner of an address that somebody typed for a new account or for theirs: it has an account already. That is told in a
/// mail and nowhere else.
pub(crate) async fn tell_of_account(state: &AppState, address: &Mailbox, owner: &User) -> Result<(), StoreError> {
    let (sign_in, recover) =
        (state.issuer().endpoint(page_paths::ACCOUNT), state.issuer().endpoint(page_paths::RECOVER));
    let message = Message::SignUpKnown { sign_in: &sign_in, recover: &recover };
    mail::send(state, address, message, language(owner)).await
}

/// The browser that somebody made an account in is no news. The first one of an account that was imported, or made long ago, is.
pub(crate) async fn tell_of_new_browser(state: &AppState, user: &User, now: Timestamp) -> Result<(), StoreError> {
    if now.since(user.created_at) < NEW_ACCOUNT && known_browsers::list(state, &user.id, now).await?.len() <= 1 {
        return Ok(());
    }
    tell(state, user, Notice::NewDevice).await
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
