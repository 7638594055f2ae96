//! Why a signature is refused: the rule that was broken and what the sender can do. No expected value is ever in here.

use std::fmt;

use protocol::time::Seconds;

use super::base::LoggedBase;
use crate::binding::replay::Unavailable;

/// Each text is for the developer of the client. It repeats names that the client chose, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// One of the two fields without the other.
    #[error("the request has no {0} field; a signature needs both Signature-Input and Signature (RFC 9421 §4)")]
    Missing(FieldName),
    /// The reason names a position, never what stands there.
    #[error("the {field} field is no structured field of the kind that it has to be: {reason} (RFC 8941 §3.2)")]
    Malformed {
        /// Which field.
        field: FieldName,
        /// What is wrong, and where in it.
        reason: String,
    },
    /// More than one signature; which of them counts would be ours to say (RFC 9421 §3.2).
    #[error("the request has several signatures, and none is chosen; send one")]
    Several,
    /// The two fields name the signature differently (RFC 9421 §4.2).
    #[error("Signature-Input and Signature have different labels; give the signature the same one in both")]
    Labels,
    /// A component that is unknown, refused here, or not in the request (RFC 9421 §2).
    #[error("the covered component {name} {reason}")]
    Component {
        /// As the caller wrote it.
        name: ComponentName,
        /// The rule.
        reason: &'static str,
    },
    /// A part of the request that this API wants covered is not (RFC 9421 §3.2.1).
    #[error("the signature has to cover {0}")]
    NotCovered(&'static str),
    /// A parameter that is missing or has another form (RFC 9421 §2.3).
    #[error("the parameter {name} {reason}")]
    Parameter {
        /// As in RFC 9421 §2.3.
        name: &'static str,
        /// The rule.
        reason: &'static str,
    },
    /// `alg` names another one (RFC 9421 §3.2).
    #[error("the algorithm is hmac-sha256; leave alg out, or name that")]
    Algorithm,
    /// `keyid` names no key that there can be.
    #[error("keyid has to be the id of an API key: the 16 characters behind cs_key_")]
    KeyId,
    /// `created` is beyond [`Policy::max_age`](super::Policy::max_age).
    #[error("created lies {} s back, and {allowed} s are allowed; sign each request when it is sent, with a correct clock", .age.0)]
    TooOld {
        /// Since `created`.
        age: Seconds,
        /// By the policy.
        allowed: Seconds,
    },
    /// `created` is beyond [`Policy::max_ahead`](super::Policy::max_ahead).
    #[error("created lies {} s ahead, and {allowed} s are allowed; correct the clock of the sender", .ahead.0)]
    InTheFuture {
        /// Until `created`.
        ahead: Seconds,
        /// By the policy.
        allowed: Seconds,
    },
    /// `expires` has passed.
    #[error("the signature has expired")]
    Expired,
    /// The request target is not in origin form (RFC 9112 §3.2.1).
    #[error("the request target is not a path with an optional query, in the characters that RFC 3986 allows")]
    Target,
    /// `Host` names somebody else (RFC 9110 §7.2); see [`HostField`](super::HostField).
    #[error(
        "the Host field names another authority than the public URL of this API; sign and send that of the public URL"
    )]
    Authority,
    /// No such key, or one that may not sign: alike, so that nobody learns which keys there are.
    #[error("no such key, or it may not sign")]
    UnknownKey,
    /// Another request, or another key. What the API computed goes to its log.
    #[error(
        "the signature does not fit the request and the key; compare your signature base with that in the log of the API"
    )]
    Mismatch(LoggedBase),
    /// `Content-Digest` has no algorithm that counts (RFC 9530 §5).
    #[error("Content-Digest has neither sha-256 nor sha-512 (RFC 9530 §5)")]
    NoDigest,
    /// Another body than the one that was signed.
    #[error("Content-Digest does not fit the body; hash the octets that are sent, after any content coding")]
    Digest,
    /// The nonce was used before (RFC 9421 §7.2.2).
    #[error("the nonce was used before; draw a new one for each request")]
    Replayed,
    /// Nobody can tell whether the nonce was used before. The reason is for the log.
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
    /// RFC 9421 §4.1.
    SignatureInput,
    /// RFC 9421 §4.2.
    Signature,
    /// RFC 9530 §2.
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

    /// To which kind of answer it leads.
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
