//! `handoff` and `end`: the run is over.

use crate::flow::document::Template;

/// Hands the conversation to people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handoff {
    pub queue: Option<Template>,
    pub text: Option<Template>,
    /// For whoever takes over; not sent.
    pub note: Option<Template>,
    pub priority: Priority,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Priority {
    Low,
    #[default]
    Normal,
    High,
}

impl Priority {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Literal; `completed` unless the author says otherwise.
    pub outcome: String,
    /// A farewell.
    pub text: Option<Template>,
}

impl Default for End {
    fn default() -> Self {
        Self { outcome: "completed".to_owned(), text: None }
    }
}
