//! What starts a flow.

use super::Expression;

/// The trigger: its type with the configuration keys that belong to the type. Keys that a client keeps
/// beside them live in the canonical value only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trigger {
    pub kind: TriggerType,
    /// Must hold as well for the flow to start.
    pub when: Option<Expression>,
}

/// In a draft the lists may be empty and the event absent; such a flow cannot be published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TriggerType {
    /// An API call or another flow.
    #[default]
    Manual,
    Keyword {
        keywords: Vec<String>,
        match_mode: MatchMode,
    },
    Intent {
        intents: Vec<String>,
    },
    AutoReply {
        auto_reply_id: Option<String>,
    },
    AnyMessage,
    Event {
        event: Option<String>,
    },
    /// Click-to-WhatsApp; any advertisement when `sources` is empty.
    Referral {
        sources: Vec<String>,
    },
}

impl TriggerType {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Manual => "MANUAL",
            Self::Keyword { .. } => "KEYWORD",
            Self::Intent { .. } => "INTENT",
            Self::AutoReply { .. } => "AUTO_REPLY",
            Self::AnyMessage => "ANY_MESSAGE",
            Self::Event { .. } => "EVENT",
            Self::Referral { .. } => "REFERRAL",
        }
    }
}

/// How a keyword is held against a folded text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum MatchMode {
    #[default]
    Exact,
    StartsWith,
    Contains,
    /// As a whole word, or whole words in a row.
    Word,
    /// Each keyword is a pattern.
    Regex,
}
