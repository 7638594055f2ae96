//! `POST /bff/backchannel-logout`: the issuer says that a session is over (OpenID Connect Back-Channel Logout 1.0 §2.5–2.8).
//!
//! 200 when the sessions that are meant are gone, 400 when the request is not right (§2.8), never cached. One thing is
//! otherwise on purpose: when the token could not be judged or the store could not be asked, the answer is 503 and not 400, so
//! that an issuer that tries again does so.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use jwt::verify::VerifyError;
use protocol::params::Params;
use tokio::time::timeout;

use crate::answer::problem::Problem;
use crate::bff::answer::invalid;
use crate::bff::logout_token::{self, Context, MAX_TOKEN, NotALogout};
use crate::bff::store::{LoggedOut, LogoutNotice};
use crate::bff::{Bff, BffError, Inner};
use crate::http::read;

/// The token and room for what else is in the form.
const MAX_BODY: usize = 2 * MAX_TOKEN;
const MAX_TIME: Duration = Duration::from_secs(10);

/// Why sessions were not ended.
enum NotDone {
    /// A sentence of ours.
    Refused(String),
    Unavailable(BffError),
}

pub(crate) async fn logout(bff: Data<Bff>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    match end(&bff.0, &request, payload).await {
        Ok(ended) => {
            tracing::info!(ended, "the issuer ended sessions over the back channel");
            Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).finish())
        }
        Err(NotDone::Refused(reason)) => {
            tracing::warn!(reason, "a back-channel logout was refused");
            Err(invalid(reason))
        }
        Err(NotDone::Unavailable(error)) => Err(error.into()),
    }
}

async fn end(bff: &Inner, request: &HttpRequest, payload: Payload) -> Result<u64, NotDone> {
    let token = token(request.headers(), payload).await?;
    let notice = bff.judged(&token).await?;
    bff.sweep(bff.now()).await;
    match bff.store.log_out(&notice).await.map_err(|error| NotDone::Unavailable(error.into()))? {
        LoggedOut::Sessions(count) => Ok(count),
        LoggedOut::Replayed => Err(NotDone::Refused("a logout token with this jti was here before".to_owned())),
    }
}

impl Inner {
    /// With the issuer's keys; with newer ones once, when the token's key is not among them.
    async fn judged(&self, token: &str) -> Result<LogoutNotice, NotDone> {
        let issuer = self.config.issuer.as_str();
        if !logout_token::claims_issuer(token, issuer) {
            return Err(NotDone::Refused("this is no logout token of the issuer".to_owned()));
        }
        let unavailable = |error: crate::bff::provider::Unreachable| {
            NotDone::Unavailable(BffError::IssuerUnavailable { retry_after: error.retry_after })
        };
        let context = Context { issuer, client_id: &self.config.client_id, now: self.now() };
        let known = self.provider.known().await.map_err(unavailable)?;
        match logout_token::check(token, &known.keys, context) {
            Err(NotALogout::Jwt(VerifyError::UnknownKey)) => {
                let known = self.provider.renewed().await.map_err(unavailable)?;
                Ok(logout_token::check(token, &known.keys, context)?)
            }
            judged => Ok(judged?),
        }
    }
}

/// §2.5: "application/x-www-form-urlencoded", "a logout_token parameter"; others are ignored.
async fn token(headers: &HeaderMap, payload: Payload) -> Result<String, NotDone> {
    let refuse = |reason: &str| NotDone::Refused(reason.to_owned());
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()?.split(';').next());
    let is_form = media_type.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    if !is_form || headers.contains_key(CONTENT_ENCODING) {
        return Err(refuse("send the logout token as application/x-www-form-urlencoded"));
    }
    let body = timeout(MAX_TIME, read(payload, MAX_BODY)).await.ok().and_then(Result::ok);
    let body = body.ok_or_else(|| refuse("the body is too long, too slow or ended early"))?;
    let params = Params::parse(&body).map_err(|_| refuse("the form is malformed"))?;
    match params.get("logout_token") {
        Ok(Some(token)) => Ok(token.to_owned()),
        Ok(None) => Err(refuse("the form has no logout_token")),
        Err(_) => Err(refuse("the form has several logout_token")),
    }
}

impl From<NotALogout> for NotDone {
    fn from(reason: NotALogout) -> Self {
        Self::Refused(reason.to_string())
    }
}
