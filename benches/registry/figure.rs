//! A figure: what was measured, the target it is held against, and how both are shown, to people and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::stats::Spread;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// None: for the record.
    Shown,
}

impl Target {
    pub fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
            Self::Shown => false,
        }
    }
}

/// What the numbers of a figure count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Ratio,
    Seconds,
    Mebibytes,
    Kibibytes,
    PerSecond,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Ratio => format!("{value:.2}"),
            Self::Seconds => format!("{value:.3} s"),
            Self::Mebibytes => format!("{value:.1} MiB"),
            Self::Kibibytes => format!("{value:.0} KiB"),
            Self::PerSecond => format!("{}/s", grouped(value)),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Seconds => "s",
            Self::Mebibytes => "MiB",
            Self::Kibibytes => "KiB",
            Self::PerSecond => "1/s",
        }
    }
}

/// What was measured, and what it was made of, for people.
pub type Measured = (Spread, String);

/// One line of the table.
#[derive(Debug)]
pub struct Figure {
    pub name: String,
    pub unit: Unit,
    pub target: Target,
    /// Or why there is none: a figure is never left out.
    pub outcome: Result<Measured, String>,
}

impl Figure {
    pub fn new(
        name: impl Into<String>,
        unit: Unit,
        target: Target,
        outcome: Result<Measured, anyhow::Error>,
    ) -> Self {
        Self { name: name.into(), unit, target, outcome: outcome.map_err(|error| format!("{error:#}")) }
    }

    /// The same of one of several.
    pub fn named(mut self, whose: &str) -> Self {
        self.name = format!("{}, {whose}", self.name);
        self
    }

    /// Decided by the median; without a target it is not.
    pub fn is_met(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|(value, _)| self.target.is_met(value.median))
    }

    fn cells(&self) -> [String; 6] {
        let show = |value| self.unit.show(value);
        let target = match self.target {
            Target::AtLeast(least) => format!("≥ {}", show(least)),
            Target::AtMost(most) => format!("≤ {}", show(most)),
            Target::Shown => String::new(),
        };
        let verdict = match (&self.outcome, self.is_met()) {
            (Err(_), _) => "failed",
            (Ok(_), _) if self.target == Target::Shown => "",
            (Ok(_), true) => "met",
            (Ok(_), false) => "not met",
        };
        let (median, spread, beside) = match &self.outcome {
            Err(error) => (String::new(), String::new(), error.lines().next().unwrap_or_default().to_owned()),
            Ok((value, beside)) if value.least == value.most => {
                (show(value.median), String::new(), beside.clone())
            }
            Ok((value, beside)) => {
                (show(value.median), format!("{}..{}", show(value.least), show(value.most)), beside.clone())
            }
        };
        [self.name.clone(), median, spread, target, verdict.to_owned(), beside]
    }

    pub fn to_json(&self) -> Value {
        let (at_least, at_most) = match self.target {
            Target::AtLeast(least) => (Some(least), None),
            Target::AtMost(most) => (None, Some(most)),
            Target::Shown => (None, None),
        };
        let measured = self.outcome.as_ref().ok();
        json!({
            "figure": self.name, "unit": self.unit.name(), "atLeast": at_least, "atMost": at_most,
            "median": measured.map(|(value, _)| value.median), "least": measured.map(|(value, _)| value.least),
            "most": measured.map(|(value, _)| value.most), "beside": measured.map(|(_, beside)| beside),
            "met": self.is_met(), "error": self.outcome.as_ref().err(),
        })
    }
}

/// The figures as a table; its last line counts the targets that are met.
pub fn table(figures: &[Figure]) -> String {
    let heads = ["figure", "median", "spread", "target", "", "measured"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(heads).chain(figures.iter().map(Figure::cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for row in &rows {
        let mut line = format!("{:w$}", row[0], w = width(0));
        for (column, cell) in row.iter().enumerate().skip(1).take(4) {
            let _ = match column {
                1 => write!(line, "  {cell:>w$}", w = width(column)),
                _ => write!(line, "  {cell:w$}", w = width(column)),
            };
        }
        let _ = writeln!(text, "{}", format!("{line}  {}", row[5]).trim_end());
    }
    let targets = figures.iter().filter(|figure| figure.target != Target::Shown);
    let met = targets.clone().filter(|figure| figure.is_met()).count();
    let _ = writeln!(text, "targets met: {met} of {}", targets.count());
    text
}

/// A rate as people read it: whole, with its thousands apart.
pub fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
