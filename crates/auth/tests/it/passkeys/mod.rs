//! Passkeys: what an authenticator says is believed when all of it is right, and refused by name when one thing is not.

mod authentication;
mod garbled;
mod over_http;
mod refused;
mod registration;

use std::sync::Arc;

use auth::AppState;
use auth::passkeys::{self, Naming, Owner, PasskeyError, Presented};
use protocol::secret::TokenHash;
use protocol::user::User;
use serde_json::Value;
use store::passkeys::Passkey;
use testkit::app::TestApp;
use testkit::authenticator::{Authenticator, Told};

/// A person at a browser, with the server's state at hand.
struct Desk {
    state: AppState,
    user: User,
    browser: TokenHash,
    origin: String,
}

impl Desk {
    async fn new(app: &TestApp) -> Self {
        let (config, keys) = (Arc::clone(&app.config), Arc::clone(&app.keys));
        let state = AppState::with_clock(config, app.store.clone(), keys, app.clock.clone()).unwrap();
        let user = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        Self { state, user, browser: TokenHash::of(b"browser"), origin: app.issuer.clone() }
    }

    async fn creation_options(&self) -> Value {
        let owner = Owner::of(&self.user);
        passkeys::begin_registration(&self.state, &owner, &self.browser, self.state.now()).await.unwrap().1
    }

    async fn register(&self, options: &Value, answer: &Value) -> Result<Passkey, PasskeyError> {
        let naming = Naming { typed: "", otherwise: "Passkey" };
        let answer = answer.to_string();
        let presented = self.presented(options, &answer);
        passkeys::finish_registration(&self.state, &self.user.id, presented, naming, self.state.now()).await
    }

    /// A passkey of this person, registered as everybody does.
    async fn enrol(&self, authenticator: &mut Authenticator) -> Passkey {
        let options = self.creation_options().await;
        let answer = authenticator.create(&options, &Told::created(&options, &self.origin));
        self.register(&options, &answer).await.unwrap()
    }

    /// For whoever has a discoverable credential.
    async fn request_options(&self) -> Value {
        passkeys::begin_authentication(&self.state, None, &self.browser, self.state.now()).await.unwrap().1
    }

    async fn authenticate(&self, options: &Value, answer: &Value) -> Result<Passkey, PasskeyError> {
        let answer = answer.to_string();
        let presented = self.presented(options, &answer);
        let proven = passkeys::finish_authentication(&self.state, None, presented, self.state.now()).await;
        proven.map(|(user, passkey)| {
            assert_eq!(user, self.user.id);
            passkey
        })
    }

    /// An assertion that is right but for what `change` does to it.
    async fn assert(
        &self,
        authenticator: &Authenticator,
        change: impl FnOnce(&mut Told),
    ) -> Result<Passkey, PasskeyError> {
        let options = self.request_options().await;
        let mut told = Told::got(&options, &self.origin);
        change(&mut told);
        self.authenticate(&options, &authenticator.get(&told)).await
    }

    fn presented<'a>(&'a self, options: &'a Value, answer: &'a str) -> Presented<'a> {
        let ceremony = options["ceremony"].as_str().unwrap();
        Presented { ceremony, browser_hash: &self.browser, response: answer }
    }
}

/// The name of an error, for comparing.
fn name(result: Result<Passkey, PasskeyError>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(error) => format!("{error:?}").split([' ', '(', '{']).next().unwrap_or_default().to_owned(),
    }
}
