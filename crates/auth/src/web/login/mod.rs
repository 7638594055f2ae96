//! Signing in: one file per factor, and the one door that they all end in ([`proven`]).
//!
//! Who proved what so far waits in the interaction, on the server; a session begins only when it is enough. What is enough is
//! decided in `protocol::login`, what comes after a session in `protocol::authorize::decide`.

pub(crate) mod email_code;
pub(crate) mod new_password;
pub(crate) mod passkey;
pub(crate) mod password;
pub(crate) mod recovery_code;
mod second_factor;
pub(crate) mod totp;
mod under_way;

use actix_web::HttpResponse;
use protocol::ids::ClientId;
use protocol::login::{self, Browser, Circumstances, Enrolled, Factor, Level, Next, Proven};
use protocol::metadata::paths;
use protocol::security_event::SecurityEvent;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use store::StoreError;
use store::interactions::{Keep, LoginUnderWay};
use store::sessions::Session;

pub(crate) use self::under_way::{RestsOn, UnderWay};
use crate::known_browsers::Noted;
use crate::page_paths;
use crate::security_log::{self, Event};
use crate::web::authorize::Visit;
use crate::web::browser_sessions;
use crate::web::error::{AuthorizeError, PageError, Situation};
use crate::web::interaction::Pending;
use crate::web::pages::Onward;
use crate::web::session::{self, Sign};
use crate::{accounts, known_browsers};

/// What somebody has proven, all of it.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub user: User,
    pub proven: Proven,
    /// When the first factor was.
    pub since: Timestamp,
    pub keep: Keep,
    /// When the password among them was set; `None` where none was proven in this sign-in.
    pub password_set_at: Option<Timestamp>,
    pub rests_on: RestsOn,
    /// Whether this browser is to be spared the second factor from now on.
    pub remember: Remember,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remember {
    No,
    ThisBrowser,
}

/// The page that asks for a factor.
pub(crate) fn page_of(factor: Factor) -> &'static str {
    match factor {
        Factor::Password => paths::LOGIN,
        Factor::Passkey => page_paths::LOGIN_PASSKEY,
        Factor::Totp => page_paths::LOGIN_TOTP,
        Factor::EmailCode => page_paths::LOGIN_EMAIL_CODE,
        Factor::RecoveryCode => page_paths::LOGIN_RECOVERY_CODE,
    }
}

/// The page that asks for the second factor first.
pub(crate) fn second_factor_page(enrolled: Enrolled) -> &'static str {
    enrolled.second_factors().first().map_or(page_paths::ENROL, |factor| page_of(*factor))
}

/// The one door of all factors: asks for more, or begins the session and goes on to where the person wanted to go.
pub(crate) async fn proven(visit: Visit, pending: Pending, proof: Proof) -> Result<HttpResponse, AuthorizeError> {
    let enrolled = accounts::enrolled(&visit.state, &proof.user).await?;
    let demanded = visit.asked(&pending).await?.demanded;
    match next(&visit, (&proof.user, enrolled), &proof.proven, demanded).await? {
        Next::SecondFactor => wait(visit, pending, proof, second_factor_page(enrolled)).await,
        Next::NewPassword => wait(visit, pending, proof, page_paths::NEW_PASSWORD).await,
        Next::SignIn => sign_in(visit, pending, proof).await,
    }
}

/// What is still due of somebody who has proven so much.
async fn next(
    visit: &Visit,
    (user, enrolled): (&User, Enrolled),
    proven: &Proven,
    demanded: Level,
) -> Result<Next, StoreError> {
    let circumstances = Circumstances {
        enrolled,
        browser: browser(visit, user).await?,
        demanded,
        password_change_required_at: user.password_change_required_at,
    };
    Ok(login::next(proven, &circumstances))
}

async fn browser(visit: &Visit, user: &User) -> Result<Browser, StoreError> {
    let (state, now) = (&visit.state, visit.now);
    let Some(known) = known_browsers::find(state, &visit.http, &user.id, now).await? else {
        return Ok(Browser::Unknown);
    };
    if known_browsers::is_remembered(state, &known, now) {
        return Ok(Browser::Remembered);
    }
    if known.is_remembered(now) {
        // For longer than the settings allow by now. Over for good, or it would come back for the last part of that time.
        let _forgotten = known_browsers::remember(state, &known, Seconds(0), now).await?;
    }
    Ok(Browser::Unknown)
}

