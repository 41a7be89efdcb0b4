//! Where steps lead: targets as authors write them, and the names of the exits.

use std::fmt;

/// Where an exit leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Target {
    /// `"$next"`: the following step of the array; after the last it is the end.
    #[default]
    Next,
    /// `"$end"`: the run completes.
    End,
    /// `"$resume"`: the step that waited when the last interrupt was heard.
    Resume,
    /// A step by its id, which need not exist in a draft.
    Step(String),
}

impl Target {
    /// Reads a target as it is written; the syntax of step ids is not checked here.
    pub fn parse(text: &str) -> Self {
        match text {
            "$next" => Self::Next,
            "$end" => Self::End,
            "$resume" => Self::Resume,
            id => Self::Step(id.to_owned()),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Next => "$next",
            Self::End => "$end",
            Self::Resume => "$resume",
            Self::Step(id) => id,
        }
    }

    pub fn step_id(&self) -> Option<&str> {
        match self {
            Self::Step(id) => Some(id),
            Self::Next | Self::End | Self::Resume => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An exit of a step. Its text form is what traces, coverage and graph handles call it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Edge {
    Option(String),
    Case(usize),
    Path(String),
    Else,
    Next,
    End,
    RetriesExhausted,
    Timeout,
    Status(String),
    Outcome(String),
    Empty,
    Skip,
    Error,
    Interrupt(usize),
}

impl Edge {
    /// Reads the text form; `None` for what is no edge name.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = match text {
            "else" => Self::Else,
            "next" => Self::Next,
            "end" => Self::End,
            "retries_exhausted" => Self::RetriesExhausted,
            "timeout" => Self::Timeout,
            "empty" => Self::Empty,
            "skip" => Self::Skip,
            "error" => Self::Error,
            _ => {
                let (kind, name) = text.split_once(':')?;
                return match kind {
                    "option" => Some(Self::Option(name.to_owned())),
                    "case" => name.parse().ok().map(Self::Case),
                    "path" => Some(Self::Path(name.to_owned())),
                    "status" => Some(Self::Status(name.to_owned())),
                    "outcome" => Some(Self::Outcome(name.to_owned())),
                    "interrupt" => name.parse().ok().map(Self::Interrupt),
                    _ => None,
                };
            }
        };
        Some(plain)
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(id) => write!(f, "option:{id}"),
            Self::Case(index) => write!(f, "case:{index}"),
            Self::Path(id) => write!(f, "path:{id}"),
            Self::Else => f.write_str("else"),
            Self::Next => f.write_str("next"),
            Self::End => f.write_str("end"),
            Self::RetriesExhausted => f.write_str("retries_exhausted"),
            Self::Timeout => f.write_str("timeout"),
            Self::Status(status) => write!(f, "status:{status}"),
            Self::Outcome(id) => write!(f, "outcome:{id}"),
            Self::Empty => f.write_str("empty"),
            Self::Skip => f.write_str("skip"),
            Self::Error => f.write_str("error"),
            Self::Interrupt(index) => write!(f, "interrupt:{index}"),
        }
    }
}

/// One way out of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    pub edge: Edge,
    pub target: Target,
    /// The pointer to the member that names the target, inside the step. Absent when nothing names it.
    pub place: Option<Box<str>>,
}

/// A variable that a step writes, and where it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub variable: Box<str>,
    /// The pointer inside the step.
    pub place: Box<str>,
    /// True when it is set back to its default instead.
    pub is_unset: bool,
}
