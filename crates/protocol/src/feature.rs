//! What an installation switches on or leaves off beside response types, which have a list of their own. Discovery announces by
//! it, registration and request objects are checked by it.

/// Parts of OpenID Connect that an installation may switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Dynamic client registration (RFC 7591).
    Registration,
    /// Request objects by reference (OpenID Connect Core §6.2).
    RequestUri,
    /// Request objects with the algorithm `none` (OpenID Connect Core §6.1).
    UnsignedRequestObjects,
    /// ID tokens with the algorithm `none` (OpenID Connect Core §2).
    UnsignedIdTokens,
    FrontchannelLogout,
    /// People sign up by themselves (Initiating User Registration via OpenID Connect).
    SignUp,
}
