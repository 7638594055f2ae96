//! A session cookie in the place of an access token: the session has one, which is judged like any other.

use actix_web::HttpRequest;

use crate::answer::refusal::{Refusal, WithoutCredential};
use crate::bff::{Bff, BffError, BffSession};

/// Why a session does not count, with the cookie that takes an ended one away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionRefused {
    pub error: BffError,
    pub forget: Option<String>,
}

/// The session of this request, after its origin was checked.
pub(crate) async fn of(bff: &Bff, request: &HttpRequest) -> Result<BffSession, Refusal> {
    match bff.session(request).await {
        Ok(Some(session)) => Ok(session),
        Ok(None) => Err(Refusal::NoCredential(WithoutCredential::NothingSent)),
        Err(error) => Err(refused(bff, error)),
    }
}

/// The session after the issuer took back the access token that it had.
pub(crate) async fn renewed(bff: &Bff, request: &HttpRequest, had: &BffSession) -> Result<BffSession, Refusal> {
    bff.doubt(request, &had.access_token).await.map_err(|error| refused(bff, error))?;
    of(bff, request).await
}

fn refused(bff: &Bff, error: BffError) -> Refusal {
    let forget = (error == BffError::SessionOver).then(|| bff.forget().to_string());
    Refusal::Session(SessionRefused { error, forget })
}
