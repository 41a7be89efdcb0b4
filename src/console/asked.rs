//! What was asked for, for a page that says why it is not shown.

use axum::http::Method;
use axum::http::request::Parts;

use super::session::RequestCircumstances;

/// What of a request a page about its failure needs.
#[derive(Debug)]
pub struct AskedPage {
    pub parts: Parts,
    pub circumstances: RequestCircumstances,
}

impl AskedPage {
    pub fn of(parts: &Parts) -> Self {
        Self { parts: parts.clone(), circumstances: RequestCircumstances::of(parts) }
    }

    pub fn is_get(&self) -> bool {
        matches!(self.parts.method, Method::GET | Method::HEAD)
    }

    /// The path with its parameters.
    pub fn path(&self) -> String {
        let uri = &self.parts.uri;
        uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string)
    }
}
