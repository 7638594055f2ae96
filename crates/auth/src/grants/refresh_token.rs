//! Exchanges a refresh token (RFC 6749 §6): find, rule, mint, one conditional write, answer.
//! The rule is `protocol::grant::refresh_token`; nothing is decided here.

use protocol::client::Client;
use protocol::grant::RefreshRequest;
use protocol::grant::active::Gone;
use protocol::grant::refresh_token::{
    Policy, Refresh, RefreshToken, Rotation, Why, decide, mac_input, may_refresh, narrow,
};
use protocol::grant::state::{EndReason, Grant};
use protocol::time::{Seconds, Timestamp};

use crate::issue::Order;
use crate::web::error::JsonError;
use crate::{AppState, active, issue};

use super::{end_and_refuse, ended, invalid_grant};

const REFUSED: &str = "the refresh token is unknown, expired or not for this client";

pub(crate) async fn refresh(
    state: &AppState,
    client: &Client,
    request: &RefreshRequest,
    now: Timestamp,
) -> Result<issue::TokenResponse, JsonError> {
    let (token, grant) = open(state, request.refresh_token.expose())
        .await?
        .ok_or_else(|| invalid_grant(REFUSED, "the token is not one of ours, or its grant was swept after its end"))?;
    let active = match active::check(&state.store, grant.clone(), client, now).await? {
        Ok(active) if may_refresh(client, &active.grant().scope) => active,
        Ok(_) => return Err(invalid_grant(REFUSED, "the client may no longer refresh")),
        Err(Gone::Ended) => return Err(invalid_grant(REFUSED, ended(&grant, now))),
        Err(gone) => return Err(invalid_grant(REFUSED, gone)),
    };
    let scope = narrow(&active.grant().scope, &client.scope, request.scope.as_ref())?;
    let order = Order { client, scope: &scope, now };

    let idle = now + Seconds(state.config.tokens.refresh_token_idle);
    match decide(&Rotation::from(&grant), token.generation, policy(state), now) {
        Refresh::Rotate { from } => {
            let response = issue::for_grant(state, order, &active, from.next()).await?;
            match store::grants::advance(&state.store, &grant.id, from, now, idle).await? {
                store::Won::Yes => Ok(response),
                store::Won::No => after_a_lost_race(state, order, token).await,
            }
        }
        Refresh::Repeat(live) => issue::for_grant(state, order, &active, live).await,
        Refresh::Refuse(Why::Expired) => Err(invalid_grant(REFUSED, expired(&grant, now))),
        Refresh::Refuse(why) => Err(invalid_grant(REFUSED, why.cause())),
        Refresh::End => Err(end_and_refuse(state, &grant.id, EndReason::RefreshReused, now).await?),
    }
}

/// A parallel refresh advanced the grant first. The rule is asked once more, with the row as it is now.
async fn after_a_lost_race(
    state: &AppState,
    order: Order<'_>,
    token: RefreshToken,
) -> Result<issue::TokenResponse, JsonError> {
    let grant = store::grants::find(&state.store, &token.grant)
        .await?
        .ok_or_else(|| invalid_grant(REFUSED, "the grant is gone"))?;
    let Order { client, now, .. } = order;
    let verdict = decide(&Rotation::from(&grant), token.generation, policy(state), now);
    match (active::check(&state.store, grant, client, now).await?, verdict) {
        (Ok(active), Refresh::Repeat(live)) => issue::for_grant(state, order, &active, live).await,
        (Err(gone), _) => Err(invalid_grant(REFUSED, gone)),
        (_, Refresh::End) => Err(end_and_refuse(state, &token.grant, EndReason::RefreshReused, now).await?),
        (_, verdict) => Err(invalid_grant(REFUSED, format!("{verdict:?} after a lost race"))),
    }
}

/// Finds the grant of an authentic refresh token. `None`: not ours, whatever the reason.
pub(crate) async fn open(
    state: &AppState,
    presented: &str,
) -> Result<Option<(RefreshToken, Grant)>, store::StoreError> {
    let Some(token) = RefreshToken::parse(presented) else { return Ok(None) };
    let Some(grant) = store::grants::find(&state.store, &token.grant).await? else { return Ok(None) };
    let input = mac_input(&grant.salt, &token.grant, token.generation);
    Ok(state.keys.secrets().verify_refresh_mac(&input, &token.check).then_some((token, grant)))
}

fn expired(grant: &Grant, now: Timestamp) -> String {
    match now.since(grant.expires_at).0 {
        past if past >= 0 => format!("the grant has expired, {past} s ago"),
        _ => format!(
            "the refresh token was not used for too long; it expired {} s ago",
            now.since(grant.idle_expires_at).0
        ),
    }
}

fn policy(state: &AppState) -> Policy {
    Policy::Rotate { retry_window: Seconds(state.config.tokens.refresh_token_retry_window) }
}
