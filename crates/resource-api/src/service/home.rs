//! The issuer whose people the database knows by `sub` alone (`principal.rs`): the first one of the settings at the first start, and
//! that one for ever, whatever the order of the settings is later. So nobody gets what somebody of another issuer has.

#![expect(clippy::disallowed_methods, reason = "the SQL of this API stands here, not in store")]

use sqlx::Row as _;

use crate::service::database::{Database, DatabaseError};
use crate::token::issuers::TrustedIssuer;

const FIND: &str = "SELECT issuer FROM home_issuer WHERE id = 1";
/// Of several processes that start at once one writes it, and all of them read that.
const SET: &str = "INSERT INTO home_issuer (id, issuer) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";

/// The name of the issuer; it need not be among those of the settings any more.
pub(crate) async fn of(database: &Database, trusted: &[TrustedIssuer]) -> Result<String, DatabaseError> {
    let home = match find(database).await? {
        Some(home) => home,
        None => {
            let first = trusted.first().map_or("", |trusted| trusted.issuer.as_str());
            sqlx::query(SET).bind(first).execute(&database.write).await?;
            find(database).await?.unwrap_or_else(|| first.to_owned())
        }
    };
    if !trusted.iter().any(|trusted| trusted.issuer.as_str() == home) {
        tracing::warn!(
            issuer = home,
            "what people of this issuer have is in the database, and nobody can come to it, because the issuer is not among those \
             of COUNTERSIGN_API_ISSUER; add it there, or write its new name into the table home_issuer if it has one"
        );
    }
    Ok(home)
}

async fn find(database: &Database) -> Result<Option<String>, DatabaseError> {
    let row = sqlx::query(FIND).fetch_optional(&database.write).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}
