//! Protects a REST API: whoever calls it proves who they are and what they may do, in one of several ways.
//!
//! Two settings bring it to life in any actix-web service, the issuer and the audience; it works with every issuer of access
//! tokens. A request passes `trace.rs` (trace id, CORS, log line), `routes.rs` (which guard stands before this handler),
//! `credential.rs` (exactly one credential), the file of its kind (`validator.rs` for JWTs), and only then reaches the
//! handler, with a [`Caller`]. Nothing here knows our server or its database.
//!
//! | file | what it answers |
//! |---|---|
//! | `config`, `issuers` | what an operator decides; whose tokens are accepted, and how their issuers write them |
//! | `resource_server` | all of it as one value |
//! | `routes`, `guard` | which handler answers, and what it demands |
//! | `credential`, `authenticate`, `caller` | headers → one credential → somebody |
//! | `validator`, `claims`, `jwks_cache`, `outbound` | JWTs; what they say; the issuers' keys; how they are fetched |
//! | `binding`, `dpop`, `certificate`, `replay` | who has the key that a token is bound to; what counts only once |
//! | `opaque`, `introspection` | opaque tokens and API keys; how the issuer is asked |
//! | `basic`, `signature` | user name and API key (RFC 7617); signed requests (RFC 9421) |
//! | `session`, `bff` | sessions by cookie, behind the feature `bff` |
//! | `refusal`, `problem`, `trace`, `cors` | how refusals and errors leave |
//! | `metadata` | the document about this API (RFC 9728) |
//! | `testkit` | an issuer in this process, for tests of APIs, behind the feature `testkit` |
//! | `service` | an example service, behind the feature `service` |

mod authenticate;
pub mod basic;
#[cfg(feature = "bff")]
pub mod bff;
mod binding;
mod caller;
pub mod certificate;
mod claims;
mod clock;
mod config;
mod cors;
mod credential;
pub mod dpop;
mod guard;
pub mod introspection;
mod issuers;
mod jwks_cache;
mod metadata;
mod opaque;
mod outbound;
mod peer;
mod problem;
mod refusal;
pub mod replay;
mod resource_server;
mod routes;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "bff")]
mod session;
pub mod signature;
mod signed_body;
#[cfg(feature = "testkit")]
pub mod testkit;
mod trace;
mod validator;

pub use caller::{Caller, Claims, CredentialKind, Identity};
pub use config::{EnvironmentError, Fault, Introspection, JwksConfig, Settings};
pub use guard::{Guard, IntoDemand, all_of, any_of, authenticated, in_handler, optional, public, require};
pub use issuers::{ClaimShape, TrustedIssuer};
pub use outbound::ClientError;
pub use problem::Problem;
pub use protocol::issuer::Issuer;
pub use protocol::permission::{Permission, Reach};
pub use resource_server::{KeepFresh, ResourceServer, StartError};
pub use routes::{Line, Routes, delete, get, line, patch, post, put};
pub use trace::layer;
