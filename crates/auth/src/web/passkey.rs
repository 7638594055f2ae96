//! Passkeys over HTTP: the options that `passkey.js` asks for as JSON, the forms that it fills in, and what a person is told of a
//! refusal.
//!
//! The answer of an authenticator comes in an ordinary form, so that navigation and errors are those of every other page: to
//! `login/passkey.rs`, or to the page that adds a passkey. What is verified stands in `passkeys/`.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::error::{ErrorCode, OAuthError};
use protocol::ids::SessionId;
use protocol::params::Params;
use protocol::secret::TokenHash;
use protocol::security_event::SecurityEvent;
use protocol::user::User;
use serde_json::Value;
use store::StoreError;
use store::passkeys::Passkey;

use crate::AppState;
use crate::limits::{self, Reserved, Throttled};
use crate::page_paths;
use crate::passkeys::{self, Noticed, Owner, PasskeyError, Presented};
use crate::security_log::{self, Event};
use crate::sender;
use crate::text::PasskeyTexts;
use crate::trace_id::TraceId;
use crate::web::authorize::Visit;
use crate::web::error::{JsonError, PageError, Situation};
use crate::web::interaction::Pending;
use crate::web::login::UnderWay;
use crate::web::pages::{Offered, PasskeyForm, Signals};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::web::{browser_form, cards, form};

pub(crate) const OPTIONS: &str = "/passkey/options";
pub(crate) const CREATION_OPTIONS: &str = "/passkey/creation-options";
/// Where the answer goes that is a first factor.
pub(crate) const SIGN_IN: &str = "/passkey/sign-in";
/// In the query of the page that somebody comes back to: a [`Refusal`].
pub(crate) const REFUSED: &str = "passkey";

/// What the options are for; the hidden field `purpose` of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    SignIn,
    SecondFactor,
}

/// As much as a person is told of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Expired,
    /// Password managers are told as well, so that they stop offering it.
    Unknown,
    NotVerified,
    Cloned,
    Exists,
    TooMany,
    Failed,
}

pub(crate) async fn options_post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, JsonError> {
    let form = form::read(&state, &http, body).await?;
    let (visit, pending) = Visit::answered(state, http, &form).await.map_err(as_json)?;
    let purpose = Purpose::read(&form).map_err(as_json)?;
    let user = match whom(&visit, &pending, &form, purpose).await.map_err(as_json)? {
        Whom::Anyone => None,
        Whom::Known(under_way) => Some(under_way.user.id),
        Whom::NobodyAnyMore => return Err(as_json(PageError::new(Situation::Expired))),
    };
    throttle(&visit).map_err(as_json)?;
    let browser = &pending.interaction.browser_hash;
    let begun = passkeys::begin_authentication(&visit.state, user.as_ref(), browser, visit.now).await;
    answer(begun.map(|(_, options)| options))
}

/// For the account console and for who adds a passkey because an app demands one; the form has the token of [`Visitor::csrf`].
pub(crate) async fn creation_options_post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, JsonError> {
    let (visitor, _) = Visitor::posted(state, http, body, Since::Recently, page_paths::ACCOUNT).await.map_err(
        |error| match error {
            VisitorError::Page(page) => as_json(page),
            VisitorError::SignIn(_) => JsonError::new(OAuthError::new(
                ErrorCode::LoginRequired,
                "the sign-in is too long ago; reload the page",
            )),
        },
    )?;
    let browser = browser_hash(&visitor.state, &visitor.http).map_err(as_json)?;
    creation_options(&visitor.state, &Owner::of(&visitor.user), &browser).await
}

/// The options for a new passkey as an answer, for whichever page may add one.
pub(crate) async fn creation_options(
    state: &AppState,
    owner: &Owner<'_>,
    browser: &TokenHash,
) -> Result<HttpResponse, JsonError> {
    let begun = passkeys::begin_registration(state, owner, browser, state.now()).await;
    answer(begun.map(|(_, options)| options))
}

/// Who is asked; the form came from the page that asks.
enum Whom {
    /// For a first factor: whoever has a passkey.
    Anyone,
    /// For a second factor.
    Known(Box<UnderWay>),
    /// It took too long, or something changed.
    NobodyAnyMore,
}

