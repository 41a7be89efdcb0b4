//! The flow that the path of a page names.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use uuid::Uuid;

use crate::console::failure::{PageFailure, Sought};
use crate::console::state::Console;
use crate::flow::id::hyphenated;

/// The flow of a path.
#[derive(Debug, Clone, Copy)]
pub struct OfFlow(pub Uuid);

impl FromRequestParts<Console> for OfFlow {
    type Rejection = PageFailure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, PageFailure> {
        let not_found = PageFailure::NotFound(Sought::Flow);
        let Ok(named) = RawPathParams::from_request_parts(parts, console).await else {
            return Err(not_found);
        };
        let id = named.iter().find(|(name, _)| *name == "flowId").map(|(_, value)| value);
        id.and_then(hyphenated).map(Self).ok_or(not_found)
    }
}
