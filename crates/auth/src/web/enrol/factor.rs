//! A second factor is added or removed: the same in the account console and in the middle of a sign-in. Who may do it is decided by
//! the pages; what follows from it stands here.

use protocol::login::{AuthenticationMethod, Level, Proven};
use protocol::mail::Notice;
use protocol::params::Params;
use protocol::security_event::SecurityEvent;
use store::StoreError;
use store::passkeys::Passkey;

use crate::passkeys::{self, Naming, PasskeyError};
use crate::security_log::{self, Event};
use crate::text::Texts;
use crate::totp::{self, Enrolment, Offer};
use crate::trace_id::TraceId;
use crate::web::error::PageError;
use crate::web::form;
use crate::web::pages::{Field, FieldKind, Form, QrPicture, TotpOffered};
use crate::web::passkey::{self as passkey_form, Refusal};
use crate::web::session::{self, Sign};
use crate::web::visitor::Visitor;
use crate::{accounts, known_browsers, recovery_codes};

/// The hidden field that carries an offered secret, sealed.
pub(crate) const OFFER: &str = "offer";

/// What somebody has from now on.
#[derive(Clone, Debug)]
pub(crate) enum Added {
    Totp,
    Passkey(Box<Passkey>),
}

/// What somebody had until now.
#[derive(Clone, Debug)]
pub(crate) enum Removed {
    Totp,
    Passkey(Box<Passkey>),
}

/// What became of a code that was typed to connect an app.
pub(crate) enum Confirmed {
    Yes,
    /// Show the same offer again.
    Wrong(Box<Offer>),
    /// The offer is too old, or was used.
    Gone,
}

/// Connects the app that the form has an offer for.
pub(crate) async fn confirm(visitor: &Visitor, form: &Params) -> Result<Confirmed, PageError> {
    let (sealed, typed) = (form::text(form, OFFER)?, form::text(form, "code")?);
    let (state, user) = (&visitor.state, &visitor.user);
    Ok(match totp::enrol(state, &user.id, sealed, typed, visitor.now).await? {
        Enrolment::Done => Confirmed::Yes,
        Enrolment::Wrong => match totp::reopen(state, user, sealed, visitor.now) {
            Some(offer) => Confirmed::Wrong(Box::new(offer)),
            None => Confirmed::Gone,
        },
        Enrolment::Gone => Confirmed::Gone,
    })
}

/// Keeps the passkey that the form has an authenticator's answer for.
pub(crate) async fn register(
    visitor: &Visitor,
    form: &Params,
    texts: &Texts,
) -> Result<Result<Passkey, Refusal>, PageError> {
    let browser = passkey_form::browser_hash(&visitor.state, &visitor.http)?;
    let presented = passkey_form::presented(form, &browser)?;
    let naming = Naming { typed: "", otherwise: texts.passkey.default_name };
    let (state, user) = (&visitor.state, &visitor.user.id);
    match passkeys::finish_registration(state, user, presented, naming, visitor.now).await {
        Ok(passkey) => Ok(Ok(passkey)),
        Err(PasskeyError::Store(error)) => Err(error.into()),
        Err(error) => {
            tracing::info!(trace.id = %TraceId::of(&visitor.http), cause = %error, "a passkey was refused");
            Ok(Err(Refusal::of(&error)))
        }
    }
}

