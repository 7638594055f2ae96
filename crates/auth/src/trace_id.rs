//! The identifier of one request: in its answer, on its error page and in every line of the log about it.

use std::fmt;

use actix_web::dev::ServiceRequest;
use actix_web::{HttpMessage as _, HttpRequest};

use crate::random;

/// 32 hexadecimal digits.
#[derive(Clone, Debug)]
pub(crate) struct TraceId(String);

impl TraceId {
    /// Makes one for a request that has just arrived.
    pub(crate) fn begin(request: &ServiceRequest) -> Self {
        let trace = Self(random::trace_id());
        request.extensions_mut().insert(trace.clone());
        trace
    }

    /// The identifier of this request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_else(|| Self(random::trace_id()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
