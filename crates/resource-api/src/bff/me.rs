//! `GET /bff/me`: who is signed in, for the front end to show (the "check session" endpoint of RFC 10017 §6.1.2.1).
//!
//! 401 without a redirect when nobody is. Does not count as a use of the session and renews nothing, so a page that asks
//! now and then does not keep a session alive.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use protocol::time::Timestamp;
use serde::Serialize;

use crate::bff::answer::{json, refusal};
use crate::bff::cookies::Sent;
use crate::bff::error::BffError;
use crate::bff::session::{Person, StoredSession};
use crate::bff::{Bff, csrf};

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

pub(crate) async fn me(bff: Data<Bff>, request: HttpRequest) -> HttpResponse {
    match find(&bff, &request).await {
        Ok(session) => json(&Me {
            sub: &session.sub,
            person: &session.person,
            scope: session.tokens.scope.as_deref(),
            signed_in_at: session.created_at,
            expires_at: session.ends_at,
            idle_expires_at: session.idle_ends_at.min(session.ends_at),
        }),
        Err(error) => {
            let mut answer = refusal(error);
            if error == BffError::SessionOver && bff.is_presented(&request) {
                bff.take_away(&mut answer);
            }
            answer
        }
    }
}

async fn find(bff: &Bff, request: &HttpRequest) -> Result<StoredSession, BffError> {
    csrf::check(request.method(), request.headers(), &bff.0.config.public_origin)?;
    let Sent::Id(id) = bff.0.cookies.sent(request) else { return Err(BffError::SessionOver) };
    bff.0.live(&id.key(), bff.0.now()).await
}

impl Bff {
    pub(crate) fn take_away(&self, answer: &mut HttpResponse) {
        if answer.add_cookie(&self.forget()).is_err() {
            tracing::error!("a cookie of ours cannot be written");
        }
    }
}
