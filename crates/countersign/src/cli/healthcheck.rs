//! `countersign healthcheck`: asks the server on this machine whether it is ready. For containers and service managers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use auth::config::{Config, TlsMode};
use clap::Args;
use protocol::metadata::paths::READYZ;

use super::Context;
use crate::failure::Failure;

const PATIENCE: Duration = Duration::from_secs(3);

/// Ask the server on this machine whether it is ready (exit code 0) or not (1).
///
/// Example: countersign healthcheck --config /etc/countersign/countersign.toml
#[derive(Debug, Args)]
pub(super) struct Healthcheck {}

impl Healthcheck {
    pub(super) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let config = context.settings()?.config;
        let status =
            ask(&config).await.map_err(|error| Failure::Failed(format!("the server does not answer: {error}")))?;
        if !status.is_success() {
            return Err(Failure::Failed(format!("the server is not ready: it answers {status}")));
        }
        context.output.show(&serde_json::json!({ "ready": true }), |_| "ready");
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "the one HTTP client of this crate; it asks this machine only")]
async fn ask(config: &Config) -> Result<reqwest::StatusCode, reqwest::Error> {
    let address = on_this_machine(config.server.listen);
    let scheme = if config.tls.mode == TlsMode::Off { "http" } else { "https" };
    // Nothing secret is sent, and the peer is this machine: whether its certificate is right is not the question here.
    let client =
        reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).timeout(PATIENCE).build()?;
    // An issuer with a path serves everything below it.
    let path = format!("{}{READYZ}", config.server.issuer.path());
    client.get(format!("{scheme}://{address}{path}")).send().await.map(|it| it.status())
}

/// A server that listens everywhere listens on loopback too.
fn on_this_machine(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
