//! The two sides of a comparison: how an address names them, what they are called, and where their documents come from.

use std::sync::Arc;

use uuid::Uuid;

use crate::console::comparison::ChangeSheet;
use crate::console::failure::PageFailure;
use crate::console::session::Session;
use crate::console::texts::compare::{EN, ES};
use crate::flow::document::Canonical;
use crate::outline::sentence::{Piece, Sentence, number};
use crate::registry::{Compared, FlowAnswer, Point, RegistryError, Selector, Side};

/// A state of a flow, as an address names it: `published`, `draft`, `7`, or one of them behind another flow's id and `:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChosenSide {
    pub other: Option<Uuid>,
    pub side: Side,
}

impl ChosenSide {
    pub fn own(side: Side) -> Self {
        Self { other: None, side }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let (other, side) = match text.split_once(':') {
            Some((id, side)) => (Some(Uuid::try_parse(id).ok()?), side),
            None => (None, text),
        };
        let side = match side {
            "draft" => Side::Draft,
            "published" => Side::Published,
            version => Side::Version(version.parse().ok().filter(|version| *version > 0)?),
        };
        Some(Self { other, side })
    }

    /// As it stands in an address.
    pub fn written(self) -> String {
        let side = match self.side {
            Side::Draft => "draft".to_owned(),
            Side::Published => "published".to_owned(),
            Side::Version(version) => version.to_string(),
        };
        self.other.map_or_else(|| side.clone(), |other| format!("{other}:{side}"))
    }

    /// The state that is meant, where the flow of the page is as `shown` says. On a page of the past every flow is as it was
    /// then: its draft and what was in force are versions of now, and what came later does not exist.
    pub async fn point(self, session: &Session, shown: &Arc<FlowAnswer>) -> Result<Point, RegistryError> {
        let flow_id = self.other.unwrap_or(shown.record.flow_id);
        let Some(moment) = session.as_of else { return Ok(Point { flow_id, side: self.side }) };
        let then = match self.other {
            None => Arc::clone(shown),
            Some(other) => {
                let reads = &session.registry().reads;
                reads.get(session.caller(), other, Selector::AsOf(moment)).await?
            }
        };
        let version = match (self.side, &then.record.published) {
            (Side::Draft, _) => then.record.version,
            (Side::Published, Some(published)) => published.version,
            (Side::Published, None) => return Err(RegistryError::NotPublished(then.current_version())),
            (Side::Version(later), _) if later > then.record.version => {
                return Err(RegistryError::VersionNotFound);
            }
            (Side::Version(version), _) => version,
        };
        Ok(Point { flow_id, side: Side::Version(version) })
    }
}

/// A document to compare.
pub struct LoadedSide {
    pub compared: Compared,
    pub canonical: Canonical,
}

impl LoadedSide {
    pub async fn load(session: &Session, point: Point) -> Result<Self, RegistryError> {
        let compared = session.registry().history.compared(session.caller(), point).await?;
        let canonical = compared.canonical()?;
        Ok(Self { compared, canonical })
    }

    /// `In force (version 4)`, and of which flow where the two sides are of different ones.
    pub fn called(&self, chosen: ChosenSide, other: &Self, session: &Session) -> Sentence {
        let flow_id = |side: &Self| side.compared.answer.record.flow_id;
        let name = (flow_id(self) != flow_id(other)).then(|| self.canonical.name());
        called(session, chosen.side, self.compared.version, self.compared.answer.record.enabled, name)
    }
}

/// What a state is called.
pub fn called(session: &Session, side: Side, version: i64, is_enabled: bool, flow: Option<&str>) -> Sentence {
    let t = session.texts(&ES, &EN);
    let text = match side {
        Side::Published if is_enabled => t.in_force,
        Side::Published => t.published,
        Side::Draft => t.draft,
        Side::Version(_) => t.version,
    };
    let state = Sentence::of(text, &[("n", number(version, session.language()))]);
    match flow {
        None => state,
        Some(flow) => Sentence::of(
            t.of_flow,
            &[("version", Piece::Words(state.plain())), ("flow", Piece::Written(flow.to_owned()))],
        ),
    }
}

/// What differs between two documents. Long ones take a while, so that they are compared beside what answers requests.
pub async fn compare(
    session: &Session,
    old: &Canonical,
    new: &Canonical,
) -> Result<ChangeSheet, PageFailure> {
    let (old, new, language) = (old.clone(), new.clone(), session.language());
    tokio::task::spawn_blocking(move || ChangeSheet::new(&old, &new, language)).await.map_err(|error| {
        tracing::error!(%error, "a comparison failed");
        PageFailure::Internal
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_read_back() {
        let id = "0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c";
        for text in ["draft", "published", "7", &format!("{id}:published"), &format!("{id}:3")] {
            assert_eq!(ChosenSide::parse(text).unwrap().written(), text);
        }
        for bad in ["", "0", "-1", "1.5", "latest", "x:1", ":1", "9223372036854775808"] {
            assert_eq!(ChosenSide::parse(bad), None, "{bad}");
        }
    }
}
