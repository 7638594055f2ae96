//! Tokens that only the owner of a key may use: which proof a token demands, and whether the request brought it (RFC 9449 §7,
//! RFC 8705 §3).
//!
//! `dpop/` reads the proof, `certificate.rs` finds the client's certificate, `replay.rs` remembers what counts only once.

pub mod certificate;
pub mod dpop;
pub mod replay;

use std::borrow::Cow;
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
    /// A claim `cnf` that demands something else cannot be met, so its token is good for nothing.
    pub(crate) fn of(claim: &Confirmation<'_>) -> Result<Self, TokenRefused> {
        let owned = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let binding = Self { jkt: owned(&claim.jkt), x5t_s256: owned(&claim.x5t_s256) };
        binding.known()
    }

    /// The same, of what introspection told.
    pub(crate) fn of_described(claim: &introspection::Confirmation) -> Result<Self, TokenRefused> {
        let introspection::Confirmation { jkt, x5t_s256, others } = claim.clone();
        if others.is_empty() { Self { jkt, x5t_s256 }.known() } else { Err(TokenRefused::UnknownBinding) }
    }

    fn known(self) -> Result<Self, TokenRefused> {
        if self.jkt.is_some() || self.x5t_s256.is_some() { Ok(self) } else { Err(TokenRefused::UnknownBinding) }
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
