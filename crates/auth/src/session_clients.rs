//! Which clients hear of the end of a session: remembered when they sign a person in, told when it ends. Clients that
//! registered no logout address cost nothing here.
//!
//! The browser tells those with a front channel (`frames`), `backchannel_logout.rs` those with a back channel.

use protocol::client::Client;
use protocol::grant::state::Grant;
use protocol::ids::SessionId;
use protocol::logout::frontchannel::{self, Frame};
use protocol::time::Timestamp;
use store::session_clients::SessionClient;
use store::sessions::Session;
use store::{StoreError, Won};

use crate::AppState;

/// More clients in one session than this are told over the back channel or not at all: each is a frame on one page.
const MOST_FRAMES: i64 = 50;

/// Writes what a sign-in leaves behind: its grant, where it has one, and for a client that wants to hear of the session's end
/// that it was signed in to. `Won::No` when the session was ended meanwhile; then nothing was written.
pub(crate) async fn sign_in(
    state: &AppState,
    client: &Client,
    session: &Session,
    grant: Option<&Grant>,
) -> Result<Won, StoreError> {
    if !wants_to_hear(state, client) {
        if let Some(grant) = grant {
            store::grants::insert(&state.store, grant).await?;
        }
        return Ok(Won::Yes);
    }
    let entry =
        SessionClient { session_id: session.id.clone(), client_id: client.id.clone(), expires_at: session.expires_at };
    store::session_clients::sign_in(&state.store, &entry, grant).await
}

fn wants_to_hear(state: &AppState, client: &Client) -> bool {
    let front = state.config.openid.frontchannel_logout && client.frontchannel_logout.is_some();
    front || client.backchannel_logout.is_some()
}

/// Ends a session. What is to be told over the back channel is in the outbox when this returns, and on its way.
pub(crate) async fn end(state: &AppState, session: &SessionId, now: Timestamp) -> Result<Won, StoreError> {
    let won = store::sessions::end(&state.store, session, now).await?;
    state.logout_deliveries.notify_one();
    Ok(won)
}

/// What the browser has to load so that the clients of a session hear of its end over the front channel.
pub(crate) async fn frames(state: &AppState, session: &SessionId) -> Result<Vec<Frame>, StoreError> {
    if !state.config.openid.frontchannel_logout {
        return Ok(Vec::new());
    }
    let mut frames = Vec::new();
    for id in store::session_clients::of_session(&state.store, session, None, MOST_FRAMES).await? {
        let client = store::clients::find(&state.store, &id).await?.filter(|client| client.disabled_at.is_none());
        frames.extend(client.and_then(|client| frontchannel::frame(&client, state.issuer(), session)));
    }
    Ok(frames)
}
