//! Redeems an authorization code (RFC 6749 §4.1.3): find, rule, mint, one conditional write, answer.
//! The rule is `protocol::grant::authorization_code`; nothing is decided here.

use protocol::client::Client;
use protocol::grant::RedeemRequest;
use protocol::grant::authorization_code::{HashMatch, Redeem, Why, decide};
use protocol::grant::state::{EndReason, Generation, Grant};
use protocol::secret::AuthorizationCode;
use protocol::time::{Seconds, Timestamp};

use crate::issue::Order;
use crate::web::error::JsonError;
use crate::{AppState, active, issue, protocol_log};

use super::{end_and_refuse, ended, invalid_grant};

const REFUSED: &str = "the authorization code is unknown, expired or not for this client";

pub(crate) async fn redeem(
    state: &AppState,
    client: &Client,
    request: &RedeemRequest,
    now: Timestamp,
) -> Result<issue::TokenResponse, JsonError> {
    let code = AuthorizationCode::parse(request.code.expose())
        .ok_or_else(|| invalid_grant(REFUSED, "the code does not have the form of ours"))?;
    let grant = store::grants::find(&state.store, &code.id)
        .await?
        .ok_or_else(|| invalid_grant(REFUSED, "no grant has the id that the code names"))?;

    let hash = if code.hash() == grant.code_hash { HashMatch::Yes } else { HashMatch::No };
    match decide(&grant, hash, client, request, now) {
        Redeem::Redeem => {}
        Redeem::Reused => return Err(end_and_refuse(state, &grant.id, EndReason::CodeReused, now).await?),
        Redeem::Refuse(why) => return Err(JsonError::new(why.into()).because(cause(why, &grant, request, now))),
    }
    let active = match active::check(&state.store, grant, client, now).await? {
        Ok(active) => active,
        Err(gone) => return Err(invalid_grant(REFUSED, gone)),
    };
    let order = Order { client, scope: &active.grant().scope, now };
    let response = issue::for_grant(state, order, &active, Generation::FIRST).await?;

    let idle = now + Seconds(state.config.tokens.refresh_token_idle);
    match store::grants::redeem(&state.store, &active.grant().id, &code.hash(), now, idle).await? {
        store::Won::Yes => Ok(response),
        // A parallel redemption was faster, so this one is a replay that passed every check.
        store::Won::No => Err(end_and_refuse(state, &active.grant().id, EndReason::CodeReused, now).await?),
    }
}

/// What the client is not told, for the log.
fn cause(why: Why, grant: &Grant, request: &RedeemRequest, now: Timestamp) -> String {
    let plain = why.cause();
    match why {
        Why::Expired => format!("{plain}, {} s ago", now.since(grant.code_expires_at).0),
        Why::Ended => ended(grant, now),
        Why::OtherRedirectUri => {
            let sent = protocol_log::place(request.redirect_uri.as_deref().unwrap_or_default());
            format!("{plain}: it was {}, it is {sent}", grant.redirect_uri)
        }
        Why::OtherClient => format!("{plain}, {}", grant.client_id),
        Why::OtherCode
        | Why::RedirectUriMissing
        | Why::VerifierMissing
        | Why::VerifierMalformed
        | Why::OtherVerifier
        | Why::NoChallenge => plain.to_owned(),
    }
}
