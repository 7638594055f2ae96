//! Reads access tokens that come back: at UserInfo, introspection and revocation. Minting is in `issue.rs`.

use jwt::access_token::{AccessTokenClaims, TYP};
use jwt::verify::Expected;
use protocol::client::Client;
use protocol::grant::active::Active;
use protocol::ids::GrantId;
use protocol::signing::SigningAlgorithm;
use protocol::time::Timestamp;
use store::StoreError;

use crate::AppState;
use crate::active;

/// A token that is alive: its client, and the grant that it rests on unless it is the client's own.
pub(crate) struct Live {
    pub client: Client,
    pub active: Option<Active>,
}

/// Reads a token of this server, alive or not: sealed ones by opening, JWTs by their signature and `typ`.
pub(crate) fn read(state: &AppState, token: &str, now: Timestamp) -> Option<AccessTokenClaims> {
    let claims: AccessTokenClaims = if token.contains('.') {
        let expected = Expected { typ: &[TYP], algorithms: SigningAlgorithm::ALL };
        state.keys.keyring().verify(token, &expected, now).ok()?
    } else {
        jwt::sealed::open(state.keys.secrets(), token)?
    };
    (claims.iss == state.issuer().as_str()).then_some(claims)
}

/// The grant that a token names in its `jti`; none for a client's own token.
pub(crate) fn grant_id(claims: &AccessTokenClaims) -> Option<GrantId> {
    claims.jti.as_str().split_once('.').and_then(|(grant, _)| GrantId::parse(grant).ok())
}

/// Whether a token still counts: not expired, not revoked, and everything that it rests on in order.
pub(crate) async fn live(
    state: &AppState,
    claims: &AccessTokenClaims,
    now: Timestamp,
) -> Result<Option<Live>, StoreError> {
    if now >= claims.exp {
        return Ok(None);
    }
    let Some(client) = store::clients::find(&state.store, &claims.client_id).await? else { return Ok(None) };
    if client.disabled_at.is_some() || store::revoked_tokens::is_revoked(&state.store, &claims.jti).await? {
        return Ok(None);
    }
    let Some(id) = grant_id(claims) else { return Ok(Some(Live { client, active: None })) };
    let Some(grant) = store::grants::find(&state.store, &id).await? else { return Ok(None) };
    Ok(match active::check(&state.store, grant, &client, now).await? {
        Ok(active) => Some(Live { client, active: Some(active) }),
        Err(_gone) => None,
    })
}
