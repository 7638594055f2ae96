//! Client assertions that were accepted once: table `used_assertions` (RFC 7523 §3, OpenID Connect Core §9).

use protocol::ids::ClientId;
use protocol::time::Timestamp;

use crate::statement::{Statement, statements};
use crate::{Store, StoreError, Won};

statements! {
    SPEND = "INSERT INTO used_assertions (client_id, jti, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (client_id, jti) DO NOTHING";
}

/// `Won::No` when this client's assertion of this id was used before.
pub async fn spend(store: &Store, client: &ClientId, jti: &str, expires_at: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(SPEND).text(client.as_str()).text(jti).time(expires_at)).await.map(Won::by)
}
