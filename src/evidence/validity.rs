//! From when until when the signatures of a key count. Written above the key, in lines that a reader which knows nothing
//! of them takes for comments.

use chrono::{DateTime, Utc};

use super::instant;

const FROM: &str = "# valid-from ";
const UNTIL: &str = "# valid-until ";

/// Open on the sides of which nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Validity {
    pub from: Option<DateTime<Utc>>,
    /// The first instant at which they no longer count.
    pub until: Option<DateTime<Utc>>,
}

impl Validity {
    pub fn covers(&self, time: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time < until)
    }

    /// The lines above a key.
    pub fn lines(&self) -> String {
        let line = |begins: &str, time: Option<DateTime<Utc>>| {
            let text = time.and_then(|time| instant::to_text(time.timestamp_micros()));
            text.map(|text| format!("{begins}{text}\n")).unwrap_or_default()
        };
        line(FROM, self.from) + &line(UNTIL, self.until)
    }

    /// Takes in a line above a key, and says whether it is one of these.
    pub(super) fn take(&mut self, line: &str) -> Result<bool, &'static str> {
        let (side, text) = match (line.strip_prefix(FROM), line.strip_prefix(UNTIL)) {
            (Some(text), _) => (&mut self.from, text),
            (None, Some(text)) => (&mut self.until, text),
            (None, None) => return Ok(false),
        };
        let time = instant::from_text(text).and_then(DateTime::from_timestamp_micros);
        let time = time.ok_or("an instant is written like 2026-05-01T03:42:18.123456Z")?;
        if side.replace(time).is_some() {
            return Err("the validity of a key is said twice");
        }
        match (self.from, self.until) {
            (Some(from), Some(until)) if until <= from => Err("the key ends before it begins"),
            _ => Ok(true),
        }
    }
}
