//! `[server]`: what the server is called and where it listens.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use protocol::issuer::Issuer;
use serde::{Deserialize, Serialize};

use super::IpNetwork;
use super::problem::{Problem, within};

/// What the server is called and where it listens.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// The server's name in every token and document, compared byte for byte by every client: an https URL without a
    /// trailing slash, query or fragment (plain http only on localhost). It never follows from a request.
    pub issuer: Issuer,

    /// The address and port to listen on. Use `0.0.0.0:8080` or `[::]:8080` for all interfaces.
    #[serde(default = "listen")]
    pub listen: SocketAddr,

    /// Threads that answer requests.
    ///
    /// Default: the number of cores.
    #[serde(default = "cores")]
    pub workers: usize,

    /// Addresses or networks (CIDR) of the proxies whose `X-Forwarded-For` is believed. The header of anybody else is
    /// ignored; other forwarded headers are never read.
    #[serde(default)]
    pub trusted_proxies: Vec<IpNetwork>,
}

fn listen() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080)
}

/// Cores that this process may use (a container's share counts); one when nobody can tell.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

impl ServerConfig {
    pub fn new(issuer: Issuer) -> Self {
        Self { issuer, listen: listen(), workers: cores(), trusted_proxies: Vec::new() }
    }

    /// Whether forwarded headers of this peer are believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }

    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        within(problems, "server.workers", self.workers, 1..=1024);
        if let Some(network) = self.trusted_proxies.iter().find(|network| network.is_everyone()) {
            problems.push(Problem::new(
                "server.trusted_proxies",
                format!("{network} trusts everybody, so anybody could claim any address"),
                "name the address or network of the proxy",
            ));
        }
    }
}
