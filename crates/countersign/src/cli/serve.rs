//! `countersign serve`: the authorization server, for real.

use std::net::TcpListener;
use std::sync::Arc;

use auth::AppState;
use auth::config::Config;
use clap::Args;

use super::Context;
use crate::config::Loaded;
use crate::failure::Failure;
use crate::installation::{open_keys, open_store, refuse_demo_objects, refuse_unoffered, refuse_unsafe};
use crate::seed::{Seed, refuse_test_secrets};
use crate::shutdown::Shutdown;
use crate::{log, tls};

/// Run the authorization server.
///
/// Ends with 78, one sentence per fault and the way out, when the settings or what they name must be changed first.
/// SIGTERM and Ctrl-C let running requests finish.
///
/// Example: countersign serve --config /etc/countersign/countersign.toml
#[derive(Debug, Args)]
pub(super) struct Serve {}

impl Serve {
    pub(super) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let Loaded { config, file } = context.server_settings()?;
        log::start(&config.log);
        let now = context.clock.now();
        refuse_unsafe(&config, now)?;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        let seed = Seed::read(&config, now)?;
        let shutdown = Shutdown::listen()?;
        let tls = tls::prepare(&config, &context.clock)?;
        let store = open_store(&config).await?;
        refuse_demo_objects(&store).await?;
        refuse_test_secrets(&store, &config, now).await?;
        let keys = Arc::new(open_keys(&config, now)?);
        seed.missing(&store, &config, now).await?.make(&store, &config, keys.secrets(), now).await?;
        refuse_unoffered(&store, &config, &keys.keyring().algorithms(now)).await?;
        let listener = listen(&config)?;
        let settings = file.map_or_else(|| "the environment".to_owned(), |file| file.display().to_string());
        let (issuer, address) = (config.server.issuer.as_str(), config.server.listen);
        tracing::info!(issuer, %address, settings, "countersign {} serves {issuer}", env!("CARGO_PKG_VERSION"));
        let state = AppState::new(Arc::new(config), store, keys)?;
        let server = tls.as_ref().map(|tls| tls.server.clone());
        auth::run(state, listener, server, shutdown.told()).await?;
        tracing::info!("countersign has stopped");
        Ok(())
    }
}

fn listen(config: &Config) -> Result<TcpListener, Failure> {
    let address = config.server.listen;
    TcpListener::bind(address)
        .map_err(|error| Failure::setting("server.listen", format!("{address}: {error}"), "choose a free address"))
}
