//! `countersign check`: would `serve` start? Creates and changes nothing, unless asked to open the database.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;

use auth::config::Config;
use auth::outbound::Outbound;
use clap::Args;
use protocol::client::PkcePolicy;
use serde::Serialize;
use store::Store;

use super::Context;
use crate::config::{Complaint, Complaints, Loaded, Place};
use crate::failure::Failure;
use crate::installation::{
    all_clients, expected_algorithms, open_store, refuse_demo_objects, refuse_unoffered, refuse_unsafe,
};
use crate::seed::{Seed, refuse_test_secrets};
use crate::tls;

/// Check the settings and what they name, without serving.
///
/// Reports every fault of the settings at once (exit code 78), then looks at certificates, key files and the address to
/// listen on. Warnings do not change the exit code.
///
/// Example: countersign check --config ./countersign.toml
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Also open the database and look at what is registered. Brings its tables up to date, as `serve` would.
    #[arg(long)]
    database: bool,
}

#[derive(Serialize)]
struct Report {
    settings: Option<String>,
    issuer: String,
    warnings: Vec<String>,
}

impl Check {
    pub(super) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let Loaded { config, file } = context.server_settings()?;
        refuse_unsafe(&config, context.clock.now())?;
        tls::check(&config, context.clock.now())?;
        Outbound::new(&config.outbound)?;
        refuse_readable_keys(&config)?;
        let seed = Seed::read(&config, context.clock.now())?;
        let mut warnings: Vec<_> = config.warnings().iter().map(ToString::to_string).collect();
        warnings.extend(busy_address(&config)?);
        if self.database {
            let store = open_store(&config).await?;
            refuse_demo_objects(&store).await?;
            refuse_test_secrets(&store, &config, context.clock.now()).await?;
            seed.missing(&store, &config, context.clock.now()).await?;
            refuse_unoffered(&store, &config, &expected_algorithms(&config, context.clock.now())?).await?;
            warnings.extend(weak_clients(&store).await?);
            store.close().await;
        }
        let report = Report {
            settings: file.map(|file| file.display().to_string()),
            issuer: config.server.issuer.as_str().to_owned(),
            warnings,
        };
        context.output.show(&report, print);
        Ok(())
    }
}

fn print(report: &Report) -> String {
    let from = report.settings.as_deref().unwrap_or("the environment");
    let mut lines: Vec<_> = report.warnings.iter().map(|warning| format!("warning: {warning}")).collect();
    lines.push(format!("{from}: ready to serve {}", report.issuer));
    lines.join("\n")
}

/// Private keys that others on this machine may read are no secrets.
fn refuse_readable_keys(config: &Config) -> Result<(), Failure> {
    let directory = &config.keys.directory;
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()), // made at the first start
        entries => entries.map_err(|error| keys_fault(format!("{}: {error}", directory.display())))?,
    };
    let mut complaints = Vec::new();
    for entry in entries {
        let entry = entry?;
        let secret = entry.path().extension().is_some_and(|extension| extension == "pem" || extension == "key");
        if secret && entry.metadata()?.mode() & 0o077 != 0 {
            complaints.push(keys_fault(format!("{}: others may read it", entry.path().display())));
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(Complaints(complaints).into()) }
}

fn keys_fault(reason: String) -> Complaint {
    Complaint::new(Place::Nowhere {}, Some("keys.directory"), reason, Some("run chmod 600 on it".to_owned()))
}

/// A running server has the address, which is fine; an address that is not ours is not.
fn busy_address(config: &Config) -> Result<Option<String>, Failure> {
    let address = config.server.listen;
    match TcpListener::bind(address) {
        Ok(_) => Ok(None),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            Ok(Some(format!("server.listen: {address} is in use; is the server running already?")))
        }
        Err(error) => Err(Failure::setting("server.listen", format!("{address}: {error}"), "choose another address")),
    }
}

async fn weak_clients(store: &Store) -> Result<Vec<String>, Failure> {
    let clients = all_clients(store).await?;
    let weak = clients.iter().filter(|client| client.pkce == PkcePolicy::Optional);
    Ok(weak.map(|client| format!("client {}: may sign people in without PKCE", client.id)).collect())
}
