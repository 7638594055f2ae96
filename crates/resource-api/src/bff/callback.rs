//! `GET /bff/callback`: the person is back from the issuer. An answer is good once, and only in the browser that asked, for
//! the request that it asked with, from the issuer that it asked (RFC 9700 §4.4, §4.7, RFC 9207 §2.4).
//!
//! A sign-in always makes a new session with a new id; the one that the browser had before is over (session fixation).

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use protocol::params::Params;
use protocol::time::{Seconds, Timestamp};

use crate::answer::problem::Problem;
use crate::bff::answer::{challenge, come_back, redirect, with_cookie};
use crate::bff::cookies::Sent;
use crate::bff::pending::{self, Pending};
use crate::bff::return_to::ReturnTo;
use crate::bff::session::{SessionId, StoredSession};
use crate::bff::store::{Changed, StoreError};
use crate::bff::tokens::{self, NoTokens, Received, Times};
use crate::bff::{Bff, Inner};

/// Why a sign-in did not succeed, as the front end hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// No sign-in of this browser fits: it took too long, was finished already, or is somebody else's.
    NotUnderWay,
    /// RFC 6749 §4.1.2.1 `access_denied`: the person said no.
    AccessDenied,
    /// What came back must not be believed, or the issuer refused.
    NotBelieved,
    Unavailable(Seconds),
}

/// The parameters that the answer may have (RFC 6749 §4.1.2, RFC 9207 §2).
struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

pub(crate) async fn callback(bff: Data<Bff>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let bff = &bff.0;
    let answer = Answer::read(request.query_string());
    let tag = answer.as_ref().and_then(|answer| pending::tag(answer.state.as_deref()?)).map(str::to_owned);
    let pending = tag.as_deref().and_then(|tag| bff.pending(&request, tag));
    let finished = match (answer, pending) {
        (Some(answer), Some(pending)) => finish(bff, &request, answer, pending).await,
        // Back button, reload, a bookmark: whoever is signed in goes on.
        _ if bff.is_signed_in(&request).await => Ok(redirect(&bff.home())),
        _ => Err(Failure::NotUnderWay),
    };
    let response = finished.or_else(|failure| bff.failed(failure));
    // However it ended: this sign-in is over.
    match tag {
        Some(tag) => with_cookie(response, &bff.cookies.no_sign_in(&tag)),
        None => response,
    }
}

async fn finish(bff: &Inner, request: &HttpRequest, answer: Answer, pending: Pending) -> Result<HttpResponse, Failure> {
    if !answer.state.as_deref().is_some_and(|state| pending.is_answered_by(state)) {
        return Err(Failure::NotUnderWay);
    }
    let known = bff.provider.known().await.map_err(|error| Failure::Unavailable(error.retry_after))?;
    // RFC 9207 §2.4: "If the value does not match the expected issuer identifier, clients MUST reject the authorization
    // response", and so is an answer without `iss` from an issuer that says it sends one.
    let is_theirs = answer.iss.as_deref().map_or(!known.answers_with_iss, |iss| iss == bff.config.issuer.as_str());
    if !is_theirs {
        tracing::warn!("an authorization response names another issuer, or none");
        return Err(Failure::NotBelieved);
    }
    let code = match (answer.error.as_deref(), answer.code) {
        (None, Some(code)) => code,
        (Some("access_denied"), _) => return Err(Failure::AccessDenied),
        (Some("temporarily_unavailable" | "server_error"), _) => return Err(Failure::Unavailable(Seconds(5))),
        (error, _) => {
            let error: String = error.unwrap_or("no code").chars().filter(char::is_ascii_graphic).take(64).collect();
            tracing::warn!(error, "the issuer refused a sign-in");
            return Err(Failure::NotBelieved);
        }
    };
    let return_to = pending.return_to.clone();
    let times = Times { now: bff.now(), refresh_before: bff.config.refresh_before };
    let received = tokens::redeem(&bff.provider, code, pending, times).await.map_err(|error| match error {
        NoTokens::Unreachable(error) => Failure::Unavailable(error.retry_after),
        NoTokens::InvalidGrant => {
            tracing::warn!("the issuer does not know the code of a sign-in");
            Failure::NotBelieved
        }
        NoTokens::Refused(cause) | NoTokens::NotBelieved(cause) => {
            tracing::error!(cause, "a sign-in failed");
            Failure::NotBelieved
        }
    })?;
    // Of before the code was redeemed: a logout that came meanwhile is later.
    begin(bff, request, (received, times.now), &return_to).await
}

