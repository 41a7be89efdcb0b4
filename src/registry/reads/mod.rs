//! Reads of flows: one as it is or was, and lists. Commands, runs and validation read through here too.

mod answer;
mod calling;
mod changes;
mod conflict;
mod document;
mod list;
mod memory;
mod packed;
mod past;
mod walk;
mod written;

use std::sync::Arc;

use uuid::Uuid;

pub use self::answer::{FlowAnswer, Status};
pub use self::changes::ChangedFlows;
pub use self::document::LoadedDocument;
pub(super) use self::document::{members, stand_in};
pub use self::list::FlowList;
pub(super) use self::memory::Shown;
use self::memory::{Memory, RememberedFlow, Which};
pub use self::past::{FlowPage, LogMoment};
pub use self::walk::WalkedPage;
pub use self::written::WrittenPage;
use super::RegistryError;
use super::caller::Caller;
use crate::flow::digest::Digest;
use crate::store::{
    Answered, CurrentFlow, CurrentHead, FlowAtVersion, FlowRecord, FoundFlow, Reader, Store, StoreError,
};

/// Which state of a flow is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector {
    /// As it is now; a deleted flow is not found.
    Current,
    /// As it is now, deleted or not.
    Draft,
    /// As it is now, with the document in force. A deleted flow has none.
    Published,
    /// As it stood after one of its events, deleted or not.
    Version(i64),
    /// As it stood at a moment, deleted or not.
    AsOf(LogMoment),
}

impl Selector {
    /// How far a log must reach to tell the state; `None` where that is not known.
    pub fn position(self) -> Option<i64> {
        match self {
            Self::AsOf(moment) => moment.position(),
            Self::Current | Self::Draft | Self::Published | Self::Version(_) => Some(0),
        }
    }
}

/// Reads of flows, with what is remembered of them. Clones share everything.
///
/// # How long what is remembered may be trusted
///
/// Nothing in memory answers a client by itself. Each read asks the database whether what is remembered still holds, and
/// is told no more than that where it does. What has to be asked follows from what can change:
///
/// * The row of a flow changes with its version. A read names the version it remembers; while the flow is at it, the
///   answer is the one in memory.
/// * A page of a list changes with the log. While the log ends where it did, the page has the same flows at the same
///   versions, and is the one in memory; it is as old as the first flow that was read for it.
/// * A version does not change. What is asked is whether its content is still there, and which number its flow is bound to
///   now, because that decides who may see it.
///
/// Three things alter a row without a new version: legal erasure, `projections rebuild`, and an administrator's hand. Of an
/// erasure each service learns within a second or so, and forgets the organization ([`super::service_memory`]). For the others,
/// what was read more than a minute ago counts as unknown, and is read anew. Only the bytes of its document are not sent
/// again while they are there: a digest names them for good.
///
/// Decisions are another matter. A command may decide on what was remembered however long ago ([`Self::unproven`]),
/// because its append proves that version, state and content are still the same; what memory would refuse is read first.
#[derive(Debug, Clone)]
pub struct FlowReads {
    store: Store,
    flows: Reader<CurrentFlow>,
    versions: Reader<FlowAtVersion>,
    heads: Reader<CurrentHead>,
    memory: Memory,
    /// Of reads of a standby, those of its primary.
    primary: Option<Box<Self>>,
}

impl FlowReads {
    pub(super) fn new(store: Store) -> Self {
        Self {
            flows: Reader::start(&store),
            versions: Reader::start(&store),
            heads: Reader::start(&store),
            memory: Memory::new(),
            primary: None,
            store,
        }
    }

    /// Reads of a standby. Nothing is remembered of them: when erased content goes there, it is shown no more.
    pub(super) fn of_standby(store: Store, primary: &Self) -> Self {
        Self {
            flows: Reader::of_few(&store),
            versions: Reader::of_few(&store),
            heads: Reader::of_few(&store),
            memory: Memory::none(),
            primary: Some(Box::new(primary.clone())),
            store,
        }
    }

