//! What is laid over a picture: findings, who changed each step last, or what differs from another version.

use super::change::DrawnChange;
use super::words::PictureWords;
use crate::flow::document::Canonical;

/// One layer.
#[derive(Debug, Clone, Copy)]
pub enum Layer<'r> {
    Plain,
    /// How many findings steps have.
    Findings(&'r [StepFaults]),
    Blame(&'r [BlamedBox]),
    /// What differs from an earlier version; both are drawn as one.
    Diff {
        before: &'r Canonical,
    },
}

/// How many findings a step has, or what is in no step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepFaults {
    pub step: Option<String>,
    pub errors: usize,
    pub warnings: usize,
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

    pub(super) fn badges(&self, step: &str, change: DrawnChange, words: &PictureWords) -> Vec<Badge> {
        match self {
            Self::Plain => Vec::new(),
            Self::Findings(faults) => {
                let own = faults.iter().filter(|faults| faults.step.as_deref() == Some(step));
                let (errors, warnings) = sum(own);
                let badge =
                    |count: usize, (class, sign): (&'static str, &str), words: fn(usize) -> String| {
                        let badge =
                            Badge { class, sign: format!("{sign} {count}"), words: words(count), link: None };
                        (count > 0).then_some(badge)
                    };
                let errors = badge(errors, ERROR, words.errors);
                errors.into_iter().chain(badge(warnings, WARNING, words.warnings)).collect()
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
                (change != DrawnChange::Same).then_some(badge).into_iter().collect()
            }
        }
    }

    pub(super) fn legend(&self, words: &PictureWords) -> Vec<LegendEntry> {
        let entry = |(class, sign), words: String| LegendEntry { class, sign, words };
        match self {
            Self::Plain => Vec::new(),
            Self::Findings(faults) => {
                let (errors, warnings) = sum(faults.iter());
                vec![entry(ERROR, (words.errors)(errors)), entry(WARNING, (words.warnings)(warnings))]
            }
            Self::Blame(_) => AGES
                .into_iter()
                .zip(words.ages)
                .map(|(class, age)| entry((class, ""), age.to_owned()))
                .collect(),
            Self::Diff { .. } => [DrawnChange::Added, DrawnChange::Removed, DrawnChange::Changed]
                .map(|change| entry(change.sign(), change.words(words).to_owned()))
                .into(),
        }
    }
}

/// Errors and warnings.
fn sum<'f>(faults: impl Iterator<Item = &'f StepFaults>) -> (usize, usize) {
    faults.fold((0, 0), |(errors, warnings), faults| (errors + faults.errors, warnings + faults.warnings))
}
