//! Interrupts: commands that are heard while a step waits.

use super::edge::Target;
use super::reader::Cursor;
use super::schema::part::{Field, Leads, ObjectType, Part};
use super::source::Expression;
use super::trigger::{INTENTS, KEYWORDS, MatchMode, keywords};

/// Commands that are heard while a step waits.
pub(super) const INTERRUPTS: Part = Part::list(
    &Part::Object(&ObjectType {
        name: "Interrupt",
        docs: "A command that is heard while a step waits. It needs one of `keywords`, `intents` and `when`.",
        fields: &[
            Field::optional("keywords", KEYWORDS, "The texts that are heard."),
            Field::optional(
                "matchMode",
                Part::OneOf(MatchMode::WRITTEN),
                "How they are compared; `EXACT` when absent.",
            ),
            Field::optional("intents", INTENTS, "The intents that are heard."),
            Field::optional("when", Part::Expression, "What must hold as well."),
            Field::required("next", Part::Target(Leads::Elsewhere), "Where the run goes."),
        ],
    }),
    0,
    20,
);

/// A command that is heard at every wait. It applies when a keyword or an intent matches
/// (or when none is listed) and `when`, if given, holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interrupt {
    pub keywords: Vec<String>,
    pub match_mode: MatchMode,
    pub intents: Vec<String>,
    pub when: Option<Expression>,
    pub next: Target,
}

impl Interrupt {
    pub(super) fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        let match_mode = o.or_default("matchMode", |mode| mode.one_of(MatchMode::NAMES));
        if o.which(&["keywords", "intents", "when"]).is_empty() {
            o.missing("keywords", "is missing, and so are \"intents\" and \"when\"");
        }
        Self {
            keywords: o.or_default("keywords", |list| keywords(list, match_mode)),
            match_mode,
            intents: o.or_default("intents", |list| list.list(Cursor::text)),
            when: o.optional("when", Cursor::text),
            next: o.need("next", Cursor::target),
        }
    }
}
