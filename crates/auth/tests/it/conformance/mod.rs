//! What the conformance suite of the OpenID Foundation sends and demands, one test per module, named after it: `oidcc-prompt-login`
//! is `prompt_login`. The suite itself cannot run in continuous integration; these tests do the same over https, in its words:
//! clients register themselves, the browser begins with an empty cookie jar, times pass on the clock of the server.
//! `docs/conformance/modules.md` has the table of modules.
//!
//! `suite.rs`, `client.rs` and `keys.rs` are the suite's machinery, `checks.rs` what it checks of every answer.

mod basic;
mod checks;
mod claims;
mod client;
mod code;
mod discovery;
mod keys;
mod logout;
mod prompts;
mod redirect_uris;
mod registration;
mod request_objects;
mod suite;
