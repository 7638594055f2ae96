//! `countersign dev`: issuer, API and demo app in one process, with everything that they need made on the spot.

use std::path::Path;
use std::sync::Arc;

use auth::AppState;
use clap::Args;
use resource_api::service;

use super::Context;
use crate::config::load::DEV_DATA;
use crate::dev::block::Block;
use crate::dev::data::{Data, Listeners};
use crate::dev::objects::{self, API_CLIENT, Addresses, ApiSecret, WEB_CLIENT};
use crate::failure::Failure;
use crate::installation::{open_keys, open_store};
use crate::log;
use crate::shutdown::Shutdown;

/// Try everything: one command, no file, no question. For this machine only.
///
/// Makes a database, keys, a demo person and two demo clients in ./countersign-data (--data DIR chooses another directory),
/// and serves the issuer, a protected API (port + 1) and a demo web app (port + 2). Ctrl-C stops; a restart keeps everything. The log is on
/// standard error.
///
/// Example: countersign dev --port 9000 --data ./demo
#[derive(Debug, Args)]
pub(super) struct Dev {
    /// The issuer's port; the API and the demo app take the next two. 8080 for a new directory.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=65_533))]
    port: Option<u16>,
}

impl Dev {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        if context.common.config.is_some() {
            return Err(Failure::Usage("dev makes its own settings; choose their directory with --data".to_owned()));
        }
        let now = context.clock.now();
        let usual = Path::new(".").join(DEV_DATA);
        let data = Data::open(context.data().unwrap_or(&usual), self.port, &context.environment)?;
        log::start_beside_results(&data.config.log);
        let listeners = Listeners::bind(data.port())?;
        let shutdown = Shutdown::listen()?;
        let addresses = Addresses::of(&data.config);
        let store = open_store(&data.config).await?;
        let keys = Arc::new(open_keys(&data.config, now)?);
        let made = objects::complete(&store, &data.config, &addresses, now).await?;
        let secret = objects::api_client(&store, &addresses, now).await?;
        let api = service::Api::new(api_config(&data, &addresses, secret)).await.map_err(Failure::failed)?;

        let shown = context.data().unwrap_or(&usual).display().to_string();
        let block = Block::new(&data, &addresses, made, shown, context.environment.program().to_owned());
        context.output.show(&block, |block| block.print(context.output.colours));
        drop(block);

        let state = AppState::new(Arc::new(data.config), store, keys)?.in_development();
        tokio::try_join!(
            auth::run(state, listeners.issuer, None, shutdown.clone().told()),
            service::run(api, listeners.api, None, shutdown.clone().told()),
            demo_app::run(app_config(&addresses), listeners.app, shutdown.told()),
        )?;
        Ok(())
    }
}

fn api_config(data: &Data, addresses: &Addresses, ApiSecret(secret): ApiSecret) -> service::Config {
    let issuer = data.config.server.issuer.clone();
    let mut config = service::Config::new(issuer, addresses.api.clone());
    config.authenticate_as(API_CLIENT, secret);
    config.database_url = data.notes_database();
    // Its only issuer binds no tokens to keys: a challenge for DPoP would lead nowhere.
    config.settings.dpop = None;
    config.workers = Some(1);
    config
}

fn app_config(addresses: &Addresses) -> demo_app::Config {
    demo_app::Config {
        issuer: addresses.issuer.clone(),
        client_id: WEB_CLIENT.to_owned(),
        api_url: addresses.api.clone(),
        base_url: addresses.app.clone(),
        extra_ca: None,
    }
}
