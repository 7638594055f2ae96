//! Single access tokens that were revoked before their time (RFC 7009): table `revoked_tokens`.

use protocol::ids::TokenId;
use protocol::time::Timestamp;

use crate::statement::{Statement, statements};
use crate::{Store, StoreError};

statements! {
    INSERT = "INSERT INTO revoked_tokens (jti, expires_at) VALUES ($1, $2) ON CONFLICT (jti) DO NOTHING";
    FIND = "SELECT jti FROM revoked_tokens WHERE jti = $1";
}

/// Remembers the token until it expires by itself. Revoking it again changes nothing.
pub async fn insert(store: &Store, jti: &TokenId, expires_at: Timestamp) -> Result<(), StoreError> {
    store.write(Statement::new(INSERT).text(jti.as_str()).time(expires_at)).await?;
    Ok(())
}

pub async fn is_revoked(store: &Store, jti: &TokenId) -> Result<bool, StoreError> {
    Ok(store.row(Statement::new(FIND).text(jti.as_str())).await?.is_some())
}
