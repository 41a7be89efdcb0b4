//! Limits of this service that documents and runs are both held to.

/// Flows that call each other, one inside the other, at most.
pub const CALL_DEPTH_MAX: usize = 5;
/// Bytes of the body of an HTTP request, as it is written and as it is sent.
pub const HTTP_BODY_BYTES_MAX: usize = 64 * 1024;
