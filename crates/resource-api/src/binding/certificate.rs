//! The client certificate of a request, for tokens that are bound to one (RFC 8705 §3): its SHA-256 thumbprint, and where it
//! comes from.
//!
//! Either from the TLS connection that this server ended itself ([`on_connect`]; [`AnyClientCertificate`] asks for it), or from
//! the header `Client-Cert` of a proxy that is listed by address (RFC 9440). A certificate does nothing here but match a token:
//! who issued it and how long it lasts is for the authorization server (RFC 8705 §6.2), so nothing is read out of it.

mod handshake;

use std::any::Any;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::http::header::HeaderValue;
use actix_web::rt::net::TcpStream;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq as _;

pub use self::handshake::AnyClientCertificate;

const HEADER: &str = "client-cert";
/// Longer headers are refused before they are decoded. The certificates of clients have one to two kilobytes.
const MAX_HEADER: usize = 16 * 1024;

/// RFC 8941 §4.2.7: parsers SHOULD NOT fail for missing padding or for pad bits that are not zero.
const BYTE_SEQUENCE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Where certificates come from. RFC 9440 §4: using the header is an option that is off by default.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// From the connection to this server alone. `Client-Cert` is a header without meaning.
    Connection,
    /// The connection to this server, or `Client-Cert` where the function says that the peer's address is that of a proxy
    /// which ends TLS for us and sets or removes the header in every request.
    ConnectionOrProxy(&'a dyn Fn(IpAddr) -> bool),
}

/// `x5t#S256` of a certificate: 43 characters of base64url (RFC 8705 §3.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Thumbprint(String);

/// Why the certificate of a request is not believed. The request is refused with 400: half of a client's identity is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// RFC 9440 §2.4: "clients MUST NOT employ the Client-Cert [...] header field in requests", and whoever ends TLS may answer
    /// 400 to one that does. So this is an attack, a way around the proxy, or a list of proxies that is wrong: told, because
    /// ignoring it would make the last look like a certificate that does not match.
    #[error("the header Client-Cert is accepted from listed proxies only; the peer of this connection is none of them")]
    Stranger,
    /// More than one `Client-Cert` (RFC 9440 §2.2: a singleton).
    #[error("the header Client-Cert was sent more than once")]
    Several,
    /// No Byte Sequence (RFC 8941 §3.3.5) with one certificate in DER (RFC 9440 §2.2).
    #[error("the header Client-Cert is not one certificate in base64 between two colons")]
    Malformed,
}

/// What [`on_connect`] leaves with a connection.
struct OfConnection(Thumbprint);

/// The thumbprint of a certificate in DER: base64url of its SHA-256 hash (RFC 8705 §3.1).
pub fn thumbprint(der: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, der))
}

/// For `HttpServer::on_connect`: keeps the thumbprint of the certificate with which the client of a TLS connection
/// authenticated itself. Does nothing for other connections.
pub fn on_connect(connection: &dyn Any, data: &mut Extensions) {
    let Some(tls) = connection.downcast_ref::<TlsStream<TcpStream>>() else { return };
    let (_, session) = tls.get_ref();
    if let Some([end_entity, ..]) = session.peer_certificates() {
        data.insert(OfConnection(Thumbprint(thumbprint(end_entity))));
    }
}

/// The certificate that the client of this request has, when it has one.
///
/// From a listed proxy the header alone counts, and never the certificate with which the proxy itself connected. From anybody
/// else the connection alone counts, and a header is an error where the header is in use at all.
pub fn presented(request: &HttpRequest, source: Source<'_>) -> Result<Option<Thumbprint>, CertificateError> {
    let of_connection = || request.conn_data::<OfConnection>().map(|OfConnection(thumbprint)| thumbprint.clone());
    let Source::ConnectionOrProxy(is_proxy) = source else { return Ok(of_connection()) };
    let headers = || request.headers().get_all(HEADER).map(HeaderValue::as_bytes);
    let peer = request.peer_addr().as_ref().map(SocketAddr::ip).map(|address| address.to_canonical());
    if peer.is_some_and(is_proxy) {
        return forwarded(headers());
    }
    if headers().next().is_some() { Err(CertificateError::Stranger) } else { Ok(of_connection()) }
}

/// RFC 9440 §2.2: "It is a singleton header field value", a Byte Sequence (RFC 8941 §3.3.5) without parameters.
fn forwarded<'h>(mut headers: impl Iterator<Item = &'h [u8]>) -> Result<Option<Thumbprint>, CertificateError> {
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(CertificateError::Several);
    }
    let der = byte_sequence(header).filter(|der| is_der_sequence(der)).ok_or(CertificateError::Malformed)?;
    Ok(Some(Thumbprint(thumbprint(&der))))
}

fn byte_sequence(header: &[u8]) -> Option<Vec<u8>> {
    if header.len() > MAX_HEADER {
        return None;
    }
    let inner = header.trim_ascii().strip_prefix(b":")?.strip_suffix(b":")?;
    BYTE_SEQUENCE.decode(inner).ok()
}

/// Whether the bytes are one DER SEQUENCE, as every certificate is (X.690 §8.1.3, §10.1): what a proxy cut off, or sent as PEM,
/// is told as such and not as a certificate that does not match.
fn is_der_sequence(der: &[u8]) -> bool {
    let (length, content) = match der {
        [0x30, short @ 0..=0x7f, content @ ..] => (usize::from(*short), content),
        [0x30, 0x81, length @ 0x80..=0xff, content @ ..] => (usize::from(*length), content),
        [0x30, 0x82, high @ 1..=0xff, low, content @ ..] => (usize::from(*high) << 8 | usize::from(*low), content),
        _ => return false,
    };
    content.len() == length
}

impl Thumbprint {
    /// 43 characters of base64url.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a token with this `cnf.x5t#S256` is bound to the certificate.
    pub fn matches(&self, x5t_s256: &str) -> bool {
        self.0.as_bytes().ct_eq(x5t_s256.as_bytes()).into()
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({})", self.0)
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => "Connection",
            Self::ConnectionOrProxy(_) => "ConnectionOrProxy",
        })
    }
}

#[cfg(test)]
mod tests;
