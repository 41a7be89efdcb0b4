//! Flows of a list, as many on a page as somebody wants, and where the next page begins. The pages of one walk are of the moment of its first.

use std::sync::Arc;

use crate::console::failure::PageFailure;
use crate::console::form::FormFields;
use crate::console::session::Session;
use crate::registry::{FlowAnswer, ListFilter, ListPage, RegistryError};

/// Where a later page of a walk begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkPlace {
    /// The position of the log when the first page was read.
    at: i64,
    /// The page has flows that changed before this position.
    before: i64,
}

impl WalkPlace {
    /// Reads the parameters `at` and `before`; `None` on the first page.
    pub fn read(fields: &FormFields) -> Result<Option<Self>, PageFailure> {
        let position = |name: &'static str| match fields.get(name) {
            "" => Ok(None),
            text => {
                let position = text.parse::<i64>().ok().filter(|position| *position >= 0);
                position.map(Some).ok_or(PageFailure::BadRequest(name))
            }
        };
        Ok(position("at")?.zip(position("before")?).map(|(at, before)| Self { at, before }))
    }

    /// The parameters `at` and `before`.
    pub fn parameters(self) -> [(&'static str, String); 2] {
        [("at", self.at.to_string()), ("before", self.before.to_string())]
    }
}

/// The flows of a page.
#[derive(Debug)]
pub struct ListedFlows {
    pub flows: Vec<Arc<FlowAnswer>>,
    /// `None` on the last page.
    pub next: Option<WalkPlace>,
}

impl ListedFlows {
    /// Reads a page of the flows that a filter lets through, at the moment that the session looks at.
    pub async fn read(
        session: &Session,
        filter: ListFilter,
        place: Option<WalkPlace>,
    ) -> Result<Self, RegistryError> {
        let (reads, caller) = (&session.registry().reads, session.caller());
        let page = ListPage { limit: session.preferences.rows, before: place.map(|place| place.before) };
        let mut found = match (session.as_of, place) {
            (Some(moment), _) => {
                let position = reads.position_at(caller, moment).await?;
                reads.list_page_at(caller, position, filter, page).await?
            }
            (None, Some(place)) => {
                let head = reads.head(caller).await?;
                reads.list_page_on(caller, head, place.at.min(head.position), filter, page).await?
            }
            (None, None) => reads.list_page(caller, reads.head(caller).await?, filter, page).await?,
        };
        let mut flows = Vec::new();
        while let Some(chunk) = found.list.next_chunk().await? {
            flows.extend(chunk);
        }
        let next = found.next.map(|before| WalkPlace { at: found.at, before });
        Ok(Self { flows, next })
    }
}
