//! The apps that have to do with an account: those that the person allowed something, and those with a living authorization.

use std::collections::BTreeMap;

use protocol::audience::Api;
use protocol::client::Client;
use protocol::grant::state::Grant;
use protocol::ids::ClientId;
use protocol::redirect_uri::RegisteredRedirectUri;
use protocol::scope::{self, Scope};
use protocol::time::Timestamp;
use store::StoreError;
use url::Url;

use crate::text::Texts;
use crate::web::cards;
use crate::web::pages::{Granted, Reach, ScopeLine};
use crate::web::visitor::Visitor;

/// What a person has with one app.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub client_id: ClientId,
    pub scope: Scope,
    pub since: Timestamp,
    pub last_used: Option<Timestamp>,
}

/// All of the visitor, the one used last first.
pub(crate) async fn of(visitor: &Visitor) -> Result<Vec<Connection>, StoreError> {
    let store = &visitor.state.store;
    let mut found: BTreeMap<ClientId, Connection> = BTreeMap::new();
    for consent in store::consents::of_user(store, &visitor.user.id).await? {
        let connection = Connection {
            client_id: consent.client_id.clone(),
            scope: consent.scope,
            since: consent.granted_at,
            last_used: None,
        };
        found.insert(consent.client_id, connection);
    }
    let grants = store::grants::of_user(store, &visitor.user.id).await?;
    for grant in grants.iter().filter(|grant| is_living(grant, visitor.now)) {
        let used = used_at(grant);
        let connection = found.entry(grant.client_id.clone()).or_insert_with(|| Connection {
            client_id: grant.client_id.clone(),
            scope: grant.scope.clone(),
            since: grant.created_at,
            last_used: None,
        });
        connection.scope = connection.scope.union(&grant.scope);
        connection.since = connection.since.min(grant.created_at);
        connection.last_used = connection.last_used.max(Some(used));
    }
    let mut all: Vec<Connection> = found.into_values().collect();
    all.sort_by_key(|connection| std::cmp::Reverse(connection.last_used.unwrap_or(connection.since)));
    Ok(all)
}

/// The clients of these, with what the person has with them; deleted ones are left out.
pub(crate) async fn clients(
    visitor: &Visitor,
    connections: &[Connection],
) -> Result<Vec<(Client, Connection)>, StoreError> {
    let mut found = Vec::new();
    for connection in connections {
        if let Some(client) = store::clients::find(&visitor.state.store, &connection.client_id).await? {
            found.push((client, connection.clone()));
        }
    }
    Ok(found)
}

pub(crate) fn is_living(grant: &Grant, now: Timestamp) -> bool {
    grant.ended_at.is_none() && grant.redeemed_at.is_some() && now < grant.expires_at && now < grant.idle_expires_at
}

pub(crate) fn used_at(grant: &Grant) -> Timestamp {
    grant.rotated_at.or(grant.redeemed_at).unwrap_or(grant.created_at)
}

/// The host that people know the app by.
pub(crate) fn host(client: &Client) -> Option<String> {
    let page = client.client_uri.as_deref().or(client.initiate_login_uri.as_deref());
    let redirect = client.redirect_uris.first().map(RegisteredRedirectUri::as_str);
    Url::parse(page.or(redirect)?).ok()?.host_str().map(str::to_owned)
}

pub(crate) fn reach(connection: &Connection) -> Reach {
    if connection.scope.contains(scope::OFFLINE_ACCESS) { Reach::Always } else { Reach::WhileSignedIn }
}

/// What an app may do, in sentences; scopes without one are left out.
pub(crate) fn sentences(texts: &'static Texts, apis: &[Api], scope: &Scope) -> Vec<ScopeLine> {
    scope.iter().filter_map(|scope| cards::scope_line(texts, apis, scope.as_str(), Granted::Before)).collect()
}
