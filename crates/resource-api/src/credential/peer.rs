//! From where a request came: the peer of the connection or, when that is a listed proxy, whom the proxy names; and whether it
//! came over TLS.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;
use protocol::network::{self, IpNetwork};

use crate::config::Settings;
use crate::credential::basic::Transport;

/// The address of the caller. `None` where a listed proxy names nobody readable: then no limit to networks is met.
pub(crate) fn address(request: &HttpRequest, proxies: &[IpNetwork]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let forwarded = request.headers().get_all("x-forwarded-for").map(HeaderValue::as_bytes);
    let trusted = |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
    network::forwarded_address(peer, forwarded, trusted)
}

/// How the request travelled: on a connection of ours, on one within this machine, or to a listed proxy that ends TLS. A proxy that
/// took the request on its plain port says so in `X-Forwarded-Proto`.
pub(crate) fn transport(request: &HttpRequest, settings: &Settings) -> Transport {
    let peer = request.peer_addr().map(|address| address.ip().to_canonical());
    let plain =
        request.headers().get_all("x-forwarded-proto").any(|value| !value.as_bytes().eq_ignore_ascii_case(b"https"));
    let trusted = |peer: IpAddr| settings.trusted_proxies.iter().any(|proxy| proxy.contains(peer));
    let proxied = |peer: IpAddr| settings.is_https() && trusted(peer) && !plain;
    let local = |peer: IpAddr| peer.is_loopback() && !settings.is_https();
    let safe = request.app_config().secure() || peer.is_some_and(|peer| proxied(peer) || local(peer));
    if safe { Transport::Tls } else { Transport::Plain }
}
