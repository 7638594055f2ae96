//! How answers leave: refusals and their challenges, problem documents, CORS, the trace id and log line of each request, and
//! the document about this API.

pub(crate) mod cors;
pub(crate) mod metadata;
pub(crate) mod problem;
#[cfg(feature = "metrics")]
mod reason;
pub(crate) mod refusal;
pub(crate) mod trace;
