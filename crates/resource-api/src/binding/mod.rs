//! Tokens that only the owner of a key may use: which proof a token demands, and whether the request brought it (RFC 9449 §7,
//! RFC 8705 §3).
//!
//! `dpop/` reads the proof, `certificate.rs` finds the client's certificate, `replay.rs` remembers what counts only once.

pub mod certificate;
pub mod dpop;
pub mod replay;

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;
use protocol::network::IpNetwork;

use crate::answer::refusal::{Refusal, Scheme};
use crate::binding::certificate::Source;
use crate::binding::dpop::{BoundToken, Request, Verifier};
use crate::clock;
use crate::config::Settings;
use crate::introspection;
use crate::token::claims::Confirmation;
use crate::token::validator::TokenRefused;

const HEADER: &str = "dpop";

/// What a token is bound to: at least one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    jkt: Option<String>,
    x5t_s256: Option<String>,
}

impl Binding {
    pub(crate) fn of(claim: &Confirmation<'_>) -> Result<Self, TokenRefused> {
        Self::known(claim.jkt.as_deref(), claim.x5t_s256.as_deref())
    }

    /// The same, of what introspection told.
    pub(crate) fn of_described(claim: &introspection::Confirmation) -> Result<Self, TokenRefused> {
        Self::known(claim.jkt.as_deref(), claim.x5t_s256.as_deref())
    }

    /// RFC 7800 §3.1: members of `cnf` "that are not understood MUST be ignored". A `cnf` of nothing else demands something that cannot
    /// be checked here, so its token is good for nothing.
    fn known(jkt: Option<&str>, x5t_s256: Option<&str>) -> Result<Self, TokenRefused> {
        if jkt.is_none() && x5t_s256.is_none() {
            return Err(TokenRefused::UnknownBinding);
        }
        Ok(Self { jkt: jkt.map(str::to_owned), x5t_s256: x5t_s256.map(str::to_owned) })
    }
}

/// Whether whoever sent `token` under `scheme` has the keys that it is bound to.
pub(crate) async fn check(
    binding: Option<&Binding>,
    (scheme, token): (Scheme, &str),
    request: &HttpRequest,
    settings: &Settings,
    dpop: Option<&Verifier>,
) -> Result<(), Refusal> {
    let jkt = binding.and_then(|binding| binding.jkt.as_deref());
    match (scheme, jkt, dpop) {
        (Scheme::Dpop, Some(jkt), Some(verifier)) => {
            let htu = format!("{}{}", settings.public_url, request.uri().path());
            let proofs = request.headers().get_all(HEADER).map(HeaderValue::as_bytes);
            let asked = Request { method: request.method().as_str(), htu: &htu };
            verifier.verify(proofs, &asked, &BoundToken { value: token, jkt }, clock::now()).await?;
        }
        // RFC 9449 §7.1: the scheme is for bound tokens alone. §7.2: and they are for the scheme alone.
        (Scheme::Dpop, None, _) => return Err(Refusal::Token(TokenRefused::NotSenderConstrained)),
        (_, Some(_), _) => return Err(Refusal::Token(TokenRefused::SenderConstrained)),
        (_, None, _) => {}
    }
    match binding.and_then(|binding| binding.x5t_s256.as_deref()) {
        Some(thumbprint) => check_certificate(thumbprint, request, &settings.trusted_proxies),
        None => Ok(()),
    }
}

fn check_certificate(thumbprint: &str, request: &HttpRequest, proxies: &[IpNetwork]) -> Result<(), Refusal> {
    let is_proxy = |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
    let source = if proxies.is_empty() { Source::Connection } else { Source::ConnectionOrProxy(&is_proxy) };
    match certificate::presented(request, source)? {
        Some(presented) if presented.matches(thumbprint) => Ok(()),
        _ => Err(Refusal::Token(TokenRefused::OtherCertificate)),
    }
}
