//! The sign-in of the page `/app`: sessions by cookie, for a service that is a client of the issuer. They are kept in the database
//! (`sessions.rs`), sealed with the keys of a file (`session_keys.rs`).

use std::sync::Arc;

use url::Url;

use super::database::Database;
use super::session_keys::SessionKeys;
use super::sessions::SqlStore;
use super::web::routes;
use super::{Config, Error};
use crate::bff::{Bff, BffConfig};
use crate::config::Introspection;
use crate::introspection::ClientCredentials;

const PAGE: &str = "/app";

/// `None` for a service that has no secret at the issuer, or is not at the root of its origin.
pub(super) fn sessions(config: &Config, database: &Database) -> Result<Option<Bff>, Error> {
    let Config { settings, database_url, session_key_file, .. } = config;
    let Some(Introspection { credentials: ClientCredentials::SecretBasic { client_id, client_secret }, .. }) =
        &settings.introspection
    else {
        return Ok(None);
    };
    let Some(trusted) = settings.issuers.first() else { return Ok(None) };
    if !Url::parse(&settings.public_url).is_ok_and(|url| url.path() == "/") {
        return Ok(None);
    }
    let mut config = BffConfig::new(trusted.issuer.clone(), client_id.clone(), settings.public_url.clone());
    config.client_secret = Some(client_secret.clone());
    config.scopes.extend(routes::routes().permissions());
    config.extra_ca.clone_from(&settings.extra_ca);
    PAGE.clone_into(&mut config.home);
    PAGE.clone_into(&mut config.after_logout);
    config.error_path = Some(PAGE.to_owned());
    let keys = SessionKeys::open(session_key_file.as_deref(), database_url)?;
    config.sealing_key = keys.all().first().cloned();
    config.former_sealing_keys = keys.all().iter().skip(1).cloned().collect();
    let store = Arc::new(SqlStore::new(database.clone(), &keys));
    Ok(Some(Bff::new(config, store).map_err(Error::FrontEnd)?))
}
