//! The work of the token endpoint, one file per grant type: find, rule, mint, one conditional write, answer.
//! The rules have the same names in `protocol::grant`.

pub(crate) mod authorization_code;
pub(crate) mod client_credentials;
pub(crate) mod refresh_token;

use std::fmt;

use protocol::authorize::request::AuthorizeRequest;
use protocol::client::Client;
use protocol::error::{ErrorCode, OAuthError};
use protocol::grant::state::{EndReason, Generation, Grant, Lifetimes};
use protocol::ids::GrantId;
use protocol::secret::AuthorizationCode;
use protocol::subject;
use protocol::time::{Seconds, Timestamp};
use store::StoreError;
use store::sessions::Session;

use crate::web::error::JsonError;
use crate::{AppState, random};

/// The one row that an authorization is, not written yet, and the code that names it.
pub(crate) fn begin(
    state: &AppState,
    client: &Client,
    request: &AuthorizeRequest,
    session: &Session,
    now: Timestamp,
) -> (Grant, AuthorizationCode) {
    let code: AuthorizationCode = random::named_token(GrantId::from_random(random::id()));
    let lifetimes = lifetimes(state);
    let grant = Grant {
        id: code.id.clone(),
        user_id: session.user_id.clone(),
        client_id: client.id.clone(),
        sector: subject::sector(client),
        session_id: Some(session.id.clone()),
        scope: request.scope.clone(),
        claims: request.claims.clone(),
        nonce: request.nonce.clone(),
        redirect_uri: request.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
        auth_time: session.auth_time,
        acr: session.acr.clone(),
        amr: session.amr.clone(),
        salt: random::short(),
        code_hash: code.hash(),
        code_expires_at: now + lifetimes.code,
        redeemed_at: None,
        generation: Generation::UNREDEEMED,
        rotated_at: None,
        idle_expires_at: now + lifetimes.code,
        expires_at: now + lifetimes.of_grant(&request.scope),
        created_at: now,
        ended_at: None,
        end_reason: None,
    };
    (grant, code)
}

fn lifetimes(state: &AppState) -> Lifetimes {
    let tokens = &state.config.tokens;
    Lifetimes {
        code: Seconds(tokens.authorization_code_lifetime),
        access_token: Seconds(tokens.access_token_lifetime),
        refresh_token: Seconds(tokens.refresh_token_lifetime),
    }
}

/// How a grant came to its end, for the log.
pub(crate) fn ended(grant: &Grant, now: Timestamp) -> String {
    let reason = grant.end_reason.map_or("unknown", EndReason::name);
    let ago = grant.ended_at.map_or(0, |at| now.since(at).0);
    format!("the grant was ended {ago} s ago: {reason}")
}

/// RFC 6749 §5.2. The client reads one sentence; the cause is for the log.
pub(crate) fn invalid_grant(text: &'static str, cause: impl fmt::Display) -> JsonError {
    JsonError::new(OAuthError::new(ErrorCode::InvalidGrant, text)).because(cause)
}

/// Ends a grant because somebody holds a copy of its code or refresh token, and refuses.
pub(crate) async fn end_and_refuse(
    state: &AppState,
    grant: &GrantId,
    reason: EndReason,
    now: Timestamp,
) -> Result<JsonError, StoreError> {
    let _ended = store::grants::end(&state.store, grant, reason, now).await?;
    tracing::warn!(grant.id = %grant, reason = reason.name(), "a grant was ended because a copy of its token is in use");
    let cause = match reason {
        EndReason::CodeReused => "the code was used twice; its tokens are revoked",
        EndReason::RefreshReused => "the refresh token was rotated and came back; its whole family is revoked",
        other => other.name(),
    };
    Ok(invalid_grant("the token was used before; the authorization is ended, sign in again", cause))
}