/// The new session, under a new id.
async fn begin(
    bff: &Inner,
    request: &HttpRequest,
    (received, began_at): (Received, Timestamp),
    return_to: &ReturnTo,
) -> Result<HttpResponse, Failure> {
    let now = bff.now();
    bff.sweep(now).await;
    if let Sent::Id(old) = bff.cookies.sent(request)
        && let Some(old) = bff.store.remove(&old.key()).await?
    {
        bff.revoke(&old).await;
    }
    let session = bff.begun(received, began_at, now);
    let id = SessionId::new();
    if bff.store.insert(id.key(), session.clone()).await? == Changed::No {
        // Signed out at the issuer while the answer was on its way.
        bff.revoke(&session).await;
        return Err(Failure::NotBelieved);
    }
    tracing::info!(session = ?id.key(), user.id = session.sub, "a session began");
    let mut response = redirect(&return_to.address(&bff.config.public_origin));
    response.add_cookie(&bff.cookies.session(&id, bff.config.absolute)).map_err(|_| Failure::NotBelieved)?;
    Ok(response)
}

impl Answer {
    /// `None` for a query that is malformed or names something twice.
    fn read(query: &str) -> Option<Self> {
        let params = Params::parse(query.as_bytes()).ok()?;
        params.refuse_duplicates().ok()?;
        let text = |name| params.get(name).ok().flatten().map(str::to_owned);
        Some(Self { code: text("code"), state: text("state"), iss: text("iss"), error: text("error") })
    }
}

impl Inner {
    fn pending(&self, request: &HttpRequest, tag: &str) -> Option<Pending> {
        let found = self.cookies.sign_ins(request).into_iter().find(|(held, _)| held == tag);
        found.and_then(|(_, sealed)| Pending::open(&sealed, &self.secrets, self.now()))
    }

    fn begun(&self, received: Received, began_at: Timestamp, now: Timestamp) -> StoredSession {
        let Received { sub, sid, person, tokens, .. } = received;
        let longest = now + self.config.absolute;
        // Nothing can renew it: over with its access token, and nobody is told otherwise.
        let ends_at = if tokens.refresh_token.is_some() { longest } else { longest.min(tokens.access_expires_at) };
        StoredSession {
            sub,
            sid,
            version: 1,
            created_at: began_at,
            idle_ends_at: now + self.config.idle,
            ends_at,
            person,
            tokens,
            refreshing_until: None,
            doubted_at: None,
        }
    }

    fn home(&self) -> String {
        format!("{}{}", self.config.public_origin, self.config.home)
    }

    /// The front end's own page if it has one, else a document.
    fn failed(&self, failure: Failure) -> Result<HttpResponse, Problem> {
        let page = self.config.error_path.as_deref().map(|path| ReturnTo::parse(path, &self.config.public_origin));
        if let Some(Ok(page)) = page {
            return Ok(redirect(&page.address_with(&self.config.public_origin, "error", failure.code())));
        }
        let problem = Problem::new(failure.status(), failure.code(), failure.detail());
        Err(match failure {
            Failure::Unavailable(after) => come_back(problem, after),
            Failure::AccessDenied => challenge(problem),
            Failure::NotUnderWay | Failure::NotBelieved => problem,
        })
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(cause = %error, "the session store cannot be asked");
        Self::Unavailable(Seconds(1))
    }
}

impl Failure {
    fn status(self) -> StatusCode {
        match self {
            Self::NotUnderWay | Self::NotBelieved => StatusCode::BAD_REQUEST,
            Self::AccessDenied => StatusCode::UNAUTHORIZED,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::NotUnderWay => "sign_in_not_under_way",
            Self::AccessDenied => "access_denied",
            Self::NotBelieved => "sign_in_failed",
            Self::Unavailable(_) => "issuer_unavailable",
        }
    }

    fn detail(self) -> &'static str {
        match self {
            Self::NotUnderWay => "no sign-in that fits is under way in this browser; begin again at /bff/login",
            Self::AccessDenied => "the sign-in was declined at the issuer; begin again at /bff/login",
            Self::NotBelieved => "the issuer's answer could not be used; begin again at /bff/login",
            Self::Unavailable(_) => "the sign-in cannot be finished at the moment; begin again at /bff/login",
        }
    }
}
