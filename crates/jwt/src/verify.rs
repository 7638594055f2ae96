//! From the text of a signed token to its claims: header, algorithm, type, key, signature, claims, in this order.
//!
//! Only the compact form exists (RFC 7515 §7.1). Keys come from the caller; `jku`, `x5u`, `x5c` and `jwk` in a header are never
//! looked at (RFC 8725 §3.10); proofs, which bring their key, have `embedded.rs`. Checks of single claims are in `claims.rs`.
//!
//! What is verified here has a signature by a private key. The two exceptions of OpenID Connect, a shared secret and no
//! signature at all, have files of their own (`mac.rs`, `unsecured.rs`), so that nobody comes to them by accident.

use base64::Engine as _;
use protocol::signing::{AssertionAlgorithm, MacAlgorithm, SigningAlgorithm};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::algorithm;
use crate::base64url::BASE64URL;
use crate::json;
use crate::public_key::VerifyingKey;

/// Longer texts are refused before anything is decoded.
pub const MAX_TOKEN: usize = 16 * 1024;
const MAX_HEADER: usize = 8 * 1024;
pub(crate) const MAX_KID: usize = 128;
pub(crate) const MAX_TYP: usize = 64;

/// The part of a header that decides something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<Algorithm = SigningAlgorithm> {
    pub alg: Algorithm,
    pub kid: Option<String>,
    pub typ: Option<String>,
}

/// Every `alg` that some token may have somewhere. Says what a token claims to be, allows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeekedAlgorithm {
    /// `none`: `unsecured.rs`.
    None,
    Signature(SigningAlgorithm),
    /// With a shared secret: `mac.rs`.
    Mac(MacAlgorithm),
}

/// What the caller accepts. An empty `typ` accepts any type and none.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub typ: &'a [&'a str],
    pub algorithms: &'a [SigningAlgorithm],
}

/// Why a token is not accepted. One reason each; none repeats a part of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum VerifyError {
    #[error("the token is longer than 16 KiB or its header longer than 8 KiB")]
    TooLong,
    #[error("the token does not have exactly three parts")]
    NotThreeParts,
    #[error("a part of the token is not base64url without padding")]
    Encoding,
    #[error("the header is not one JSON object with each member once")]
    Header,
    #[error("the header demands an extension that is not supported")]
    Critical,
    #[error("the algorithm is missing, unknown or not allowed here")]
    Algorithm,
    #[error("the token is of another type")]
    Type,
    #[error("no key is known for the token")]
    UnknownKey,
    #[error("the key is for another algorithm")]
    KeyAlgorithm,
    #[error("the signature is wrong")]
    Signature,
    #[error("the shared secret is too short for the algorithm")]
    ShortSecret,
    #[error("the claims are not one JSON object with the expected members, each once")]
    Claims,
    #[error("the token has no expiry")]
    NoExpiry,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYetValid,
    #[error("the token was issued in the future")]
    IssuedInFuture,
    #[error("a time of the token is outside of the usual range")]
    TimeOutOfRange,
    #[error("the token is from another issuer")]
    Issuer,
    #[error("the token is for another audience")]
    Audience,
}

/// The header of a token whose signature nobody has checked: good for choosing a key, for nothing else.
pub fn peek(token: &str) -> Result<Header, VerifyError> {
    Parts::split(token)?.header(algorithm::parse)
}

/// As `peek`, for the JWT that authenticates a client (RFC 7523 §2.2): signed with a key or with a secret.
pub fn peek_assertion(token: &str) -> Result<Header<AssertionAlgorithm>, VerifyError> {
    Parts::split(token)?.header(|name| match PeekedAlgorithm::parse(name)? {
        PeekedAlgorithm::None => None,
        PeekedAlgorithm::Signature(algorithm) => Some(AssertionAlgorithm::Signature(algorithm)),
        PeekedAlgorithm::Mac(algorithm) => Some(AssertionAlgorithm::Mac(algorithm)),
    })
}

/// As `peek`, for request objects, which may be unsigned (OpenID Connect Core §6.1). A token has a signature if and only if its
/// header says so.
pub fn peek_any(token: &str) -> Result<Header<PeekedAlgorithm>, VerifyError> {
    let parts = Parts::split_unsigned(token)?;
    let header = parts.header(PeekedAlgorithm::parse)?;
    match (header.alg, parts.signature) {
        (PeekedAlgorithm::None, "") => Ok(header),
        (PeekedAlgorithm::None, _) => Err(VerifyError::Signature),
        (PeekedAlgorithm::Signature(_) | PeekedAlgorithm::Mac(_), "") => Err(VerifyError::NotThreeParts),
        (PeekedAlgorithm::Signature(_) | PeekedAlgorithm::Mac(_), _) => Ok(header),
    }
}

/// Claims whose signature nobody has checked: good for choosing an issuer or a client to ask for keys, for nothing else.
pub fn unverified_claims<C: DeserializeOwned>(token: &str) -> Result<C, VerifyError> {
    Parts::split(token)?.claims()
}

/// The claims of a token that `key` has signed and that is what the caller expects.
pub fn verify<C: DeserializeOwned>(token: &str, key: &VerifyingKey, expected: &Expected<'_>) -> Result<C, VerifyError> {
    verify_with(token, expected, |_| Some(key))
}

