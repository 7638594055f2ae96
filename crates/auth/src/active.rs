//! The one gate: is everything that a grant rests on still in order? Asked at each redemption, refresh, introspection and
//! UserInfo request, so that a disabled person, a deleted client or an ended session is dead everywhere at once.

use protocol::client::Client;
use protocol::grant::state::Grant;
use protocol::scope;
use protocol::time::Timestamp;
use protocol::user::User;
use store::sessions::Session;
use store::{Store, StoreError};

/// A grant whose client, person and session are in order at this moment.
pub struct Active {
    pub grant: Grant,
    pub user: User,
}

/// What is no longer in order. For the log; the client learns only that the grant is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gone {
    #[error("the grant was ended")]
    Ended,
    #[error("the grant belongs to another client")]
    OtherClient,
    #[error("the client is disabled")]
    ClientDisabled,
    #[error("the person is disabled or deleted")]
    UserGone,
    #[error("the session of this grant has ended")]
    SessionEnded,
}

/// Passes a grant through the gate. A grant with `offline_access` outlives its session (OpenID Connect Core §11).
pub async fn check(
    store: &Store,
    grant: Grant,
    client: &Client,
    now: Timestamp,
) -> Result<Result<Active, Gone>, StoreError> {
    if grant.client_id != client.id {
        return Ok(Err(Gone::OtherClient));
    }
    if client.disabled_at.is_some() {
        return Ok(Err(Gone::ClientDisabled));
    }
    if grant.ended_at.is_some() {
        return Ok(Err(Gone::Ended));
    }
    let Some(user) = store::users::find(store, &grant.user_id).await?.filter(|user| user.disabled_at.is_none()) else {
        return Ok(Err(Gone::UserGone));
    };
    let redeemed = grant.redeemed_at.is_some();
    if !(redeemed && grant.scope.contains(scope::OFFLINE_ACCESS)) {
        let session = match &grant.session_id {
            Some(id) => store::sessions::find(store, id).await?,
            None => None,
        };
        if !session.is_some_and(|session| session_is_live(&session, now)) {
            return Ok(Err(Gone::SessionEnded));
        }
    }
    Ok(Ok(Active { grant, user }))
}

/// A session lives until it is ended, idle for too long, or too old.
pub(crate) fn session_is_live(session: &Session, now: Timestamp) -> bool {
    session.ended_at.is_none() && now < session.idle_expires_at && now < session.expires_at
}
