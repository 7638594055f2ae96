//! Back into an account: by a link to its proven address, by a recovery code, by a link that an administrator hands over.
//!
//! | | |
//! |---|---|
//! | `/recover` (`begin.rs`) | a name; always the same answer |
//! | `/recover/code` (`code.rs`) | a name and a recovery code, which becomes a link |
//! | `/recover/{token}` (`link.rs`) | the new password |
//!
//! Each way replaces the password and nothing else: whoever has a second factor is asked for it at the next sign-in.

pub(crate) mod begin;
pub(crate) mod code;
pub(crate) mod link;
mod seeker;

pub(crate) const SENT: &str = "/recover/sent";
pub(crate) const CODE: &str = "/recover/code";
pub(crate) const DONE: &str = "/recover/done";
