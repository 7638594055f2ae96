//! A new account, made by its owner: the person, what they sign in with, the entry in their log, and the use of the link that
//! proved their address, all in one transaction or not at all. The tables are those of other files.

use protocol::ids::ActionTokenId;
use protocol::time::Timestamp;
use protocol::user::User;

use crate::passkeys::{self, Passkey};
use crate::security_events::{self, Entry};
use crate::{Store, StoreError, Won, action_tokens, passwords, users};

/// What is made.
#[derive(Clone, Copy, Debug)]
pub struct SignUp<'a> {
    pub user: &'a User,
    pub credential: Credential<'a>,
    pub event: &'a Entry,
    /// What proved the address; and the invitation, where one was needed. Each is good for one account.
    pub used: &'a [ActionTokenId],
}

/// What the person signs in with.
#[derive(Clone, Copy, Debug)]
pub enum Credential<'a> {
    /// A hash.
    Password(&'a str),
    Passkey(&'a Passkey),
}

/// `Won::No` when one of the tokens was used, replaced or expired meanwhile. [`StoreError::Conflict`] when somebody has the user
/// name, the address or the passkey; the tokens stay good then.
pub async fn insert(store: &Store, sign_up: &SignUp<'_>, now: Timestamp) -> Result<Won, StoreError> {
    let SignUp { user, credential, event, used } = sign_up;
    let mut gates: Vec<_> = used.iter().map(|id| action_tokens::use_proven_statement(id, now)).collect();
    gates.extend(users::insert_statements(user));
    gates.push(match credential {
        Credential::Password(phc) => passwords::set_statement(&user.id, phc, now),
        Credential::Passkey(passkey) => passkeys::insert_statement(passkey),
    });
    gates.push(security_events::insert_statement(event));
    store.write_gates(gates).await
}
