//! The rules of OAuth 2.0 and OpenID Connect as pure functions from values to values.

pub mod audience;
pub mod authorize;
pub mod claims;
pub mod client;
pub mod client_auth;
pub mod error;
pub mod grant;
pub mod ids;
pub mod issuer;
pub mod logout;
pub mod metadata;
pub mod params;
pub mod pkce;
pub mod redirect_uri;
pub mod registration;
pub mod scope;
pub mod secret;
pub mod signing;
pub mod time;
pub mod user;
