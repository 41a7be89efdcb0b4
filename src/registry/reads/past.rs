//! Lists of flows as they were at a moment. Which flows there were comes from the log; what a filter asks of their
//! documents is asked of the documents of then.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::answer::FlowAnswer;
use super::list::{FlowList, confined};
use super::{FlowReads, Shown};
use crate::flow::document::TriggerTypes;
use crate::flow::text;
use crate::registry::RegistryError;
use crate::registry::caller::Caller;
use crate::store::{CurrentHead, FlowRecord, ListFilter, ListPage, ListedFlow, WALK_MAX};

/// A moment of an organization's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogMoment {
    /// After the event at this position.
    Position(i64),
    /// Just before an instant.
    Before(DateTime<Utc>),
}

impl LogMoment {
    /// After the last event there is.
    pub const NOW: Self = Self::Position(i64::MAX);

    /// How far a log must reach to tell what was at this moment; `None` for an instant, which does not say.
    pub fn position(self) -> Option<i64> {
        match self {
            // Wherever the log ends.
            Self::NOW => Some(0),
            Self::Position(position) => Some(position),
            Self::Before(_) => None,
        }
    }
}

/// Flows of then that are read at once.
const PART_MAX: i64 = 200;

/// A page of the list of a moment.
#[derive(Debug)]
pub struct FlowPage {
    /// Where the log ended then.
    pub at: i64,
    pub list: FlowList,
    /// Where the list goes on: flows whose last change of then came before this position. `None` at its end.
    pub next: Option<i64>,
}

/// What a filter asks of the document that is shown.
#[derive(Debug)]
pub(super) struct Wanted {
    phone_number_id: Option<String>,
    trigger_types: Option<TriggerTypes>,
    search: Option<String>,
}

impl Wanted {
    pub(super) fn of(filter: &ListFilter) -> Self {
        let ListFilter { phone_number_id, trigger_types, search, .. } = filter.clone();
        Self { phone_number_id, trigger_types, search }
    }

    pub(super) fn asks(&self) -> bool {
        self.phone_number_id.is_some() || self.trigger_types.is_some() || self.search.is_some()
    }

    /// Keeps the flows whose documents are wanted. Erased ones cannot be found by what they said.
    pub(super) fn keep(&self, flows: &mut Vec<Arc<FlowAnswer>>) -> Result<(), RegistryError> {
        if !self.asks() {
            return Ok(());
        }
        let mut kept = Vec::with_capacity(flows.len());
        for flow in flows.drain(..) {
            if self.is_met_by(&flow)? {
                kept.push(flow);
            }
        }
        *flows = kept;
        Ok(())
    }

    fn is_met_by(&self, flow: &FlowAnswer) -> Result<bool, RegistryError> {
        if flow.document.is_erased() {
            return Ok(false);
        }
        let members = flow.document.members()?;
        let member = |name: &str| members.get(name).and_then(|value| value.as_str());
        let number = self.phone_number_id.as_deref();
        let number_met = number.is_none_or(|number| member("phoneNumberId") == Some(number));
        let types = || TriggerTypes::of_members(members.get("triggerType"), members.get("triggerConfig"));
        let types_met = self.trigger_types.is_none_or(|wanted| types().meets(wanted));
        let said = || text::search_text(member("name").unwrap_or_default(), member("description"));
        Ok(number_met
            && types_met
            && self.search.as_ref().is_none_or(|search| said().contains(search.as_str())))
    }
}

impl FlowReads {
    /// The position of the last event of an organization.
    pub async fn position(&self, org_id: Uuid) -> Result<i64, RegistryError> {
        Ok(self.heads.ask(CurrentHead { org_id }).await?.position)
    }

    /// The position the log stood at then; what comes after it cannot change what was.
    pub async fn position_at(&self, caller: &Caller, moment: LogMoment) -> Result<i64, RegistryError> {
        Ok(match moment {
            LogMoment::Position(position) => position.min(self.store.head(caller.org_id).await?),
            LogMoment::Before(instant) => self.store.position_before(caller.org_id, instant).await?,
        })
    }

    /// All flows the filter let through when the log was at a position.
    pub fn list_at(&self, caller: &Caller, position: i64, filter: ListFilter) -> FlowList {
        FlowList::whole(self.clone(), caller.org_id, confined(caller, filter), position)
    }

    /// One page of the list of flows as it was when the log was at a position. It may be shorter than asked for and yet go on: one page looks at a bounded part of
    /// the log.
    pub async fn list_page_at(
        &self,
        caller: &Caller,
        position: i64,
        filter: ListFilter,
        page: ListPage,
    ) -> Result<FlowPage, RegistryError> {
        let (shown, wanted) = (Shown::by(&filter), Wanted::of(&filter));
        let filter = confined(caller, filter);
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let begin = page.before.unwrap_or(position + 1);
        let (mut found, mut next) = (VecDeque::new(), page);
        loop {
            let part = self.store.list_at(caller.org_id, position, &filter, next).await?;
            found.extend(self.wanted_of(caller.org_id, shown, &wanted, part.flows).await?);
            let is_far = part.next.is_some_and(|next| begin - next >= WALK_MAX);
            if part.next.is_none() || is_far || found.len() >= limit {
                let cut = found.get(limit.saturating_sub(1)).filter(|_| found.len() > limit);
                let next = cut.map(|(last, _)| *last).or(part.next);
                let keys = found.into_iter().take(limit).map(|(_, key)| key).collect();
                let list = FlowList::page(self.clone(), caller.org_id, shown, keys);
                return Ok(FlowPage { at: position, list, next });
            }
            // What few documents meet is sought in larger parts.
            next = ListPage { before: part.next, limit: (4 * next.limit).min(PART_MAX) };
        }
    }

    /// The position and key of each flow whose document is wanted.
    async fn wanted_of(
        &self,
        org_id: Uuid,
        shown: Shown,
        wanted: &Wanted,
        records: Vec<FlowRecord>,
    ) -> Result<Vec<(i64, ListedFlow)>, RegistryError> {
        let found = |record: &FlowRecord| (record.position, ListedFlow::of(record));
        if !wanted.asks() {
            return Ok(records.iter().map(found).collect());
        }
        let mut flows = self.with_documents(org_id, shown, records).await?;
        wanted.keep(&mut flows)?;
        Ok(flows.iter().map(|flow| found(&flow.record)).collect())
    }
}
