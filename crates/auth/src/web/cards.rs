//! From domain values to what pages show of them: the app, the person, addresses below the issuer.

use protocol::audience::Api;
use protocol::client::{Client, RegisteredBy};
use protocol::ids::InteractionId;
use protocol::metadata::paths;
use protocol::user::User;

use crate::text::Texts;
use crate::web::pages::{AccountCard, Checked, ClientCard, Granted, ScopeLine};
use crate::{AppState, page_paths};

pub(crate) fn client(client: &Client) -> ClientCard {
    let checked = match client.registered_by {
        RegisteredBy::Administrator => Checked::ByTheOperator,
        RegisteredBy::Dynamic => Checked::ByNobody,
    };
    ClientCard { checked, ..ClientCard::named(&client.name) }.with(
        client.logo_uri.as_deref(),
        client.policy_uri.as_deref(),
        client.tos_uri.as_deref(),
        client.client_uri.as_deref(),
    )
}

pub(crate) fn account(user: &User) -> AccountCard {
    AccountCard::new(user.profile.name.as_deref(), user.email.as_deref().unwrap_or(&user.username))
}

/// What a scope allows, in words; `None` when nobody has words for it.
pub(crate) fn scope_line(texts: &'static Texts, apis: &[Api], scope: &str, granted: Granted) -> Option<ScopeLine> {
    let of = |api: &Api| {
        let scope = api.scopes.iter().find(|offered| offered.name.as_str() == scope)?;
        Some(ScopeLine::of_api(&api.name, &scope.description, granted))
    };
    ScopeLine::standard(texts, scope, granted).or_else(|| apis.iter().find_map(of))
}

/// The path of an endpoint on this host; the issuer may have a path of its own.
pub(crate) fn path(state: &AppState, endpoint: &str) -> String {
    format!("{}{endpoint}", state.issuer().path())
}

/// Where somebody else can sign in for the same interaction.
pub(crate) fn other_account(state: &AppState, interaction: &InteractionId) -> String {
    format!("{}?interaction={interaction}&{}", path(state, paths::LOGIN), page_paths::OTHER_ACCOUNT)
}
