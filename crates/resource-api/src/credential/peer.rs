//! From where a request came: the peer of the connection or, when that is a listed proxy, whom the proxy names; and whether it
//! came over TLS.

use std::net::IpAddr;

use actix_web::HttpRequest;
use protocol::network::{self, IpNetwork};

use crate::config::Settings;
use crate::credential::basic::Transport;

/// The address of the caller.
pub(crate) fn address(request: &HttpRequest, proxies: &[IpNetwork]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let trusted = |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
    Some(network::forwarded_address(peer, forwarded, trusted))
}

/// How the request travelled: on a connection of ours, on one within this machine, or to a listed proxy that ends TLS.
pub(crate) fn transport(request: &HttpRequest, settings: &Settings) -> Transport {
    let peer = request.peer_addr().map(|address| address.ip().to_canonical());
    let proxied =
        |peer: IpAddr| settings.is_https() && settings.trusted_proxies.iter().any(|proxy| proxy.contains(peer));
    let local = |peer: IpAddr| peer.is_loopback() && !settings.is_https();
    let safe = request.app_config().secure() || peer.is_some_and(|peer| proxied(peer) || local(peer));
    if safe { Transport::Tls } else { Transport::Plain }
}
