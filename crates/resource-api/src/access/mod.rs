//! Who may reach which handler: the route table with its guards, and the way from a request to a [`caller::Caller`].
//!
//! What kinds of credentials there are and what each one proves is said in `credential`, `token` and `binding`.

pub(crate) mod authenticate;
pub(crate) mod caller;
pub(crate) mod enough;
pub(crate) mod guard;
pub(crate) mod routes;
