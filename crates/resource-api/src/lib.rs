#![doc = include_str!("../README.md")]
//!
//! ## In this reference
//!
//! Begin with [`Settings`], [`Routes`] and its guards ([`public`], [`optional`], [`authenticated`], [`require`], [`in_handler`]),
//! [`ResourceServer`] and [`Caller`]; errors of handlers are a [`Problem`]. [`TrustedIssuer`] and [`ClaimShape`] are about other
//! providers, [`signature`] about signed requests and clients that make them, [`certificate`] about TLS that asks clients for one,
//! [`replay`] about a store of used proofs that several processes share.
#![warn(missing_docs)]

// Which room answers what. A request passes `answer/trace.rs` (trace id, CORS, log line), `access/routes.rs` (which guard stands before this
// handler), `credential/` (exactly one credential), the room of its kind (`token/` for JWTs), and only then reaches the handler, with a
// `Caller`. Nothing here knows our server or its database.
//
// config, resource_server   what an operator decides; all of it as one value
// environment, variables    the same from environment variables
// http                      the one HTTP client, its limits, and which addresses it may ask
// meter                     what is counted and timed, behind the feature `metrics`
// access                    which handler answers, what its guards demand, who the `Caller` is
// credential                headers → exactly one credential; opaque tokens, API keys and Basic
// token                     JWTs: whose they are, with which keys, what they say
// introspection             how the issuer is asked
// binding                   who has the key that a token is bound to; what counts only once
// signature                 signed requests (RFC 9421)
// bff                       sessions by cookie, behind the feature `bff`
// answer                    refusals, errors, trace ids, CORS, and the document about this API (RFC 9728)
// testkit                   an issuer in this process, for tests of APIs, behind the feature `testkit`
// service                   an example service, behind the feature `service`

mod access;
mod answer;
#[cfg(feature = "bff")]
pub mod bff;
mod binding;
mod clock;
mod config;
mod credential;
mod environment;
mod http;
pub mod introspection;
mod meter;
mod resource_server;
#[cfg(feature = "service")]
#[allow(missing_docs, reason = "a program to read, public for its binary and its tests")]
pub mod service;
pub mod signature;
#[cfg(feature = "testkit")]
pub mod testkit;
mod token;
mod variables;

pub use access::caller::{Caller, Claims, CredentialKind, Identity};
pub use access::guard::{Guard, IntoDemand, all_of, any_of, authenticated, in_handler, optional, public, require};
pub use access::routes::{Line, Routes, delete, get, line, patch, post, put};
pub use answer::problem::Problem;
pub use answer::trace::layer;
pub use binding::dpop::{DpopConfig, NonceMode};
pub use binding::{certificate, dpop, replay};
pub use config::{Fault, Introspection, JwksConfig, Settings};
pub use environment::EnvironmentError;
pub use http::ClientError;
// Types of our other crates that stand in signatures here: nobody has to depend on those.
pub use jwt::jwks::JwksError;
pub use jwt::key::SigningKey;
pub use protocol::api_key::ApiKeyId;
pub use protocol::issuer::{InvalidIssuer, Issuer};
pub use protocol::network::{InvalidNetwork, IpNetwork};
pub use protocol::permission::{InvalidPermission, Permission, Reach};
pub use protocol::secret::{Secret, SecretString};
pub use protocol::signing::SigningAlgorithm;
pub use protocol::time::{Seconds, Timestamp};
pub use resource_server::{KeepFresh, ResourceServer, StartError};
/// A claim, as [`ClaimShape::Custom`] reads it.
pub use serde_json::Value;
pub use token::issuers::{ClaimShape, Mapped, TrustedIssuer};
