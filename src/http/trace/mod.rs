//! The trace that a request belongs to, as its caller says it: its id stands in every line of the log that the request
//! leads to. With the feature `otlp` a request is a span of that trace too.

#[cfg(feature = "otlp")]
mod export;
mod parent;

use axum::http::{HeaderMap, StatusCode};

#[cfg(feature = "otlp")]
pub use export::SPANS;
pub use parent::{TRACE_PARENT, TRACE_STATE};
use parent::{TraceId, TraceParent};

/// The part that a request has in its trace, from its beginning to its end.
#[derive(Debug)]
pub struct RequestTrace {
    id: Option<TraceId>,
    #[cfg(feature = "otlp")]
    span: tracing::Span,
}

impl RequestTrace {
    /// `method` and `route` are those of the numbers: few of them, whatever clients send.
    #[cfg_attr(not(feature = "otlp"), allow(unused_variables, reason = "what an exported span says"))]
    pub fn begin(headers: &HeaderMap, method: &str, route: &str) -> Self {
        let parent = TraceParent::read(headers);
        #[cfg(feature = "otlp")]
        let span = export::span(parent, headers, method, route);
        Self {
            #[cfg(not(feature = "otlp"))]
            id: parent.map(|parent| parent.trace_id),
            #[cfg(feature = "otlp")]
            id: export::trace_id(&span).or(parent.map(|parent| parent.trace_id)),
            #[cfg(feature = "otlp")]
            span,
        }
    }

    /// None where the caller names no trace, and no span is exported.
    pub fn id(&self) -> Option<TraceId> {
        self.id
    }

    #[cfg_attr(not(feature = "otlp"), allow(unused_variables, reason = "what an exported span says"))]
    pub fn end(self, status: StatusCode) {
        #[cfg(feature = "otlp")]
        export::end(&self.span, status);
    }
}
