//! Exchanges a refresh token (RFC 6749 §6): find, rule, mint, one conditional write, answer.
//! The rule is `protocol::grant::refresh_token`; nothing is decided here.

use protocol::client::{Client, GrantType};
use protocol::grant::RefreshRequest;
use protocol::grant::refresh_token::{Policy, Refresh, RefreshToken, decide, mac_input, narrow};
use protocol::grant::state::{EndReason, Grant};
use protocol::scope;
use protocol::time::{Seconds, Timestamp};

use crate::web::error::JsonError;
use crate::{AppState, active, issue};

use super::{end_and_refuse, invalid_grant};

const REFUSED: &str = "the refresh token is unknown, expired or not for this client";

pub(crate) async fn refresh(
    state: &AppState,
    client: &Client,
    request: &RefreshRequest,
    now: Timestamp,
) -> Result<issue::TokenResponse, JsonError> {
    let (token, grant) = open(state, request.refresh_token.expose())
        .await?
        .ok_or_else(|| invalid_grant(REFUSED, "the token is not one of ours"))?;
    let policy = policy(state, client);

    let active = match active::check(&state.store, grant.clone(), client, now).await? {
        Ok(active) if client.allows(GrantType::RefreshToken) => active,
        Ok(_) => return Err(invalid_grant(REFUSED, "the client may no longer refresh")),
        Err(gone) => return Err(invalid_grant(REFUSED, gone)),
    };
    let scope = narrow(&active.grant.scope, request.scope.as_ref())?;

    let idle = now + Seconds(state.config.tokens.refresh_token_idle);
    match decide(&grant.rotation(), token.generation, policy, now) {
        Refresh::Rotate { from } => {
            let response = issue::for_grant(state, &active, client, &scope, from.next(), now).await?;
            match store::grants::advance(&state.store, &grant.id, from, now, idle).await? {
                store::Won::Yes => Ok(response),
                store::Won::No => after_a_lost_race(state, client, token, scope, now).await,
            }
        }
        Refresh::Repeat(live) => issue::for_grant(state, &active, client, &scope, live, now).await,
        Refresh::Refuse(why) => Err(invalid_grant(REFUSED, format!("{why:?}"))),
        Refresh::End => Err(end_and_refuse(state, &grant.id, EndReason::RefreshReused, now).await?),
    }
}

/// A parallel refresh advanced the grant first. The rule is asked once more, with the row as it is now.
async fn after_a_lost_race(
    state: &AppState,
    client: &Client,
    token: RefreshToken,
    scope: scope::Scope,
    now: Timestamp,
) -> Result<issue::TokenResponse, JsonError> {
    let grant = store::grants::find(&state.store, &token.grant)
        .await?
        .ok_or_else(|| invalid_grant(REFUSED, "the grant is gone"))?;
    let verdict = decide(&grant.rotation(), token.generation, policy(state, client), now);
    match (active::check(&state.store, grant, client, now).await?, verdict) {
        (Ok(active), Refresh::Repeat(live)) => issue::for_grant(state, &active, client, &scope, live, now).await,
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

/// The client's policy with the configured retry window.
fn policy(state: &AppState, client: &Client) -> Policy {
    match client.refresh_policy() {
        Policy::Keep => Policy::Keep,
        Policy::Rotate { .. } => {
            Policy::Rotate { retry_window: Seconds(state.config.tokens.refresh_token_retry_window) }
        }
    }
}