async fn whom(visit: &Visit, pending: &Pending, form: &Params, purpose: Purpose) -> Result<Whom, PageError> {
    if purpose == Purpose::SignIn {
        pending.check_form(&visit.state, &visit.http, form, None)?;
        return Ok(Whom::Anyone);
    }
    let under_way = UnderWay::find(visit, pending).await?;
    let session = UnderWay::session_of_form(under_way.as_ref(), visit);
    pending.check_form(&visit.state, &visit.http, form, session)?;
    Ok(match under_way {
        Some(under_way) => Whom::Known(Box::new(under_way)),
        None => Whom::NobodyAnyMore,
    })
}

/// Each challenge is a row until it is answered or expires; like a sign-in that begins.
fn throttle(visit: &Visit) -> Result<(), PageError> {
    let peer = sender::address(&visit.state, &visit.http);
    visit.state.limits.begin(peer, visit.now).map_err(too_many)
}

/// Counts an answer before it is verified.
pub(crate) async fn reserve(visit: &Visit) -> Result<Result<Reserved, Throttled>, StoreError> {
    limits::passkey(&visit.state, sender::address(&visit.state, &visit.http), visit.now).await
}

pub(crate) fn too_many(throttled: Throttled) -> PageError {
    PageError { retry_after: Some(throttled.retry_after), ..PageError::new(Situation::TooMany) }
}

/// The log has the whole reason; a copy is news for the owner.
pub(crate) async fn note_refused(visit: &Visit, error: &PasskeyError) -> Result<(), StoreError> {
    tracing::info!(trace.id = %TraceId::of(&visit.http), cause = %error, "a passkey was refused");
    if let PasskeyError::Cloned { user, noticed: Noticed::Now } = error {
        let event = Event::new(user, SecurityEvent::PasskeyCloneSuspected);
        security_log::note(&visit.state, &visit.http, event).await?;
    }
    Ok(())
}

/// The form that signs in with a passkey, for the page of an interaction; bound to a session where the proof rests on one. `None`
/// where this server can have none.
pub(crate) fn sign_in_form(
    visit: &Visit,
    pending: &Pending,
    purpose: Purpose,
    session: Option<&SessionId>,
) -> Option<PasskeyForm> {
    let state = &visit.state;
    let (offered, action) = match purpose {
        // No page stands there: whoever opens the address once more is led back by what it says.
        Purpose::SignIn => (Offered::WithNames, format!("{SIGN_IN}?interaction={}", pending.interaction.id)),
        Purpose::SecondFactor => (Offered::ByButton, page_paths::LOGIN_PASSKEY.to_owned()),
    };
    passkeys::are_available(state.issuer()).then(|| PasskeyForm {
        action: cards::path(state, &action),
        options: cards::path(state, OPTIONS),
        hidden: vec![
            ("interaction", pending.interaction.id.to_string()),
            ("csrf", pending.csrf(state, session)),
            ("purpose", purpose.name().to_owned()),
        ],
        keep: (purpose == Purpose::SignIn).then_some("keep"),
        accept: None,
        offered,
    })
}

/// The form that adds a passkey for somebody who is signed in. `action`: the path below the issuer that takes the answer.
pub(crate) fn add_form(visitor: &Visitor, action: &str) -> Option<PasskeyForm> {
    passkeys::are_available(visitor.state.issuer()).then(|| PasskeyForm {
        action: visitor.path(action),
        options: visitor.path(CREATION_OPTIONS),
        hidden: vec![("csrf", visitor.csrf())],
        keep: None,
        accept: None,
        offered: Offered::ByButton,
    })
}

/// What password managers are told of a person's passkeys; for the pages that list or change them.
pub(crate) fn signals(state: &AppState, user: &User, present: &[Passkey]) -> Option<Signals> {
    let owner = Owner::of(user);
    Some(Signals {
        rp_id: passkeys::rp_id(state.issuer())?,
        user: passkeys::user_handle(&user.id),
        credentials: present.iter().map(|passkey| passkey.id.as_str()).collect::<Vec<_>>().join(" "),
        name: owner.name.to_owned(),
        display_name: owner.display_name.to_owned(),
    })
}

