//! Projection: what the view of flows holds of a flow, computed from its events. The states come from `fold`, and
//! those stored with the events are held against them; what the documents say is added by whoever has them.

use super::digest::Digest;
use super::event::{EventType, Payload, State};
use super::fold::{Fact, fold};
use super::marks::Marks;
use bytes::Bytes;
use chrono::{DateTime, Utc};

/// What a projection reads of one event.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub version: i64,
    pub position: i64,
    pub event_type: EventType,
    /// `None` once erased.
    pub payload: Option<Payload>,
    /// Who acted: RFC 8785 JSON of an actor.
    pub author: Bytes,
    pub at: DateTime<Utc>,
    /// The state that is stored with it.
    pub state: State,
}

/// A flow after some of its events.
#[derive(Debug, Clone)]
pub struct Projection {
    pub version: i64,
    pub position: i64,
    pub state: State,
    pub published_at: Option<DateTime<Utc>>,
    /// The document in force.
    pub published_document: Option<Digest>,
    pub created_at: DateTime<Utc>,
    pub created_by: Bytes,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Bytes,
    pub marks: Marks,
    /// The first version that is not what its log leads to: it is missing, or stored with another state.
    pub broken_at: Option<i64>,
    /// The drafts of all versions, because any of them can be put in force.
    drafts: Vec<(i64, Option<Digest>)>,
}

impl Projection {
    /// A flow after an event that begins its stream, or should.
    pub fn begin(event: &Recorded) -> Self {
        let mut begun = Self {
            version: 0,
            position: 0,
            state: event.state,
            published_at: None,
            published_document: None,
            created_at: event.at,
            created_by: event.author.clone(),
            updated_at: event.at,
            updated_by: event.author.clone(),
            marks: Marks::default(),
            broken_at: None,
            drafts: Vec::new(),
        };
        begun.apply(event, None);
        begun
    }

    /// The flow after its next event.
    pub fn go_on(&mut self, event: &Recorded) {
        self.apply(event, Some(self.state));
    }

    fn apply(&mut self, event: &Recorded, before: Option<State>) {
        let version = event.version;
        let follows = version == self.version + 1;
        if !(follows && is_what_it_leads_to(before, event)) {
            self.broken_at = self.broken_at.or(Some(version));
        }
        // The stored state counts: it is hashed, and it is what was shown.
        self.state = event.state;
        self.drafts.push((version, event.state.document));
        self.published_at = match self.state.published_by_version {
            Some(by) if by == version => Some(event.at),
            Some(_) => self.published_at,
            None => None,
        };
        self.published_document = self.state.published_version.and_then(|pinned| self.draft_at(pinned));
        self.version = version;
        self.position = event.position;
        self.updated_at = event.at;
        self.updated_by = event.author.clone();
        let payload = event.payload.clone().unwrap_or_default();
        self.marks = Marks::after(before.map(|_| &self.marks), &payload);
    }

    fn draft_at(&self, version: i64) -> Option<Digest> {
        let index = self.drafts.binary_search_by_key(&version, |(version, _)| *version).ok()?;
        self.drafts[index].1
    }
}

/// Whether an event has the state that type and payload lead to. An erased payload can only be believed.
fn is_what_it_leads_to(before: Option<State>, event: &Recorded) -> bool {
    let Some(payload) = &event.payload else { return true };
    let Recorded { version, event_type, state, .. } = *event;
    let Some(document) = state.document else { return false };
    fold(before, Fact { version, event_type, payload, document }) == state
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: u8) -> Digest {
        Digest::of(&[n])
    }

    fn state(document: u8, published: Option<(i64, i64)>) -> State {
        State {
            document: Some(digest(document)),
            enabled: true,
            deleted: false,
            published_version: published.map(|(version, _)| version),
            published_by_version: published.map(|(_, by)| by),
        }
    }

    fn event(version: i64, event_type: EventType, payload: Payload, state: State) -> Recorded {
        Recorded {
            version,
            position: 10 * version,
            event_type,
            payload: Some(payload),
            author: Bytes::copy_from_slice(&version.to_be_bytes()),
            at: DateTime::from_timestamp(version, 0).unwrap(),
            state,
        }
    }

    fn project(events: &[Recorded]) -> Projection {
        let (first, rest) = events.split_first().unwrap();
        let mut projection = Projection::begin(first);
        rest.iter().for_each(|event| projection.go_on(event));
        projection
    }

    /// Created, changed, and its first version put in force while the draft stays.
    fn pinned() -> Vec<Recorded> {
        let pin = Payload { published_version: Some(1), ..Payload::default() };
        vec![
            event(1, EventType::FlowCreated, Payload::default(), state(1, None)),
            event(2, EventType::FlowUpdated, Payload::default(), state(2, None)),
            event(3, EventType::FlowPublished, pin, state(2, Some((1, 3)))),
        ]
    }

    #[test]
    fn a_pinned_version_is_in_force_with_its_own_document() {
        let mut events = pinned();
        let flow = project(&events);
        assert_eq!((flow.state.document, flow.published_document), (Some(digest(2)), Some(digest(1))));
        assert_eq!((flow.published_at, flow.broken_at), (Some(events[2].at), None));
        events.push(event(4, EventType::FlowUpdated, Payload::default(), state(4, Some((1, 3)))));
        let flow = project(&events);
        assert_eq!((flow.published_document, flow.published_at), (Some(digest(1)), Some(events[2].at)));
        assert_eq!((flow.version, flow.position, flow.updated_at), (4, 40, events[3].at));
        assert_eq!((flow.created_at, &flow.created_by), (events[0].at, &events[0].author));
        events.push(event(5, EventType::FlowUnpublished, Payload::default(), state(4, None)));
        let flow = project(&events);
        assert_eq!((flow.published_document, flow.published_at), (None, None));
    }

    #[test]
    fn a_state_that_nothing_leads_to_is_noticed() {
        let check = |change: fn(&mut Vec<Recorded>), expected| {
            let mut events = pinned();
            change(&mut events);
            assert_eq!(project(&events).broken_at, expected);
        };
        check(|_| {}, None);
        check(|events| events[1].state.enabled = false, Some(2));
        check(|events| events[2].state.published_version = Some(2), Some(3));
        check(|events| events[2].state.published_by_version = Some(2), Some(3));
        check(|events| events[2].payload = None, None);
        check(|events| drop(events.remove(0)), Some(2));
        check(|events| drop(events.remove(1)), Some(3));
    }
}
