//! Loads what a grant rests on and asks the gate (`protocol::grant::active`). Nothing is decided here.

use protocol::client::Client;
use protocol::grant::active::{self, SessionLife};
use protocol::grant::active::{Active, Gone};
use protocol::grant::state::Grant;
use protocol::time::Timestamp;
use store::sessions::Session;
use store::{Store, StoreError};

/// Passes a grant through the gate.
pub async fn check(
    store: &Store,
    grant: Grant,
    client: &Client,
    now: Timestamp,
) -> Result<Result<Active, Gone>, StoreError> {
    let user = store::users::find(store, &grant.user_id).await?;
    let session = match &grant.session_id {
        Some(id) if !active::outlives_session(&grant) => store::sessions::find(store, id).await?,
        _ => None,
    };
    Ok(active::check(grant, client, user, session.as_ref().map(life), now))
}

pub(crate) fn session_is_live(session: &Session, now: Timestamp) -> bool {
    life(session).is_live(now)
}

fn life(session: &Session) -> SessionLife {
    SessionLife { idle_expires_at: session.idle_expires_at, expires_at: session.expires_at, ended_at: session.ended_at }
}