/// Keeps what is proven with the interaction and asks for the rest.
async fn wait(visit: Visit, pending: Pending, proof: Proof, page: &str) -> Result<HttpResponse, AuthorizeError> {
    let Proof { user, proven, since, keep, password_set_at, .. } = proof;
    let login = LoginUnderWay { user_id: user.id, proven, proven_at: since, keep, password_set_at };
    let id = &pending.interaction.id;
    // An interaction that ended meanwhile is told by the page that follows.
    let _waits = store::interactions::mark_proven(&visit.state.store, id, &login, visit.now).await?;
    Ok(visit.to_page(page, id))
}

/// The session: the same person's goes on with a new secret, another person's waits.
async fn sign_in(visit: Visit, pending: Pending, proof: Proof) -> Result<HttpResponse, AuthorizeError> {
    let (visit, pending) = signed_in(visit, pending, proof).await?;
    visit.go_on(pending).await
}

/// The same for whoever has to be shown something before they go on. That the proof is enough is up to the caller.
pub(crate) async fn signed_in(
    mut visit: Visit,
    mut pending: Pending,
    proof: Proof,
) -> Result<(Visit, Pending), AuthorizeError> {
    let Some(session) = session_for(&visit, &proof).await? else {
        let cause = "the session ended, the password was replaced or the account disabled while it was proven";
        let error = PageError::new(Situation::Expired).because(cause);
        return Err(error.onward(Onward::Retry(pending.again(&visit.state))).into());
    };
    note(&visit, &pending, &proof, &session).await?;
    let id = &pending.interaction.id;
    let _marked = store::interactions::mark_login(&visit.state.store, id, &session.id, visit.now).await?;
    pending.interaction.login_at = Some(visit.now);
    pending.interaction.session_id = Some(session.id.clone());
    pending.interaction.login = None;
    visit.signed_in = Some((session, proof.user));
    Ok((visit, pending))
}

/// A proof that rests on a session is good for that one only: once it has ended, it must not come back as another.
async fn session_for(visit: &Visit, proof: &Proof) -> Result<Option<Session>, StoreError> {
    let (state, http) = (&visit.state, &visit.http);
    let Proof { user, proven, since, keep, password_set_at, .. } = proof;
    let sign = Sign { user: &user.id, proven, auth_time: *since, keep: *keep, password_set_at: *password_set_at };
    if let Some(before) = session_of(visit, user).await?
        && let Some(renewed) = session::renew(state, http, &before, &sign).await?
    {
        return Ok(Some(renewed));
    }
    match proof.rests_on {
        RestsOn::ThisSignIn => session::begin(state, http, &sign).await,
        RestsOn::Session => Ok(None),
    }
}

/// The session that this person has in this browser already, active or waiting.
async fn session_of(visit: &Visit, user: &User) -> Result<Option<Session>, StoreError> {
    if let Some((session, person)) = &visit.signed_in
        && person.id == user.id
    {
        return Ok(Some(session.clone()));
    }
    for token in browser_sessions::waiting(&visit.state, &visit.http) {
        if let Some((session, person)) = session::living(&visit.state, &token, visit.now).await?
            && person.id == user.id
        {
            return Ok(Some(session));
        }
    }
    Ok(None)
}

/// The log, the browser that is known from now on, and word to the person when it was not known before.
async fn note(visit: &Visit, pending: &Pending, proof: &Proof, session: &Session) -> Result<(), AuthorizeError> {
    let (state, http, user) = (&visit.state, &visit.http, &proof.user);
    let client = client_of(pending);
    let event = Event::new(&user.id, SecurityEvent::SignedIn).in_session(&session.id);
    let event = Event { client: client.as_ref(), ..event }.with("amr", session.amr.clone());
    security_log::note(state, http, event).await?;
    let noted = known_browsers::note(state, http, &user.id, visit.now).await?;
    if let Noted::New(_) = noted {
        accounts::tell_of_new_browser(state, user, visit.now).await?;
    }
    if proof.remember == Remember::ThisBrowser && proof.proven.level() == Level::Two {
        let lasting = Seconds(state.config.second_factor.remember_browser);
        let _remembered = known_browsers::remember(state, noted.browser(), lasting, visit.now).await?;
        let event = Event::new(&user.id, SecurityEvent::BrowserRemembered).in_session(&session.id);
        security_log::note(state, http, event).await?;
    }
    Ok(())
}

fn client_of(pending: &Pending) -> Option<ClientId> {
    pending.interaction.return_to.is_none().then(|| pending.interaction.client_id.clone())
}
