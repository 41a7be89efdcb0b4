//! Blame: for each step of a draft, the last event that touched it. Events say what they changed, so the walk back
//! through a flow's history reads no documents, except where an event changed more than it lists.

use serde_json::Value;
use uuid::Uuid;

use super::caller::Caller;
use super::reads::{FlowReads, Shown};
use super::{History, RegistryError};
use crate::flow::diff;
use crate::flow::event::{DraftChange, EventType, Payload};
use crate::store::{HISTORY_WALK_MAX, HistoryFilter, HistoryPage, LogEntry};

/// Events read at once.
const CHUNK: i64 = 500;
/// Events read at once where those of one step are sought.
const STEP_CHUNK: i64 = 8;
/// Documents loaded at most, so that no history keeps a request busy.
const DOCUMENTS_MAX: usize = 200;
/// Documents loaded at most for one step, which a page says beside much else.
const STEP_DOCUMENTS_MAX: usize = 16;

/// The draft of a flow, step by step.
#[derive(Debug)]
pub struct Blame {
    pub flow_id: Uuid,
    pub version: i64,
    /// In the order of the draft.
    pub steps: Vec<BlamedStep>,
}

#[derive(Debug)]
pub struct BlamedStep {
    pub id: String,
    /// `None` where the content that would tell was erased, or lies too far back among changes too long to list.
    pub event: Option<LogEntry>,
}

/// What is known of one event's changes.
enum Touched {
    Steps(Vec<String>),
    Everything,
    Unknown,
}

impl History {
    /// Who touched each step of the draft last; of a deleted flow too.
    pub async fn blame(&self, caller: &Caller, flow_id: Uuid) -> Result<Blame, RegistryError> {
        let draft = self.reads.current(caller, flow_id, Shown::Draft).await?;
        if draft.document.is_erased() {
            return Err(RegistryError::Erased);
        }
        let ids = step_ids(&draft.document.value()?);
        let mut steps: Vec<_> = ids.into_iter().map(|id| BlamedStep { id, event: None }).collect();
        let mut walk = Walk { reads: &self.reads, caller, flow_id, documents_left: DOCUMENTS_MAX };
        let mut before = Some(draft.record.version + 1);
        while let Some(version) = before.filter(|_| steps.iter().any(|step| step.event.is_none())) {
            let page = HistoryPage { limit: CHUNK, before: Some(version) };
            let part = self.store.history(caller.org_id, flow_id, &HistoryFilter::default(), page).await?;
            before = part.next;
            for entry in part.entries {
                if !walk.attribute(&entry, &mut steps).await? {
                    return Ok(Blame { flow_id, version: draft.record.version, steps });
                }
            }
        }
        Ok(Blame { flow_id, version: draft.record.version, steps })
    }
}

impl History {
    /// Who touched one step last, up to a version of the flow. Only events that may have touched it are read, and what
    /// lies further back than one part of a history looks is not told.
    pub async fn step_blame(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        version: i64,
        step: &str,
    ) -> Result<BlamedStep, RegistryError> {
        let mut blamed = [BlamedStep { id: step.to_owned(), event: None }];
        let filter = HistoryFilter { step: Some(step.to_owned()), ..HistoryFilter::default() };
        let mut walk = Walk { reads: &self.reads, caller, flow_id, documents_left: STEP_DOCUMENTS_MAX };
        let oldest = version - HISTORY_WALK_MAX + 1;
        let mut before = Some(version + 1);
        while let Some(version) = before.filter(|_| blamed[0].event.is_none()) {
            let page = HistoryPage { limit: STEP_CHUNK, before: Some(version) };
            let part = self.of_flow(caller, flow_id, &filter, page).await?;
            before = part.next.filter(|next| *next > oldest);
            for entry in part.entries {
                let goes_on = walk.attribute(&entry, &mut blamed).await?;
                if !goes_on || blamed[0].event.is_some() {
                    let [blamed] = blamed;
                    return Ok(blamed);
                }
            }
        }
        let [blamed] = blamed;
        Ok(blamed)
    }
}

struct Walk<'a> {
    reads: &'a FlowReads,
    caller: &'a Caller,
    flow_id: Uuid,
    documents_left: usize,
}

impl Walk<'_> {
    /// Gives an event the steps it touched that no later one did; false when it cannot be told any more.
    async fn attribute(&mut self, entry: &LogEntry, steps: &mut [BlamedStep]) -> Result<bool, RegistryError> {
        let touched = match self.touched(entry).await? {
            Touched::Unknown => return Ok(false),
            Touched::Everything => None,
            Touched::Steps(ids) => Some(ids),
        };
        for step in steps.iter_mut().filter(|step| step.event.is_none()) {
            if touched.as_ref().is_none_or(|ids| ids.contains(&step.id)) {
                step.event = Some(entry.clone());
            }
        }
        Ok(true)
    }

    async fn touched(&mut self, entry: &LogEntry) -> Result<Touched, RegistryError> {
        match EventType::parse(&entry.event_type).and_then(EventType::draft) {
            Some(DraftChange::Begins) => return Ok(Touched::Everything),
            Some(DraftChange::Edits | DraftChange::TakesBack) => {}
            Some(DraftChange::Keeps) | None => return Ok(Touched::Steps(Vec::new())),
        }
        let listed = match &entry.payload {
            Some(payload) => serde_json::from_value(Value::Object(payload.clone())).ok(),
            None => None,
        };
        match listed {
            Some(Payload { changed, changed_more: 0, .. }) => Ok(Touched::Steps(touched_by(&changed))),
            _ => self.compared(entry.version).await,
        }
    }

    /// What an event changed, from the documents before and after it.
    async fn compared(&mut self, version: i64) -> Result<Touched, RegistryError> {
        let Some(left) = self.documents_left.checked_sub(2) else { return Ok(Touched::Unknown) };
        self.documents_left = left;
        let before = self.reads.version(self.caller, self.flow_id, version - 1).await?;
        let after = self.reads.version(self.caller, self.flow_id, version).await?;
        let (before, after) = (&before.document, &after.document);
        if before.is_erased() || after.is_erased() {
            return Ok(Touched::Unknown);
        }
        Ok(Touched::Steps(touched_by(&diff::changed_paths(&before.value()?, &after.value()?))))
    }
}

fn touched_by(changed: &[String]) -> Vec<String> {
    changed.iter().filter_map(|path| diff::step_of(path)).map(str::to_owned).collect()
}

fn step_ids(document: &Value) -> Vec<String> {
    let steps = document.get("steps").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    steps.iter().filter_map(|step| step.get("id")?.as_str()).map(str::to_owned).collect()
}
