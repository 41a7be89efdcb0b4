//! Which part of a history is asked for: the filter and the place where its page begins, as the address says them.

use chrono::{DateTime, Days, NaiveDate, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::console::failure::PageFailure;
use crate::console::form::FormFields;
use crate::flow::event::{EventType, InForce, StreamKind};
use crate::flow::moment::parse_date;
use crate::registry::HistoryFilter;

/// Characters of a name or an id, as an address may have it.
const NAME_CHARS_MAX: usize = 200;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AskedHistory {
    pub kind: String,
    pub person: String,
    pub from: String,
    pub to: String,
    pub step: String,
    /// The page begins below this version.
    pub before: Option<i64>,
    /// The version whose changes are opened.
    pub open: Option<i64>,
}

/// Publishes, and restores that put a version in force.
pub const PUT_IN_FORCE: &str = "put-in-force";

/// The types of events that a flow's history has, but for publishes: whoever asks for those means all that went live.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    let of_flows = EventType::ALL.iter().filter(|known| known.stream_kind() == StreamKind::Flow);
    let others = of_flows.filter(|known| known.in_force() != Some(InForce::Puts));
    [PUT_IN_FORCE].into_iter().chain(others.map(|known| known.as_str()))
}

impl AskedHistory {
    pub fn read(fields: &FormFields) -> Result<Self, PageFailure> {
        let text = |name: &'static str| match fields.get(name).trim() {
            long if long.chars().count() > NAME_CHARS_MAX => Err(PageFailure::BadRequest(name)),
            text => Ok(text.to_owned()),
        };
        let version = |name: &'static str| match fields.get(name) {
            "" => Ok(None),
            number => {
                let number = number.parse().ok().filter(|number: &i64| *number > 0);
                number.map(Some).ok_or(PageFailure::BadRequest(name))
            }
        };
        // A publish is one of the events that put a version in force.
        let kind = match text("type")? {
            kind if kind == EventType::FlowPublished.as_str() => PUT_IN_FORCE.to_owned(),
            kind => kind,
        };
        if !kind.is_empty() && !kinds().any(|known| known == kind) {
            return Err(PageFailure::BadRequest("type"));
        }
        Ok(Self {
            kind,
            person: text("person")?,
            from: text("from")?,
            to: text("to")?,
            step: text("step")?,
            before: version("before")?,
            open: version("open")?,
        })
    }

    /// What is asked of the log. Days are those of the reader's zone, whole and inclusive. Who may not know people cannot
    /// ask for them either.
    pub fn filter(&self, zone: Tz, sees_people: bool) -> Result<HistoryFilter, PageFailure> {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let day = |text: &str, name: &'static str, after: u64| match text {
            "" => Ok(None),
            text => {
                let day = parse_date(text).and_then(|day| day.checked_add_days(Days::new(after)));
                day.and_then(|day| begin(day, zone)).map(Some).ok_or(PageFailure::BadRequest(name))
            }
        };
        Ok(HistoryFilter {
            event_type: some(&self.kind).filter(|kind| kind != PUT_IN_FORCE),
            put_in_force: self.kind == PUT_IN_FORCE,
            from: day(&self.from, "from", 0)?,
            until: day(&self.to, "to", 1)?,
            step: some(&self.step),
            person: some(&self.person).filter(|_| sees_people),
            ..HistoryFilter::default()
        })
    }

    pub fn is_filtered(&self) -> bool {
        let Self { kind, person, from, to, step, .. } = self;
        [kind, person, from, to, step].into_iter().any(|asked| !asked.is_empty())
    }

    /// The filter as parameters of an address.
    pub fn parameters(&self) -> [(&str, &str); 5] {
        [
            ("type", &self.kind),
            ("person", &self.person),
            ("from", &self.from),
            ("to", &self.to),
            ("step", &self.step),
        ]
    }
}

/// When a day begins in a zone; where clocks jump over midnight, when they have jumped.
fn begin(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let hours = (0..4).filter_map(|hour| day.and_hms_opt(hour, 0, 0));
    let mut begins = hours.filter_map(|local| zone.from_local_datetime(&local).earliest());
    begins.next().map(|begin| begin.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_zone() {
        let asked = AskedHistory {
            from: "2026-05-03".to_owned(),
            to: "2026-05-03".to_owned(),
            person: "Ana".to_owned(),
            ..AskedHistory::default()
        };
        let check = |zone: Tz, from: &str, until: &str| {
            let filter = asked.filter(zone, true).unwrap();
            let instant = |text: &str| Some(text.parse().unwrap());
            assert_eq!((filter.from, filter.until), (instant(from), instant(until)));
        };
        check(Tz::UTC, "2026-05-03T00:00:00Z", "2026-05-04T00:00:00Z");
        check(Tz::America__Mexico_City, "2026-05-03T06:00:00Z", "2026-05-04T06:00:00Z");
        // Midnight does not exist on the day when clocks go forward.
        let day = NaiveDate::from_ymd_opt(2026, 4, 24).unwrap();
        assert_eq!(begin(day, Tz::Africa__Cairo), Some("2026-04-23T22:00:00Z".parse().unwrap()));
        assert_eq!(asked.filter(Tz::UTC, false).unwrap().person, None, "people are not asked for");
        let bad = AskedHistory { from: "ayer".to_owned(), ..AskedHistory::default() };
        assert!(matches!(bad.filter(Tz::UTC, true), Err(PageFailure::BadRequest("from"))));
    }
}