/// What follows from a new factor: it is written down, its owner hears of it, the session has proven it if it was weaker. Who has
/// no recovery codes gets some, which are shown this once.
pub(crate) async fn added(visitor: &mut Visitor, added: &Added) -> Result<Option<Vec<String>>, StoreError> {
    let (kind, notice) = match added {
        Added::Totp => (SecurityEvent::TotpAdded, Notice::TotpAdded),
        Added::Passkey(_) => (SecurityEvent::PasskeyAdded, Notice::PasskeyAdded),
    };
    let state = &visitor.state;
    let event = Event::new(&visitor.user.id, kind).in_session(&visitor.session.id);
    let event = match added {
        Added::Totp => event,
        Added::Passkey(passkey) => event.with("name", passkey.name.as_str()),
    };
    security_log::note(state, &visitor.http, event).await?;
    accounts::tell(state, &visitor.user, notice).await?;
    if matches!(added, Added::Totp) && visitor.enrolled.totp {
        // The app of before is gone with it.
        known_browsers::remember_none(state, &visitor.user.id).await?;
    }
    prove(visitor, added).await?;
    // Not with the first factor only: an account that began with a passkey may have none yet.
    let codes = recovery_codes::make_first(&visitor.state, &visitor.user.id, visitor.now).await?;
    if codes.is_some() {
        note_codes(visitor).await?;
    }
    Ok(codes)
}

pub(crate) async fn note_codes(visitor: &Visitor) -> Result<(), StoreError> {
    let event = Event::new(&visitor.user.id, SecurityEvent::RecoveryCodesMade).in_session(&visitor.session.id);
    security_log::note(&visitor.state, &visitor.http, event).await
}

/// Whoever just used a factor has proven it. The session goes on with a new secret; when its owner signed in stays as it was.
async fn prove(visitor: &mut Visitor, added: &Added) -> Result<(), StoreError> {
    let before = &visitor.session;
    let proven = Proven::from_words(before.amr.iter().map(String::as_str));
    if proven.level() == Level::Two {
        return Ok(());
    }
    let proven = match added {
        Added::Totp => proven.and([AuthenticationMethod::OneTimePassword]),
        Added::Passkey(passkey) => proven.and(passkeys::backup(passkey).methods()),
    };
    let (user, auth_time, keep) = (&before.user_id, before.auth_time, before.keep);
    let sign = Sign { user, proven: &proven, auth_time, keep, password_set_at: None };
    // One that was ended meanwhile stays ended.
    if let Some(renewed) = session::renew(&visitor.state, &visitor.http, before, &sign).await? {
        visitor.session = renewed;
    }
    Ok(())
}

/// What follows from a factor less: it is written down, its owner hears of it, no browser is spared the second factor any more.
/// Recovery codes go with the last one.
pub(crate) async fn removed(visitor: &Visitor, removed: &Removed) -> Result<(), StoreError> {
    let (kind, notice) = match removed {
        Removed::Totp => (SecurityEvent::TotpRemoved, Notice::TotpRemoved),
        Removed::Passkey(_) => (SecurityEvent::PasskeyRemoved, Notice::PasskeyRemoved),
    };
    let (state, user) = (&visitor.state, &visitor.user);
    known_browsers::remember_none(state, &user.id).await?;
    if !accounts::enrolled(state, user).await?.has_second_factor() {
        recovery_codes::remove_all(state, &user.id).await?;
    }
    let event = Event::new(&user.id, kind).in_session(&visitor.session.id);
    let event = match removed {
        Removed::Totp => event,
        Removed::Passkey(passkey) => event.with("name", passkey.name.as_str()),
    };
    security_log::note(state, &visitor.http, event).await?;
    accounts::tell(state, user, notice).await
}

/// What the page of an offer shows.
pub(crate) fn offered(offer: &Offer) -> TotpOffered {
    TotpOffered {
        picture: offer.qr.as_ref().map(|qr| QrPicture { side: qr.side, path: qr.path.clone() }),
        uri: offer.uri.clone(),
        groups: offer.groups.clone(),
    }
}

/// The form that proves that the app has the secret. `wrong`: what is wrong with the code that was typed.
pub(crate) fn totp_form(
    action: String,
    csrf: String,
    offer: &Offer,
    texts: &Texts,
    wrong: Option<&'static str>,
) -> Form {
    let code = Field::new(FieldKind::OneTimeCode, "code", texts.security.offer_confirm);
    let code = code.refused(wrong.map(str::to_owned));
    Form::new(action, csrf, "totp-submit", texts.security.offer_submit).hidden(OFFER, offer.sealed.clone()).field(code)
}