/// As `verify`, with the key that `choose` finds for the header.
pub fn verify_with<'k, C: DeserializeOwned>(
    token: &str,
    expected: &Expected<'_>,
    choose: impl FnOnce(&Header) -> Option<&'k VerifyingKey>,
) -> Result<C, VerifyError> {
    let parts = Parts::split(token)?;
    let header = parts.header(algorithm::parse)?;
    expected.check(&header)?;
    let key = choose(&header).ok_or(VerifyError::UnknownKey)?;
    // RFC 8725 §3.1: "Each key MUST be used with exactly one algorithm".
    if key.algorithm() != header.alg {
        return Err(VerifyError::KeyAlgorithm);
    }
    if !key.verifies(parts.signed.as_bytes(), &decode(parts.signature)?) {
        return Err(VerifyError::Signature);
    }
    parts.claims()
}

impl PeekedAlgorithm {
    fn parse(name: &str) -> Option<Self> {
        if name == "none" {
            return Some(Self::None);
        }
        let signature = algorithm::parse(name).map(Self::Signature);
        signature.or_else(|| MacAlgorithm::parse(name).map(Self::Mac))
    }
}

impl Expected<'_> {
    pub(crate) fn check(&self, header: &Header) -> Result<(), VerifyError> {
        if !self.algorithms.contains(&header.alg) {
            return Err(VerifyError::Algorithm);
        }
        let fits = |typ: &str| self.typ.iter().any(|expected| same_type(expected, typ));
        if self.typ.is_empty() || header.typ.as_deref().is_some_and(fits) { Ok(()) } else { Err(VerifyError::Type) }
    }
}

pub(crate) struct Parts<'a> {
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) signature: &'a str,
    /// Header and payload with the dot between them (RFC 7515 §5.1 step 5).
    pub(crate) signed: &'a str,
}

impl<'a> Parts<'a> {
    pub(crate) fn split(token: &'a str) -> Result<Self, VerifyError> {
        Self::split_unsigned(token).and_then(|parts| match parts.signature {
            "" => Err(VerifyError::NotThreeParts),
            _ => Ok(parts),
        })
    }

    /// As `split`, with a signature or without.
    pub(crate) fn split_unsigned(token: &'a str) -> Result<Self, VerifyError> {
        if token.len() > MAX_TOKEN {
            return Err(VerifyError::TooLong);
        }
        let (header, rest) = token.split_once('.').ok_or(VerifyError::NotThreeParts)?;
        let (payload, signature) = rest.split_once('.').ok_or(VerifyError::NotThreeParts)?;
        if header.is_empty() || payload.is_empty() || signature.contains('.') {
            return Err(VerifyError::NotThreeParts);
        }
        if header.len() > MAX_HEADER {
            return Err(VerifyError::TooLong);
        }
        Ok(Self { header, payload, signature, signed: &token[..header.len() + 1 + payload.len()] })
    }

    pub(crate) fn header<A>(&self, parse: impl FnOnce(&str) -> Option<A>) -> Result<Header<A>, VerifyError> {
        Header::of(&self.header_members()?, parse)
    }

    pub(crate) fn header_members(&self) -> Result<Map<String, Value>, VerifyError> {
        let members = json::object(&decode(self.header)?).map_err(|_| VerifyError::Header)?;
        // RFC 7515 §4.1.11: whoever does not understand a critical extension must reject the token. We understand none; `b64`
        // (RFC 7797) would change what is signed, so it is refused even where `crit` forgot it.
        if members.contains_key("crit") || members.contains_key("b64") {
            return Err(VerifyError::Critical);
        }
        Ok(members)
    }

    pub(crate) fn claims<C: DeserializeOwned>(&self) -> Result<C, VerifyError> {
        let members = json::object(&decode(self.payload)?).map_err(|_| VerifyError::Claims)?;
        serde_json::from_value(Value::Object(members)).map_err(|_| VerifyError::Claims)
    }
}

impl<A> Header<A> {
    pub(crate) fn of(members: &Map<String, Value>, parse: impl FnOnce(&str) -> Option<A>) -> Result<Self, VerifyError> {
        let alg = members.get("alg").and_then(Value::as_str).and_then(parse);
        Ok(Self {
            kid: short_text(members, "kid", MAX_KID)?,
            typ: short_text(members, "typ", MAX_TYP)?,
            alg: alg.ok_or(VerifyError::Algorithm)?,
        })
    }
}

/// Strict: no padding, no line breaks, spare bits zero (RFC 7515 §2), so each byte string has one spelling.
pub(crate) fn decode(part: &str) -> Result<Vec<u8>, VerifyError> {
    BASE64URL.decode(part).map_err(|_| VerifyError::Encoding)
}

fn short_text(members: &Map<String, Value>, name: &str, limit: usize) -> Result<Option<String>, VerifyError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if text.len() <= limit => Ok(Some(text.clone())),
        Some(_) => Err(VerifyError::Header),
    }
}

/// RFC 7515 §4.1.9: media types, so without regard to case, and `application/` goes without saying.
pub fn same_type(expected: &str, typ: &str) -> bool {
    let prefix = "application/";
    let short = match typ.get(..prefix.len()) {
        Some(start) if start.eq_ignore_ascii_case(prefix) => &typ[prefix.len()..],
        _ => typ,
    };
    short.eq_ignore_ascii_case(expected)
}

#[cfg(test)]
mod tests;
