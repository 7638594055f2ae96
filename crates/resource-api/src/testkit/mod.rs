//! For tests of an API that this library protects: an issuer in the process of the test. No network, no waiting, no files.
//!
//! [`TestIssuer`] has keys, gives settings that trust it and makes tokens; [`Token`] says what is in a token, good or bad;
//! [`DpopKey`] makes the proofs that go with bound tokens (RFC 9449); [`FakeIntrospection`] answers for opaque tokens
//! (RFC 7662), on a loopback port, because asking over HTTP is what it stands for. With the feature `bff`, `check_session_store`
//! tests a store of sessions. Switched on by the feature `testkit`, as a dev-dependency:
//!
//! ```
//! use actix_web::{App, test};
//! use resource_api::testkit::{TestIssuer, Token};
//! use resource_api::{Caller, ResourceServer, Routes, get, require};
//!
//! async fn greet(caller: Caller) -> String {
//!     format!("Hello, {}", caller.subject())
//! }
//!
//! #[actix_web::main] // In a test: #[actix_web::test]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let issuer = TestIssuer::new();
//!     let routes = Routes::new().add(get("/greeting", greet).guard(require("greeting:read")));
//!     let server = ResourceServer::new(issuer.settings("https://api.example"), routes)?;
//!     let app = test::init_service(App::new().configure(|app| server.configure(app))).await;
//!     let ask = |token: &Token| {
//!         let header = ("Authorization", format!("Bearer {}", token.sign()));
//!         test::call_service(&app, test::TestRequest::get().uri("/greeting").insert_header(header).to_request())
//!     };
//!     let good = issuer.token().sub("alice").scope("greeting:read");
//!     assert_eq!(test::read_body(ask(&good).await).await, "Hello, alice");
//!     assert_eq!(ask(&good.clone().scope("other:read")).await.status(), 403);
//!     assert_eq!(ask(&good.clone().expired()).await.status(), 401);
//!     assert_eq!(ask(&good.signed_by(issuer.other_key())).await.status(), 401);
//!     Ok(())
//! }
//! ```

mod dpop;
mod draft;
mod introspection;
mod issuer;
#[cfg(feature = "bff")]
pub(crate) mod session_store;
mod token;

pub use dpop::{DpopKey, Proof};
pub use introspection::{Asked, FakeIntrospection};
pub use issuer::{TestIssuer, TestKey};
pub use protocol::signing::SigningAlgorithm;
/// For claims and for what a fake introspection endpoint says.
pub use serde_json::{Value, json};
#[cfg(feature = "bff")]
pub use session_store::check_session_store;
pub use token::Token;

/// Seconds since 1970, as the API under test reads them.
pub fn now() -> i64 {
    crate::clock::now().0
}

#[cfg(test)]
mod tests;
