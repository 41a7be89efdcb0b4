//! Pages that change a flow: each first shows what would happen, and a button does that. The use cases are those of the
//! API, with its own rehearsals; no rule is decided here.

mod conflict;
pub mod create;
pub mod done;
mod example;
mod proposal;
mod send;
mod shown;
mod unknown;

use axum::routing::{MethodRouter, get};

use super::of_flow::OfFlow;
use crate::console::failure::{PageFailure, PageResult};
use crate::console::form::{AddressParameters, Change, FormFields};
use crate::console::session::Session;
use crate::console::state::Console;
use crate::console::texts::change::ChangeTexts;
use crate::registry::caller::Scope;

/// What may be done with a flow on a page of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Restore,
    Publish,
    Unpublish,
    Pause,
    Resume,
    Duplicate,
    Delete,
}

impl Action {
    pub const ALL: [Self; 7] = [
        Self::Restore,
        Self::Publish,
        Self::Unpublish,
        Self::Pause,
        Self::Resume,
        Self::Duplicate,
        Self::Delete,
    ];

    /// As the path has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restore => "restore",
            Self::Publish => "publish",
            Self::Unpublish => "unpublish",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Duplicate => "duplicate",
            Self::Delete => "delete",
        }
    }

    /// Every scope that is needed: to see what the page shows, and to do it.
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Restore => &[Scope::FlowsRead, Scope::FlowsRestore],
            Self::Publish | Self::Unpublish => &[Scope::FlowsRead, Scope::FlowsPublish],
            Self::Pause | Self::Resume => &[Scope::FlowsRead, Scope::FlowsWrite, Scope::FlowsPublish],
            Self::Duplicate | Self::Delete => &[Scope::FlowsRead, Scope::FlowsWrite],
        }
    }

    /// What the button is called.
    const fn word(self, t: &ChangeTexts) -> &'static str {
        match self {
            Self::Restore => t.restore_draft,
            Self::Publish => t.publish,
            Self::Unpublish => t.unpublish,
            Self::Pause => t.pause,
            Self::Resume => t.resume,
            Self::Duplicate => t.duplicate,
            Self::Delete => t.delete,
        }
    }

    fn check(self, session: &Session) -> Result<(), PageFailure> {
        self.scopes().iter().try_for_each(|scope| session.needs(*scope))
    }
}

/// The page of an action, and its form.
pub fn routes(action: Action) -> MethodRouter<Console> {
    let show = async move |session: Session,
                           flow: OfFlow,
                           AddressParameters(fields): AddressParameters|
                -> PageResult { shown::asked(&session, action, flow.0, &fields).await };
    let send =
        async move |flow: OfFlow, change: Change| -> PageResult { send::send(action, flow.0, &change).await };
    get(show).post(send)
}

/// The version that a restore is from, as an address and a form name it.
fn source(fields: &FormFields, name: &'static str) -> Result<i64, PageFailure> {
    fields.get(name).parse().ok().filter(|version| *version > 0).ok_or(PageFailure::BadRequest(name))
}