    /// Whether a standby is read, which may be behind what a reader has seen.
    pub fn is_of_standby(&self) -> bool {
        self.primary.is_some()
    }

    /// One flow. Flows of other organizations, and of numbers the caller is not confined to, are not found.
    pub async fn get(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        selector: Selector,
    ) -> Result<Arc<FlowAnswer>, RegistryError> {
        match selector {
            Selector::Current => {
                let answer = self.current(caller, flow_id, Shown::Draft).await?;
                if answer.record.deleted { Err(RegistryError::FlowNotFound) } else { Ok(answer) }
            }
            Selector::Draft => self.current(caller, flow_id, Shown::Draft).await,
            Selector::Published => {
                let answer = self.current(caller, flow_id, Shown::InForce).await?;
                match &answer.record.published {
                    None => Err(RegistryError::NotPublished(answer.current_version())),
                    Some(_) => Ok(answer),
                }
            }
            Selector::Version(version) => self.version(caller, flow_id, version).await,
            Selector::AsOf(moment) => {
                // Boxed: reads of flows as they are now would carry its 4 KB along.
                let version = Box::pin(self.version_of(caller.org_id, flow_id, moment)).await?;
                self.version(caller, flow_id, version.ok_or(RegistryError::FlowNotFound)?).await
            }
        }
    }

    /// The version of a flow at a moment.
    async fn version_of(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        moment: LogMoment,
    ) -> Result<Option<i64>, StoreError> {
        match moment {
            LogMoment::Position(position) => self.store.version_at(org_id, flow_id, position).await,
            LogMoment::Before(instant) => self.store.version_before(org_id, flow_id, instant).await,
        }
    }

    /// A flow as the database says it is now, deleted or not.
    pub(super) async fn current(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        shown: Shown,
    ) -> Result<Arc<FlowAnswer>, RegistryError> {
        let flow = self.stored(caller.org_id, flow_id, shown).await?;
        seen_by(caller, flow.ok_or(RegistryError::FlowNotFound)?)
    }

    /// A flow as the database says it is now, whoever may see it; `None` where there is no such row.
    pub(super) async fn stored(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        shown: Shown,
    ) -> Result<Option<Arc<FlowAnswer>>, RegistryError> {
        let remembered = self.memory.flow(org_id, flow_id, Which::Now(shown));
        let known = self.known_document(org_id, flow_id, remembered.as_ref());
        let trusted = remembered.filter(RememberedFlow::is_trusted).map(|remembered| remembered.flow);
        let question = CurrentFlow {
            org_id,
            flow_id,
            in_force: shown == Shown::InForce,
            version: trusted.as_ref().map(|flow| flow.record.version),
            known: known.as_ref().map(|document| document.digest()),
        };
        Ok(match self.flows.ask(question).await? {
            FoundFlow::Unchanged => trusted,
            FoundFlow::Missing => None,
            FoundFlow::Stored(record, content) => {
                let document = LoadedDocument::found(&record, shown.digest(&record), content, known)?;
                let flow = FlowAnswer::new(org_id, *record, document);
                self.memory.keep(Which::Now(shown), &flow);
                Some(flow)
            }
        })
    }

