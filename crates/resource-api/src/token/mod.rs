//! Access tokens that are JWTs: whose are accepted, with which keys, and what they say (RFC 9068).
//!
//! Opaque ones are read by their issuer, in `introspection`; whether their sender may have them is asked in `binding`.

pub(crate) mod claims;
pub(crate) mod headers;
pub(crate) mod issuers;
pub(crate) mod jwks_cache;
pub(crate) mod outbound;
pub(crate) mod validator;
