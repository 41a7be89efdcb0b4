//! Each stream by itself: its versions have no hole, and the state stored with each event of a flow is the one that the
//! events up to it lead to. The chain cannot tell: it vouches for whatever was appended.

use std::collections::HashMap;

use uuid::Uuid;

use super::record::EventRecord;
use super::report::Alteration;
use crate::flow::event::{EventType, Payload, State, StreamKind};
use crate::flow::fold::{Fact, fold};

/// The streams of a log as far as it has been fed, from its first event on.
#[derive(Debug, Default)]
pub struct StreamVerifier {
    streams: HashMap<Uuid, Stream>,
}

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    pub version: i64,
    /// Of its last event.
    pub position: i64,
    /// Of a flow.
    pub state: Option<State>,
}

impl StreamVerifier {
    /// The next event of the log, which the chain has been found to hold.
    pub fn event(&mut self, event: &EventRecord<'_>) -> Result<(), Alteration> {
        let before = self.streams.get(&event.stream).copied();
        let wrong = |what: String| Err(Alteration::new(event.position, what));
        let version = before.map_or(1, |before| before.version + 1);
        if event.version != version {
            return wrong(format!(
                "it is version {} of its stream, and {version} would be next",
                event.version
            ));
        }
        let state = match (event.stream_kind == i16::from(StreamKind::Flow.number()), event.document) {
            (false, _) => None,
            (true, None) => return wrong("it is of a flow and has no document".to_owned()),
            (true, Some(document)) => Some(State {
                document,
                enabled: event.enabled,
                deleted: event.deleted,
                published_version: event.published_version,
                published_by_version: event.published_by_version,
            }),
        };
        if let Some(state) = state
            && expected(before.and_then(|before| before.state), event, state) != state
        {
            return wrong("its state is not the one that the events up to it lead to".to_owned());
        }
        self.streams.insert(event.stream, Stream { version, position: event.position, state });
        Ok(())
    }

    /// Where the streams of flows stand now.
    pub fn into_flows(self) -> impl Iterator<Item = (Uuid, Stream)> {
        self.streams.into_iter().filter(|(_, stream)| stream.state.is_some())
    }
}

/// What the events say; the stored state itself where they cannot be asked: an erased payload, a younger type.
fn expected(before: Option<State>, event: &EventRecord<'_>, stored: State) -> State {
    let payload = event.payload.as_deref().and_then(|bytes| serde_json::from_slice::<Payload>(bytes).ok());
    match (EventType::parse(&event.event_type), payload) {
        (Some(event_type), Some(payload)) => {
            let document = stored.document;
            fold(before, Fact { version: event.version, event_type, payload: &payload, document })
        }
        _ => stored,
    }
}
