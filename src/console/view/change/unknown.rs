//! A change of which nobody knows whether it was made. The same form sent once more finds out, because it has the same
//! value that lets it be carried out once.

use askama::Template;
use axum::http::StatusCode;

use crate::console::failure::PageResult;
use crate::console::form::FormFields;
use crate::console::page::PageFrame;
use crate::console::part;
use crate::console::session::Session;
use crate::console::texts::change::{ChangeTexts, EN, ES};
use crate::registry::{RegistryError, StoreError};

#[derive(Template)]
#[template(path = "unknown.html")]
struct UnknownPage<'p> {
    page: PageFrame,
    t: &'static ChangeTexts,
    fields: Vec<(&'p str, &'p str)>,
    /// Where it can be seen what was done.
    look: &'p str,
}

pub fn is_unknown(error: &RegistryError) -> bool {
    matches!(error, RegistryError::OutcomeUnknown(_) | RegistryError::Store(StoreError::OutcomeUnknown(_)))
}

/// The page, which asks the database nothing: it may not answer.
pub fn show(session: &Session, look: &str, fields: &FormFields) -> PageResult {
    tracing::warn!("the outcome of a change is not known");
    let t = session.texts(&ES, &EN);
    let page = PageFrame::new(session, t.unknown_title);
    let view = UnknownPage { page, t, fields: fields.iter().collect(), look };
    part::page_with(StatusCode::SERVICE_UNAVAILABLE, &view)
}
