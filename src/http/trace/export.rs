//! A request as a span for a collector of OpenTelemetry, named by the conventions for HTTP servers. It is apart from the
//! span that lines of the log stand in, and who writes the log leaves it out.

use axum::http::{HeaderMap, StatusCode};
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceContextExt as _, TraceFlags, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::parent::{TRACE_STATE, TraceId, TraceParent};

/// The target of these spans, and of nothing else.
pub const SPANS: &str = "flow_registry::spans";

pub(super) fn span(parent: Option<TraceParent>, headers: &HeaderMap, method: &str, route: &str) -> Span {
    let span = tracing::info_span!(
        target: SPANS,
        "request",
        otel.name = format_args!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
    );
    if let Some(TraceParent { trace_id, parent_id, flags }) = parent.filter(|_| !span.is_disabled()) {
        // A state that is wrong is as if it were not there, like a parent.
        let state = headers.get(TRACE_STATE).and_then(|state| state.to_str().ok()?.parse().ok());
        let (trace_id, parent_id) = (trace_id.0.into(), SpanId::from(parent_id));
        let flags = TraceFlags::new(flags);
        let parent = SpanContext::new(trace_id, parent_id, flags, true, state.unwrap_or(TraceState::NONE));
        let parent = opentelemetry::Context::new().with_remote_span_context(parent);
        // Refused only of a span that was begun, which this one was not.
        let _ = span.set_parent(parent);
    }
    span
}

/// Of the trace that the span belongs to; `None` where nothing is exported.
pub(super) fn trace_id(span: &Span) -> Option<TraceId> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| TraceId(u128::from_be_bytes(context.trace_id().to_bytes())))
}

pub(super) fn end(span: &Span, status: StatusCode) {
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
}
