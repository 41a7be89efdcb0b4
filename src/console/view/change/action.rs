//! What may be done with a flow on a page of its own, and who may.

use crate::console::failure::PageFailure;
use crate::console::form::FormFields;
use crate::console::session::Session;
use crate::console::texts::change::ChangeTexts;
use crate::registry::caller::Scope;

/// What may be done with a flow on a page of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeAction {
    Restore,
    Publish,
    Unpublish,
    Pause,
    Resume,
    Duplicate,
    Delete,
}

impl ChangeAction {
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
    pub const fn word(self, t: &ChangeTexts) -> &'static str {
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

    /// Refuses who may not.
    pub fn check(self, session: &Session) -> Result<(), PageFailure> {
        self.scopes().iter().try_for_each(|scope| session.needs(*scope))
    }
}

/// The version that a restore is from, as an address and a form name it.
pub fn source(fields: &FormFields, name: &'static str) -> Result<i64, PageFailure> {
    fields.get(name).parse().ok().filter(|version| *version > 0).ok_or(PageFailure::BadRequest(name))
}