    /// A flow as it stood after its event `version`.
    pub(super) async fn version(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        version: i64,
    ) -> Result<Arc<FlowAnswer>, RegistryError> {
        let org_id = caller.org_id;
        let remembered = self.memory.version(org_id, flow_id, version);
        let document = self.known_document(org_id, flow_id, remembered.as_ref());
        let known = document.as_ref().map(|document| document.digest());
        let trusted = remembered.filter(RememberedFlow::is_trusted).map(|remembered| remembered.flow);
        let bound_to = trusted.as_ref().map(|flow| flow.record.phone_number_id.clone());
        let found = self.versions.ask(FlowAtVersion { org_id, flow_id, version, known, bound_to }).await?;
        match (found, trusted) {
            (FoundFlow::Unchanged, Some(flow)) => seen_by(caller, flow),
            (FoundFlow::Stored(record, content), _) => {
                let document = LoadedDocument::found(&record, record.document, content, document)?;
                let flow = FlowAnswer::new(org_id, *record, document);
                self.memory.keep_version(&flow)?;
                seen_by(caller, flow)
            }
            // Tells a flow without that version from no flow at all.
            (FoundFlow::Missing | FoundFlow::Unchanged, _) => {
                self.current(caller, flow_id, Shown::Draft).await?;
                Err(RegistryError::VersionNotFound)
            }
        }
    }

    /// The document a flow was last seen with, in the state that is wanted or else as a draft: a read that finds the same
    /// needs no bytes.
    fn known_document(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        remembered: Option<&RememberedFlow>,
    ) -> Option<Arc<LoadedDocument>> {
        match remembered {
            Some(remembered) => Some(Arc::clone(&remembered.flow.document)),
            None => Some(Arc::clone(&self.unproven(org_id, flow_id)?.document)),
        }
    }

    /// What a command on a flow has to know: the flow, or what its idempotency key was answered with.
    pub(super) async fn for_command(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        idempotency_key: &str,
    ) -> Result<ForCommand, RegistryError> {
        let document = self.known_document(org_id, flow_id, None);
        let known = document.as_ref().map(|document| document.digest());
        let read = self.store.read_for_command(org_id, flow_id, known, idempotency_key).await?;
        if let Some(answered) = read.answered {
            return Ok(ForCommand::Answered(answered));
        }
        let (record, content) = read.flow.ok_or(RegistryError::FlowNotFound)?;
        let document = LoadedDocument::found(&record, record.document, content, document)?;
        let flow = FlowAnswer::new(org_id, record, document);
        self.observe(&flow);
        Ok(ForCommand::Flow(flow))
    }

    /// A flow as it was last seen with its draft, however long ago. May be decided on, where an append proves it; must
    /// not be shown to anybody.
    pub(super) fn unproven(&self, org_id: Uuid, flow_id: Uuid) -> Option<Arc<FlowAnswer>> {
        self.memory.flow(org_id, flow_id, Which::Now(Shown::Draft)).map(|remembered| remembered.flow)
    }

    /// Remembers a flow that was just read with its draft, or written.
    pub(super) fn observe(&self, flow: &Arc<FlowAnswer>) {
        self.memory.keep(Which::Now(Shown::Draft), flow);
    }

    /// Forgets all of an organization, because content of it was erased.
    pub(super) fn forget_organization(&self, org_id: Uuid) {
        self.memory.forget_organization(org_id);
    }

    /// Lets go of all that was read, of whatever organization.
    pub(super) fn forget_all(&self) {
        self.memory.forget_all();
    }

    /// Forgets how a flow was last seen, because the database contradicts it.
    pub(super) fn invalidate(&self, org_id: Uuid, flow_id: Uuid) {
        self.memory.forget(org_id, flow_id);
    }
}

/// What a command under an idempotency key finds.
pub(super) enum ForCommand {
    Flow(Arc<FlowAnswer>),
    Answered(Answered),
}

impl Shown {
    /// The digest of the document that is shown of a state.
    fn digest(self, record: &FlowRecord) -> Digest {
        match (self, &record.published) {
            (Self::InForce, Some(published)) => published.document,
            _ => record.document,
        }
    }
}

/// A flow that is bound to a number the caller does not see is not found.
fn seen_by(caller: &Caller, flow: Arc<FlowAnswer>) -> Result<Arc<FlowAnswer>, RegistryError> {
    match caller.sees(flow.record.phone_number_id.as_deref()) {
        true => Ok(flow),
        false => Err(RegistryError::FlowNotFound),
    }
}
