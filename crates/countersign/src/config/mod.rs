//! Where the settings come from: one TOML file, then the environment. What they mean is in `auth::config`.
//!
//! Strict on purpose: an unknown key, a wrong type or an unreadable secret stops the program, and everything that is wrong is
//! told at once, each with its place and a way out.

pub mod environment;
pub mod explain;
mod known;
pub mod load;
mod tree;

pub use self::environment::Environment;
pub use self::explain::{Complaint, Complaints, Place};
pub use self::load::{Loaded, Origin, load};
