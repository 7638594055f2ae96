//! From domain values to what pages show of them: the app, the person, addresses below the issuer.

use protocol::audience::Api;
use protocol::client::{Client, RegisteredBy};
use protocol::ids::InteractionId;
use protocol::metadata::paths;
use protocol::user::User;

use crate::AppState;
use crate::web::pages::{AccountCard, Checked, ClientCard, Granted, ScopeLine};
use crate::web::text::Texts;

/// The page that asks which account to go on with (`prompt=select_account`); not part of any announced interface.
pub(crate) const SELECT_ACCOUNT: &str = "/select-account";
/// Where people get an account (`prompt=create`).
pub const SIGN_UP: &str = "/signup";
/// Where people get back into an account.
pub const RECOVER: &str = "/recover";
/// Where somebody adds a second factor because an app demands one.
pub(crate) const ENROL: &str = "/enrol";
/// The pages that ask for a second factor.
pub(crate) const LOGIN_TOTP: &str = "/login/totp";
pub(crate) const LOGIN_PASSKEY: &str = "/login/passkey";
pub(crate) const LOGIN_EMAIL_CODE: &str = "/login/email-code";
pub(crate) const LOGIN_RECOVERY_CODE: &str = "/login/recovery-code";
/// Where somebody has to choose a new password before the sign-in ends.
pub(crate) const NEW_PASSWORD: &str = "/login/new-password";
/// Goes on with an interaction, whatever comes next in it.
pub(crate) const CONTINUE: &str = "/continue";
/// The account console.
pub(crate) const ACCOUNT: &str = "/account";
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
    format!("{}?interaction={interaction}&{}", path(state, paths::LOGIN), OTHER_ACCOUNT)
}
