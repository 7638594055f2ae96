//! The sign-in of the page `/app`: sessions by cookie, for a service that is a client of the issuer.

use std::sync::Arc;

use url::Url;

use super::Error;
use super::web::routes;
use crate::bff::{Bff, BffConfig, MemoryStore};
use crate::config::{Introspection, Settings};
use crate::introspection::ClientCredentials;
use crate::resource_server::StartError;
use crate::token::outbound::Outbound;

const PAGE: &str = "/app";

/// `None` for a service that has no secret at the issuer, or is not at the root of its origin.
pub(super) fn sessions(settings: &Settings) -> Result<Option<Bff>, Error> {
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
    PAGE.clone_into(&mut config.home);
    PAGE.clone_into(&mut config.after_logout);
    config.error_path = Some(PAGE.to_owned());
    let outbound = Outbound::new(trusted.issuer.clone(), settings.extra_ca.as_deref()).map_err(StartError::from)?;
    Ok(Some(Bff::new(config, Arc::new(MemoryStore::new()), outbound.http().clone())?))
}
