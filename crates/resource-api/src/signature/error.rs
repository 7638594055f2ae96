//! Why a signature is refused: the rule that was broken and what the sender can do. No expected value is ever in here.

use std::fmt;

use protocol::time::Seconds;

use super::base::LoggedBase;
use crate::binding::replay::Unavailable;

/// Each text is for the developer of the client. It repeats names that the client chose, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    #[error("the request has no {0} field; a signature needs both Signature-Input and Signature (RFC 9421 §4)")]
    Missing(FieldName),
    /// The reason names a position, never what stands there.
    #[error("the {field} field is no structured field of the kind that it has to be: {reason} (RFC 8941 §3.2)")]
    Malformed { field: FieldName, reason: String },
    #[error("the request has several signatures, and none is chosen; send one")]
    Several,
    #[error("Signature-Input and Signature have different labels; give the signature the same one in both")]
    Labels,
    #[error("the covered component {name} {reason}")]
    Component { name: ComponentName, reason: &'static str },
    #[error("the signature has to cover {0}")]
    NotCovered(&'static str),
    #[error("the parameter {name} {reason}")]
    Parameter { name: &'static str, reason: &'static str },
    #[error("the algorithm is hmac-sha256; leave alg out, or name that")]
    Algorithm,
    #[error("keyid has to be the id of an API key: the 16 characters behind cs_key_")]
    KeyId,
    #[error("created lies {} s back, and {allowed} s are allowed; sign each request when it is sent, with a correct clock", .age.0)]
    TooOld { age: Seconds, allowed: Seconds },
    #[error("created lies {} s ahead, and {allowed} s are allowed; correct the clock of the sender", .ahead.0)]
    InTheFuture { ahead: Seconds, allowed: Seconds },
    #[error("the signature has expired")]
    Expired,
    #[error("the request target is not a path with an optional query, in the characters that RFC 3986 allows")]
    Target,
    #[error(
        "the Host field names another authority than the public URL of this API; sign and send that of the public URL"
    )]
    Authority,
    #[error("no such key, or it may not sign")]
    UnknownKey,
    #[error(
        "the signature does not fit the request and the key; compare your signature base with that in the log of the API"
    )]
    Mismatch(LoggedBase),
    #[error("Content-Digest has neither sha-256 nor sha-512 (RFC 9530 §5)")]
    NoDigest,
    #[error("Content-Digest does not fit the body; hash the octets that are sent, after any content coding")]
    Digest,
    #[error("the nonce was used before; draw a new one for each request")]
    Replayed,
    /// The reason is for the log.
    #[error("whether the nonce was used before cannot be told just now; try again later")]
    Unavailable(Unavailable),
}

/// To which kind of answer an error leads. The mapping to a status is made where answers are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The request contradicts itself or cannot be read: 400.
    BadRequest,
    /// It can be read and is not believed: 401.
    Unauthorized,
    /// Not the caller's fault: 503.
    Unavailable,
}

/// The fields that this module reads itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldName {
    SignatureInput,
    Signature,
    ContentDigest,
}

/// The name of a component as the caller wrote it: at most 64 characters of field names and `@`, so that it can be printed
/// anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentName(String);

impl SignatureError {
    pub(super) fn malformed(field: FieldName, reason: &str) -> Self {
        Self::Malformed { field, reason: reason.to_owned() }
    }

    pub(super) fn component(name: &str, reason: &'static str) -> Self {
        Self::Component { name: ComponentName::new(name), reason }
    }

    pub fn answer(&self) -> Answer {
        match self {
            Self::Missing(_)
            | Self::Malformed { .. }
            | Self::Several
            | Self::Labels
            | Self::Component { .. }
            | Self::Parameter { .. }
            | Self::Target => Answer::BadRequest,
            Self::NotCovered(_)
            | Self::Algorithm
            | Self::KeyId
            | Self::TooOld { .. }
            | Self::InTheFuture { .. }
            | Self::Expired
            | Self::Authority
            | Self::UnknownKey
            | Self::Mismatch(_)
            | Self::NoDigest
            | Self::Digest
            | Self::Replayed => Answer::Unauthorized,
            Self::Unavailable(_) => Answer::Unavailable,
        }
    }

    /// For the log of the API only: what the API computed, so that two developers can compare. See [`LoggedBase`].
    pub fn logged_base(&self) -> Option<&LoggedBase> {
        match self {
            Self::Mismatch(base) => Some(base),
            _ => None,
        }
    }
}

impl ComponentName {
    fn new(name: &str) -> Self {
        let safe = |c: char| if c.is_ascii_alphanumeric() || "@-_.".contains(c) { c } else { '?' };
        Self(name.chars().take(64).map(safe).collect())
    }
}

impl fmt::Display for ComponentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FieldName {
    pub(super) fn lower(self) -> &'static str {
        match self {
            Self::SignatureInput => "signature-input",
            Self::Signature => "signature",
            Self::ContentDigest => "content-digest",
        }
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignatureInput => "Signature-Input",
            Self::Signature => "Signature",
            Self::ContentDigest => "Content-Digest",
        })
    }
}
