//! What is laid over a picture: findings, who changed each step last, or what differs from another version.

use super::change::Change;
use super::words::PictureWords;
use crate::flow::document::Canonical;
use crate::flow::finding::{Finding, Severity};

/// One layer.
#[derive(Debug, Clone, Copy)]
pub enum Layer<'r> {
    Plain,
    Findings(&'r [Finding]),
    Blame(&'r [BlamedBox]),
    /// What differs from an earlier version; both are drawn as one.
    Diff {
        before: &'r Canonical,
    },
}

/// Who changed a step last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlamedBox {
    pub step: String,
    /// At most three letters.
    pub initials: String,
    /// An index of `PictureWords::ages`: 0 for what is new.
    pub age: usize,
    /// Who, when and why, as a sentence.
    pub words: String,
    /// The address of the event.
    pub link: Option<String>,
}

/// A sign of a layer, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegendEntry {
    /// The class that boxes and badges with the sign have.
    pub class: &'static str,
    pub sign: &'static str,
    pub words: String,
}

/// What a layer puts on a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Badge {
    pub class: &'static str,
    pub sign: String,
    pub words: String,
    pub link: Option<String>,
}

const ERROR: (&str, &str) = ("error", "✕");
const WARNING: (&str, &str) = ("warning", "!");
const AGES: [&str; 5] = ["age-0", "age-1", "age-2", "age-3", "age-4"];

impl Layer<'_> {
    /// The class of the picture as a whole.
    pub(super) fn class(&self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Findings(_) => "layer-findings",
            Self::Blame(_) => "layer-blame",
            Self::Diff { .. } => "layer-diff",
        }
    }

    pub(super) fn badges(&self, step: &str, change: Change, words: &PictureWords) -> Vec<Badge> {
        match self {
            Self::Plain => Vec::new(),
            Self::Findings(findings) => {
                let of = |severity| {
                    let found = findings.iter().filter(|finding| finding.step_id.as_deref() == Some(step));
                    found.filter(|finding| finding.severity == severity).count()
                };
                let badge =
                    |count: usize, (class, sign): (&'static str, &str), words: fn(usize) -> String| {
                        let badge =
                            Badge { class, sign: format!("{sign} {count}"), words: words(count), link: None };
                        (count > 0).then_some(badge)
                    };
                let errors = badge(of(Severity::Error), ERROR, words.errors);
                errors.into_iter().chain(badge(of(Severity::Warning), WARNING, words.warnings)).collect()
            }
            Self::Blame(blamed) => {
                let blamed = blamed.iter().filter(|blamed| blamed.step == step);
                let badge = |blamed: &BlamedBox| Badge {
                    class: AGES[blamed.age.min(AGES.len() - 1)],
                    sign: blamed.initials.chars().take(3).collect(),
                    words: blamed.words.clone(),
                    link: blamed.link.clone(),
                };
                blamed.take(1).map(badge).collect()
            }
            Self::Diff { .. } => {
                let (class, sign) = change.sign();
                let words = change.words(words).to_owned();
                let badge = Badge { class, sign: sign.to_owned(), words, link: None };
                (change != Change::Same).then_some(badge).into_iter().collect()
            }
        }
    }

    pub(super) fn legend(&self, words: &PictureWords) -> Vec<LegendEntry> {
        let entry = |(class, sign), words: String| LegendEntry { class, sign, words };
        match self {
            Self::Plain => Vec::new(),
            Self::Findings(findings) => {
                let errors = findings.iter().filter(|finding| finding.is_error()).count();
                vec![
                    entry(ERROR, (words.errors)(errors)),
                    entry(WARNING, (words.warnings)(findings.len() - errors)),
                ]
            }
            Self::Blame(_) => AGES
                .into_iter()
                .zip(words.ages)
                .map(|(class, age)| entry((class, ""), age.to_owned()))
                .collect(),
            Self::Diff { .. } => [Change::Added, Change::Removed, Change::Changed]
                .map(|change| entry(change.sign(), change.words(words).to_owned()))
                .into(),
        }
    }
}
