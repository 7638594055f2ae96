//! One DPoP proof, read and checked as far as it can be checked by itself (RFC 9449 §4.2; §4.3 items 2 to 7).
//!
//! Whether it fits a request, a token and the time is decided in `mod.rs`.

use jwt::embedded::{Embedded, EmbeddedError};
use jwt::verify::{Expected, VerifyError};
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp, numeric_date};
use serde_json::{Map, Value};

use super::target::Target;

/// The type of the header (§4.2).
const TYP: &str = "dpop+jwt";
/// Longer proofs are refused before anything is decoded. A proof with an RSA key of 8192 bits has less than 4 KiB.
const MAX_PROOF: usize = 8 * 1024;
/// §11.1: "a server that is tracking jti values should reject DPoP proof JWTs with unnecessarily large jti values".
const MAX_JTI: usize = 128;

/// A proof whose signature holds.
pub(super) struct Proof {
    /// Of the key that signed it (RFC 7638, SHA-256).
    pub(super) thumbprint: String,
    pub(super) jti: String,
    pub(super) htm: String,
    pub(super) htu: Target,
    pub(super) iat: Timestamp,
    pub(super) ath: String,
    pub(super) nonce: Option<String>,
    pub(super) exp: Option<Timestamp>,
    pub(super) nbf: Option<Timestamp>,
}

/// The rule of RFC 9449 §4.3 that a proof breaks. The sentences fit an `error_description` and repeat nothing of the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Refused before it is decoded.
    #[error("it is longer than 8 KiB")]
    TooLong,
    /// Its `typ` is another one (item 4).
    #[error("the typ of its header is not dpop+jwt")]
    Type,
    /// Form, algorithm, key or signature (items 2 and 5 to 7).
    #[error("read as a JWT: {0}")]
    Jwt(EmbeddedError),
    /// A claim is missing or has another form (item 3): its name.
    #[error("it has no claim {0}, or one of another form")]
    Claim(&'static str),
    /// `jti` is empty or too long (§11.1).
    #[error("its claim jti does not have 1 to 128 characters")]
    Jti,
    /// `htm` is another method (item 8).
    #[error("its claim htm is not the method of the request")]
    Method,
    /// `htu` is another URL (item 9).
    #[error(
        "its claim htu is not the URL of the request; compare scheme, host, port and path with the public URL of this API"
    )]
    Target,
    /// `iat` is outside of the window (item 11): how wide that is to either side.
    #[error("its claim iat is more than {0} seconds away from the clock of this server")]
    Time(Seconds),
    /// By its own `exp` or `nbf` (RFC 7519 §4.1.4, §4.1.5).
    #[error("its own exp or nbf says that it is not valid now")]
    NotNow,
    /// `ath` is the hash of another token (item 12).
    #[error("its claim ath is not the hash of the access token that was sent")]
    AccessToken,
    /// The key is another one than that of `cnf.jkt` (item 12).
    #[error("the access token is bound to another key")]
    OtherKey,
}

impl Proof {
    /// `header` is the value of the one `DPoP` header field.
    pub(super) fn read(header: &[u8], algorithms: &[SigningAlgorithm]) -> Result<Self, Reason> {
        if header.len() > MAX_PROOF {
            return Err(Reason::TooLong);
        }
        let token = std::str::from_utf8(header).map_err(|_| EmbeddedError::Token(VerifyError::Encoding))?;
        let embedded = Embedded::read(token, &Expected { typ: &[TYP], algorithms })?;
        let claims: Map<String, Value> = embedded.verify().map_err(EmbeddedError::Token)?;
        let jti = text(&claims, "jti")?;
        if jti.is_empty() || jti.chars().count() > MAX_JTI {
            return Err(Reason::Jti);
        }
        Ok(Self {
            thumbprint: embedded.thumbprint().to_owned(),
            jti: jti.to_owned(),
            htm: text(&claims, "htm")?.to_owned(),
            htu: Target::claimed(text(&claims, "htu")?).ok_or(Reason::Claim("htu"))?,
            iat: time(&claims, "iat")?.ok_or(Reason::Claim("iat"))?,
            ath: text(&claims, "ath")?.to_owned(),
            nonce: claims.get("nonce").and_then(Value::as_str).map(str::to_owned),
            exp: time(&claims, "exp")?,
            nbf: time(&claims, "nbf")?,
        })
    }
}

impl From<EmbeddedError> for Reason {
    fn from(error: EmbeddedError) -> Self {
        match error {
            EmbeddedError::Token(VerifyError::Type) => Self::Type,
            other => Self::Jwt(other),
        }
    }
}

fn text<'c>(claims: &'c Map<String, Value>, name: &'static str) -> Result<&'c str, Reason> {
    claims.get(name).and_then(Value::as_str).ok_or(Reason::Claim(name))
}

fn time(claims: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, Reason> {
    let read = |value| numeric_date(value).ok_or(Reason::Claim(name));
    claims.get(name).map(read).transpose()
}
