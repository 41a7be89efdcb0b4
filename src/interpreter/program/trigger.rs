//! What starts a flow, and what its interrupts hear: keywords held against folded text, patterns against what was typed.

use super::Compiler;
use crate::flow::document::{self, MatchMode, TriggerType};
use crate::flow::text::{fold, spaced};
use crate::interpreter::error::StepError;
use crate::interpreter::expression::{CompiledExpression, Fuel, Pattern, Uncompilable, has_words};
use crate::interpreter::value::{self, Value};

/// Keywords, prepared for how they are matched.
#[derive(Debug)]
pub struct CompiledKeywords {
    keywords: Vec<(Box<str>, Matcher)>,
}

#[derive(Debug)]
enum Matcher {
    Exact(String),
    StartsWith(String),
    Contains(String),
    Word(String),
    Regex(Pattern),
}

impl CompiledKeywords {
    pub fn compile(keywords: &[String], mode: MatchMode, pointer: &str) -> Result<Self, Uncompilable> {
        let matcher = |(index, keyword): (usize, &String)| {
            let matcher = match mode {
                MatchMode::Exact => Matcher::Exact(fold(keyword)),
                MatchMode::StartsWith => Matcher::StartsWith(fold(keyword)),
                MatchMode::Contains => Matcher::Contains(fold(keyword)),
                MatchMode::Word => Matcher::Word(spaced(keyword)),
                MatchMode::Regex => {
                    Matcher::Regex(Pattern::caseless(keyword).map_err(|error| Uncompilable {
                        pointer: format!("{pointer}/{index}"),
                        message: error.to_string(),
                        position: None,
                    })?)
                }
            };
            Ok((keyword.as_str().into(), matcher))
        };
        Ok(Self { keywords: keywords.iter().enumerate().map(matcher).collect::<Result<_, _>>()? })
    }

    pub fn is_empty(&self) -> bool {
        self.keywords.is_empty()
    }

    /// The first keyword that a text matches. Patterns burn fuel.
    pub fn keyword(&self, said: &Said, fuel: &mut Fuel) -> Result<Option<&str>, StepError> {
        for (keyword, matcher) in &self.keywords {
            if matcher.hears(said, fuel)? {
                return Ok(Some(keyword));
            }
        }
        Ok(None)
    }
}

impl Matcher {
    fn hears(&self, said: &Said, fuel: &mut Fuel) -> Result<bool, StepError> {
        Ok(match self {
            // A keyword that shows nothing is in every text, and means none.
            Self::Exact(keyword) | Self::StartsWith(keyword) | Self::Contains(keyword)
                if keyword.is_empty() =>
            {
                false
            }
            Self::Exact(keyword) => said.folded == *keyword,
            Self::StartsWith(keyword) => said.folded.starts_with(&**keyword),
            Self::Contains(keyword) => said.folded.contains(&**keyword),
            Self::Word(keyword) => has_words(&said.words, keyword),
            Self::Regex(pattern) => pattern.is_match_typed(&said.written, fuel)?,
        })
    }
}

/// A text in the forms that keywords are held against.
#[derive(Debug)]
pub struct Said {
    folded: String,
    words: String,
    written: String,
}

impl Said {
    pub fn new(text: &str) -> Self {
        Self { folded: fold(text), words: spaced(text), written: text.to_owned() }
    }
}

/// The compiled trigger.
#[derive(Debug)]
pub struct CompiledTrigger {
    kind: TriggerType,
    heard: CompiledKeywords,
    pub when: Option<CompiledExpression>,
}

/// What a start carries.
#[derive(Debug, Clone, Copy)]
pub enum Started<'a> {
    Message { text: Option<&'a str>, intent: Option<&'a str>, payload: &'a Value },
    Event { event: &'a str },
}

/// Whether a start is one of this trigger's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match<'p> {
    No,
    Yes { keyword: Option<&'p str> },
}

impl CompiledTrigger {
    /// A trigger and its further ones, in their order.
    pub fn compile_each(
        trigger: &document::Trigger,
        compiler: &Compiler<'_>,
    ) -> Result<Vec<Self>, Uncompilable> {
        trigger.each().map(|(place, trigger)| Self::compile(trigger, &place, compiler)).collect()
    }

    fn compile(
        trigger: &document::Trigger,
        place: &str,
        compiler: &Compiler<'_>,
    ) -> Result<Self, Uncompilable> {
        let heard = match &trigger.kind {
            TriggerType::Keyword { keywords, match_mode } => {
                CompiledKeywords::compile(keywords, *match_mode, &format!("{place}/keywords"))?
            }
            _ => CompiledKeywords { keywords: Vec::new() },
        };
        let when = trigger.when.as_ref();
        let when = when.map(|when| compiler.expression(when, format!("{place}/when"))).transpose()?;
        Ok(Self { kind: trigger.kind.clone(), heard, when })
    }

    /// Holds a start against the trigger's type; its `when` is another matter.
    pub fn matches(&self, started: Started<'_>, fuel: &mut Fuel) -> Result<Match<'_>, StepError> {
        let yes = |matched: bool| if matched { Match::Yes { keyword: None } } else { Match::No };
        Ok(match (&self.kind, started) {
            (TriggerType::Keyword { .. }, Started::Message { text: Some(text), .. }) => {
                match self.heard.keyword(&Said::new(text), fuel)? {
                    Some(keyword) => Match::Yes { keyword: Some(keyword) },
                    None => Match::No,
                }
            }
            (TriggerType::Intent { intents }, Started::Message { intent: Some(intent), .. }) => {
                yes(intents.iter().any(|known| known == intent))
            }
            // Whether a rule of the platform fired is not for the flow to say.
            (TriggerType::AnyMessage | TriggerType::AutoReply { .. }, Started::Message { .. }) => yes(true),
            (TriggerType::Event { event: Some(wanted) }, Started::Event { event }) => yes(wanted == event),
            (TriggerType::Referral { sources }, Started::Message { payload, .. }) => {
                yes(sources.is_empty() || sources.iter().any(|source| refers_to(payload, source)))
            }
            _ => Match::No,
        })
    }
}

/// Whether a click-to-WhatsApp payload names this advertisement or post.
fn refers_to(payload: &Value, source: &str) -> bool {
    payload.as_str() == Some(source)
        || ["source", "sourceId", "id"]
            .iter()
            .any(|name| value::member(payload, name).as_str() == Some(source))
}
