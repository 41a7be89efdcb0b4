//! Lists in the order flows were created, or of their names: walked a part at a time, until a page is full or enough was
//! seen.

use std::collections::HashSet;

use uuid::Uuid;

use super::list::{FlowList, confined};
use super::past::Wanted;
use super::{FlowReads, Shown};
use crate::registry::RegistryError;
use crate::registry::caller::Caller;
use crate::store::{FlowWalk, ListFilter, ListedFlow, WALK_MAX, WalkedFlow};

/// Flows that a walk sees at once.
const PART_MAX: i64 = 1_000;

/// A page of a walk.
#[derive(Debug)]
pub struct WalkedPage {
    pub list: FlowList,
    /// The walk that goes on behind the page; `None` at its end.
    pub next: Option<FlowWalk>,
}

/// Flows that a filter lets through, each with the walk that goes on behind it.
type Found = Vec<(ListedFlow, FlowWalk)>;

impl FlowReads {
    /// A whole list, in the order of a walk.
    pub fn walked(&self, caller: &Caller, filter: ListFilter, walk: FlowWalk) -> FlowList {
        FlowList::walked(self.clone(), caller.org_id, confined(caller, filter), walk)
    }

    /// A page of a list. It may be shorter than asked for and yet go on: one page looks at a bounded number of flows.
    pub async fn walked_page(
        &self,
        caller: &Caller,
        filter: ListFilter,
        walk: FlowWalk,
        limit: i64,
    ) -> Result<WalkedPage, RegistryError> {
        let (org_id, shown, filter) = (caller.org_id, Shown::by(&filter), confined(caller, filter));
        let (mut found, rest) = self.walk(org_id, &filter, walk, limit + 1).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let cut = found.get(limit.saturating_sub(1)).filter(|_| found.len() > limit);
        let next = cut.map(|(_, place)| place.clone()).or(rest);
        found.truncate(limit);
        let keys = found.into_iter().map(|(key, _)| key).collect();
        Ok(WalkedPage { list: FlowList::page(self.clone(), org_id, shown, keys), next })
    }

    /// Goes on with a walk until so many flows are found, or enough was seen. Returns what is found, and the walk behind
    /// all that was seen; `None` at its end.
    pub(super) async fn walk(
        &self,
        org_id: Uuid,
        filter: &ListFilter,
        mut walk: FlowWalk,
        enough: i64,
    ) -> Result<(Found, Option<FlowWalk>), RegistryError> {
        let (mut found, mut seen, mut part) = (Vec::new(), 0, enough.min(PART_MAX));
        loop {
            let flows = self.store.walk(org_id, &walk, filter, part).await?;
            let count = i64::try_from(flows.len()).unwrap_or(i64::MAX);
            let last = flows.last().map(|flow| flow.place.clone());
            found.extend(self.wanted_of_walk(org_id, filter, flows).await?);
            let Some(last) = last.filter(|_| count == part) else { return Ok((found, None)) };
            walk = last;
            seen += count;
            if seen >= WALK_MAX || i64::try_from(found.len()).is_ok_and(|found| found >= enough) {
                return Ok((found, Some(walk)));
            }
            // What few flows meet is sought in larger parts.
            part = (4 * part).min(PART_MAX);
        }
    }

    /// Those that the filter lets through. Of flows that have moved the documents of then are asked.
    async fn wanted_of_walk(
        &self,
        org_id: Uuid,
        filter: &ListFilter,
        flows: Vec<WalkedFlow>,
    ) -> Result<Found, RegistryError> {
        let (shown, wanted) = (Shown::by(filter), Wanted::of(filter));
        let asked = |flow: &WalkedFlow| flow.is_wanted && flow.has_moved && wanted.asks();
        let moved: Vec<ListedFlow> = flows.iter().filter(|flow| asked(flow)).map(|flow| flow.key).collect();
        let mut met = HashSet::new();
        if !moved.is_empty() {
            let records = self.store.flows_at(org_id, &moved).await?;
            let mut then = self.with_documents(org_id, shown, records).await?;
            wanted.keep(&mut then)?;
            met.extend(then.iter().map(|flow| flow.record.flow_id));
        }
        let is_wanted =
            |flow: &WalkedFlow| flow.is_wanted && (!asked(flow) || met.contains(&flow.key.flow_id));
        Ok(flows.into_iter().filter(is_wanted).map(|flow| (flow.key, flow.place)).collect())
    }
}
