//! Which clients hear of the end of a session: remembered when they sign a person in, told when it ends. Clients that
//! registered no logout address cost nothing here.
//!
//! The browser tells those with a front channel (`frames`), `backchannel_logout.rs` those with a back channel.

use protocol::client::Client;
use protocol::grant::state::Grant;
use protocol::ids::{ClientId, SessionId};
use protocol::logout::frontchannel::{self, Frame};
use protocol::logout::sid;
use protocol::time::Timestamp;
use store::session_clients::{FrontchannelClient, SessionClient};
use store::sessions::Session;
use store::{StoreError, Won};

use crate::AppState;

/// More clients in one session than this are told over the back channel or not at all: each is a frame on one page.
const MOST_FRAMES: usize = 50;
/// As many are read, to say in the log who is not told.
const MOST_READ: i64 = 500;

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
    let entry = SessionClient {
        session_id: session.id.clone(),
        client_id: client.id.clone(),
        signed_in_at: state.now(),
        expires_at: session.expires_at,
    };
    store::session_clients::sign_in(&state.store, &entry, grant).await
}

/// What the client calls the session: the same in ID tokens, logout tokens and frames, another for each client.
pub(crate) fn sid(state: &AppState, session: &SessionId, client: &ClientId) -> String {
    state.keys.secrets().sid_mac(sid::mac_input(session, client).as_bytes())
}

fn wants_to_hear(state: &AppState, client: &Client) -> bool {
    let front = state.config.openid.frontchannel_logout && client.frontchannel_logout.is_some();
    front || client.backchannel_logout.is_some()
}

/// Ends a session by an ordinary logout: offline access stays. What is to be told over the back channel is in the outbox when this
/// returns, and on its way.
pub(crate) async fn end(state: &AppState, session: &SessionId, now: Timestamp) -> Result<Won, StoreError> {
    let won = store::sessions::end(&state.store, session, now).await?;
    state.logout_deliveries.notify_one();
    Ok(won)
}

/// The same from elsewhere, by its owner: the access of apps that came from it ends, offline access too.
pub(crate) async fn end_with_grants(state: &AppState, session: &Session, now: Timestamp) -> Result<Won, StoreError> {
    let won = store::sessions::end_with_grants(&state.store, session, now).await?;
    state.logout_deliveries.notify_one();
    Ok(won)
}

/// What the browser has to load so that the clients of a session hear of its end over the front channel.
pub(crate) async fn frames(state: &AppState, session: &SessionId) -> Result<Vec<Frame>, StoreError> {
    if !state.config.openid.frontchannel_logout {
        return Ok(Vec::new());
    }
    let clients = store::session_clients::frontchannel(&state.store, session, MOST_READ).await?;
    let (told, cut) = clients.split_at(clients.len().min(MOST_FRAMES));
    if !cut.is_empty() {
        let ids: Vec<&str> = cut.iter().map(|client| client.client_id.as_str()).collect();
        tracing::warn!(session.id = %session, clients = ids.join(" "),
            "the session has more clients than one page has frames; those of the earliest sign-ins are not told");
    }
    let frame = |client: &FrontchannelClient| {
        let sid = sid(state, session, &client.client_id);
        frontchannel::frame(&client.frontchannel_logout_uri, state.issuer(), &sid)
    };
    Ok(told.iter().filter_map(frame).collect())
}
