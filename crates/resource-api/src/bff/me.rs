//! `GET /bff/me`: who is signed in, for the front end to show (the "check session" endpoint of RFC 10017 §6.1.2.1).
//!
//! 401 without a redirect when nobody is, also when the issuer ended the session, where it is asked about each token. Does not
//! count as a use of the session and renews no token that is only old, so a page that asks now and then does not keep a session
//! alive.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use protocol::time::Timestamp;
use serde::Serialize;

use crate::access::authenticate::is_taken_back;
use crate::answer::problem::Problem;
use crate::bff::answer::{json, with_cookie};
use crate::bff::cookies::Sent;
use crate::bff::error::BffError;
use crate::bff::session::{Person, StoredSession};
use crate::bff::{Bff, csrf, refresh};

/// All times are seconds since 1970.
#[derive(Serialize)]
struct Me<'a> {
    sub: &'a str,
    #[serde(flatten)]
    person: &'a Person,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    signed_in_at: Timestamp,
    /// Over then, used or not.
    expires_at: Timestamp,
    /// Over then unless it is used before.
    idle_expires_at: Timestamp,
}

pub(crate) async fn me(bff: Data<Bff>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    match find(&bff, &request).await {
        Ok(session) => Ok(json(&Me {
            sub: &session.sub,
            person: &session.person,
            scope: session.tokens.scope.as_deref(),
            signed_in_at: session.created_at,
            expires_at: session.ends_at,
            idle_expires_at: session.idle_ends_at.min(session.ends_at),
        })),
        Err(BffError::SessionOver) if bff.is_presented(&request) => {
            with_cookie(Err(BffError::SessionOver.into()), &bff.forget())
        }
        Err(error) => Err(error.into()),
    }
}

async fn find(bff: &Bff, request: &HttpRequest) -> Result<StoredSession, BffError> {
    csrf::check(request.method(), request.headers(), &bff.0.config.public_origin)?;
    let Sent::Id(id) = bff.0.cookies.sent(request) else { return Err(BffError::SessionOver) };
    let (key, now) = (id.key(), bff.0.now());
    let session = bff.0.live(&key, now).await?;
    // An old token is inactive in any case; the next one is asked for by whoever uses the session.
    if now < session.tokens.access_expires_at && is_taken_back(request, &session.tokens.access_token).await {
        bff.doubt(request, &session.tokens.access_token).await?;
        return match refresh::fresh(bff, &key).await {
            // Who is signed in is known all the same.
            Err(BffError::IssuerUnavailable { .. }) => Ok(session),
            // Another one was asked for a moment ago. The API refuses what there is.
            Ok(same) if same.tokens.access_token.expose() == session.tokens.access_token.expose() => {
                Err(BffError::SessionOver)
            }
            renewed => renewed,
        };
    }
    Ok(session)
}