/// The answer of the authenticator as a form carries it.
pub(crate) fn presented<'a>(form: &'a Params, browser_hash: &'a TokenHash) -> Result<Presented<'a>, PageError> {
    Ok(Presented { ceremony: form::text(form, "ceremony")?, browser_hash, response: form::text(form, "credential")? })
}

/// What ceremonies of this browser are bound to.
pub(crate) fn browser_hash(state: &AppState, http: &HttpRequest) -> Result<TokenHash, PageError> {
    Ok(TokenHash::of(browser_form::known(state, http)?.as_bytes()))
}

fn answer(begun: Result<Value, PasskeyError>) -> Result<HttpResponse, JsonError> {
    let refused = |text: &'static str| JsonError::new(OAuthError::new(ErrorCode::InvalidRequest, text));
    match begun {
        Ok(options) => Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(options)),
        Err(PasskeyError::Store(error)) => Err(error.into()),
        Err(PasskeyError::TooMany) => Err(refused("the account has as many passkeys as it can")),
        Err(PasskeyError::Unavailable) => Err(refused("this server has no domain, so it has no passkeys")),
        Err(error) => Err(refused("there are no options for this").because(error)),
    }
}

/// The refusal of a page as JSON, with its status.
pub(crate) fn as_json(error: PageError) -> JsonError {
    let told = OAuthError::new(ErrorCode::InvalidRequest, "this page is too old, or was not made for this browser");
    JsonError {
        status: error.status(),
        retry_after: error.retry_after,
        cause: error.cause.map(String::from),
        ..JsonError::new(error.error.unwrap_or(told))
    }
}

impl Purpose {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SecondFactor => "second_factor",
        }
    }

    fn read(form: &Params) -> Result<Self, PageError> {
        match form::text(form, "purpose")? {
            "sign_in" => Ok(Self::SignIn),
            "second_factor" => Ok(Self::SecondFactor),
            _ => {
                let error = OAuthError::new(ErrorCode::InvalidRequest, "purpose is sign_in or second_factor");
                Err(PageError { error: Some(error.at("purpose")), ..PageError::new(Situation::BadForm) })
            }
        }
    }
}

impl Refusal {
    const ALL: [Self; 7] =
        [Self::Expired, Self::Unknown, Self::NotVerified, Self::Cloned, Self::Exists, Self::TooMany, Self::Failed];

    pub(crate) fn of(error: &PasskeyError) -> Self {
        match error {
            PasskeyError::Expired | PasskeyError::UnknownCeremony | PasskeyError::OtherBrowser => Self::Expired,
            PasskeyError::UnknownCredential => Self::Unknown,
            PasskeyError::UserNotVerified | PasskeyError::UserNotPresent => Self::NotVerified,
            PasskeyError::Cloned { .. } => Self::Cloned,
            PasskeyError::AlreadyRegistered => Self::Exists,
            PasskeyError::TooMany => Self::TooMany,
            _ => Self::Failed,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Unknown => "unknown",
            Self::NotVerified => "not_verified",
            Self::Cloned => "cloned",
            Self::Exists => "exists",
            Self::TooMany => "too_many",
            Self::Failed => "failed",
        }
    }

    /// From the query of the page that somebody came back to.
    pub(crate) fn read(http: &HttpRequest) -> Option<Self> {
        let query = form::query(http).ok()?;
        let named = query.get(REFUSED).ok().flatten()?;
        Self::ALL.into_iter().find(|refusal| refusal.name() == named)
    }

    pub(crate) fn sentence(self, texts: &PasskeyTexts) -> &'static str {
        match self {
            Self::Expired => texts.expired,
            Self::Unknown => texts.unknown,
            Self::NotVerified => texts.not_verified,
            Self::Cloned => texts.cloned,
            Self::Exists => texts.exists,
            Self::TooMany => texts.too_many,
            Self::Failed => texts.failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_read_back_by_its_name() {
        for refusal in Refusal::ALL {
            let request = actix_web::test::TestRequest::with_uri(&format!("/login?a=b&passkey={}", refusal.name()));
            assert_eq!(Refusal::read(&request.to_http_request()), Some(refusal));
        }
        let foreign = actix_web::test::TestRequest::with_uri("/login?passkey=%3Cscript%3E").to_http_request();
        assert_eq!(Refusal::read(&foreign), None);
    }
}
