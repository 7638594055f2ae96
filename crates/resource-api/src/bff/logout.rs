//! `POST /bff/logout`: ends the session here, revokes its refresh token (RFC 7009), and says where to go to end the one at the
//! issuer (OpenID Connect RP-Initiated Logout 1.0 §2).
//!
//! Here it is over in any case, also when the issuer cannot be reached. The front end navigates to `end_session_url`, which
//! leads back to its `after_logout` page.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::answer::problem::Problem;
use crate::bff::answer::{json, with_cookie};
use crate::bff::cookies::Sent;
use crate::bff::session::StoredSession;
use crate::bff::{Bff, BffError, Inner, csrf};

#[derive(Serialize)]
struct SignedOut {
    /// `null` when there was no session, or the issuer has no such page.
    end_session_url: Option<String>,
}

pub(crate) async fn logout(bff: Data<Bff>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let origin = &bff.0.config.public_origin;
    csrf::check(request.method(), request.headers(), origin).map_err(BffError::from)?;
    let session = match bff.0.cookies.sent(&request) {
        Sent::Id(id) => bff.0.store.remove(&id.key()).await,
        Sent::Nothing | Sent::Unusable => Ok(None),
    };
    let mut end_session_url = None;
    if let Some(session) = session.map_err(BffError::from)? {
        tracing::info!(user.id = session.sub, "a session was ended by its person");
        end_session_url = bff.0.end_session_url(&session).await;
        // Goes on when the browser hangs up.
        let bff = Bff::clone(&bff);
        let revoked = tokio::spawn(async move { bff.0.revoke(&session).await });
        let _ = revoked.await;
    }
    with_cookie(Ok(json(&SignedOut { end_session_url })), &bff.forget())
}

impl Inner {
    /// With `id_token_hint`, so that the issuer knows which session is meant and asks nothing.
    async fn end_session_url(&self, session: &StoredSession) -> Option<String> {
        let mut url = self.provider.known().await.ok()?.end_session.clone()?;
        url.query_pairs_mut()
            .append_pair("id_token_hint", session.tokens.id_token.expose())
            .append_pair("client_id", &self.config.client_id)
            .append_pair("post_logout_redirect_uri", &self.config.post_logout_redirect_uri());
        Some(url.into())
    }
}
