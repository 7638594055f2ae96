//! From domain values to what pages show of them: the app, the person, addresses below the issuer.

use protocol::client::{Client, RegisteredBy};
use protocol::ids::InteractionId;
use protocol::metadata::paths;
use protocol::user::User;

use crate::AppState;
use crate::web::pages::{AccountCard, Checked, ClientCard};

/// The page that asks which account to go on with (`prompt=select_account`); not part of any announced interface.
pub(crate) const SELECT_ACCOUNT: &str = "/select-account";
/// In the query of the login page: somebody else wants to sign in although a person is signed in.
pub(crate) const OTHER_ACCOUNT: &str = "account=other";

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

/// The path of an endpoint on this host; the issuer may have a path of its own.
pub(crate) fn path(state: &AppState, endpoint: &str) -> String {
    format!("{}{endpoint}", state.issuer().path())
}

/// Where somebody else can sign in for the same interaction.
pub(crate) fn other_account(state: &AppState, interaction: &InteractionId) -> String {
    format!("{}?interaction={interaction}&{}", path(state, paths::LOGIN), OTHER_ACCOUNT)
}
