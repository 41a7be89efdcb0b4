//! A walk that finds alterations of the database without anybody asking for a verification. It computes the hashes of each
//! log from the first event to the head, and compares each document with its digest and each answer of an idempotency key
//! with its record. It takes a few rows at a time, and covers all organizations again and again. It reads the primary, by whose
//! content clients are answered.

use uuid::Uuid;

use crate::evidence::{Alteration, ChainVerifier};
use crate::flow::chain::chain_start;
use crate::flow::digest::Digest;
use crate::store::{Store, StoreError};

/// Events of one look.
const PART: i64 = 250;
/// Documents of one look, in bytes; the last of them may go beyond it.
const DOCUMENT_BYTES: i64 = 1 << 19;
/// Of a look, generously.
const STATEMENTS_MAX: u32 = 8;

/// The stored content of all organizations.
#[derive(Debug, Clone)]
pub struct Integrity {
    store: Store,
}

/// Something that is not what was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrityFailure {
    pub organization: Uuid,
    pub what: String,
}

/// What one look came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Events that were found good.
    pub events: u64,
    pub failures: Vec<IntegrityFailure>,
}

/// A walk over all organizations.
#[derive(Debug)]
pub struct IntegrityWalk {
    store: Store,
    at: Option<Place>,
}

/// Where in an organization a walk is.
#[derive(Debug)]
struct Place {
    org_id: Uuid,
    /// `None` once the end was reached, or the first event that is not as it was.
    chain: Option<ChainVerifier>,
    /// The last document that was looked at.
    document: Option<Digest>,
}

impl Place {
    fn start(org_id: Uuid) -> Self {
        let chain = ChainVerifier::new(org_id, 0, chain_start(org_id), Vec::new(), Vec::new());
        Self { org_id, chain: chain.ok(), document: None }
    }

    fn failure(&self, what: String) -> IntegrityFailure {
        IntegrityFailure { organization: self.org_id, what }
    }
}

impl Integrity {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }

    /// A walk from the first organization on.
    pub async fn walk(&self) -> Result<IntegrityWalk, StoreError> {
        let mut walk = IntegrityWalk { store: self.store.clone(), at: None };
        walk.leave_organization().await?;
        Ok(walk)
    }
}

impl IntegrityWalk {
    /// The organization that is looked at next.
    pub fn organization(&self) -> Option<Uuid> {
        self.at.as_ref().map(|place| place.org_id)
    }

    /// The next look; `None` at the end. After an error the walk can go on where it was.
    pub async fn next(&mut self) -> Result<Option<Look>, StoreError> {
        let Self { store, at } = self;
        let Some(place) = at else { return Ok(None) };
        if let Some(chain) = &mut place.chain {
            let looked = store.in_time_for(STATEMENTS_MAX, next_events(store, place.org_id, chain)).await?;
            return Ok(Some(match looked {
                Ok(0) => {
                    place.chain = None;
                    Look::default()
                }
                Ok(events) => Look { events, failures: Vec::new() },
                Err(Alteration { position, what }) => {
                    place.chain = None;
                    let failure = place.failure(format!("position {position}: {what}"));
                    Look { events: 0, failures: vec![failure] }
                }
            }));
        }
        let look = next_documents(store, place);
        if let Some(failures) = store.in_time_for(STATEMENTS_MAX, look).await? {
            return Ok(Some(Look { events: 0, failures }));
        }
        let org_id = place.org_id;
        let failures = match store.in_time(store.altered_idempotency_keys(org_id)).await? {
            0 => Vec::new(),
            count => {
                vec![place.failure(format!("{count} idempotency keys have other answers than were recorded"))]
            }
        };
        self.leave_organization().await?;
        Ok(Some(Look { events: 0, failures }))
    }

    /// Goes on with the next organization.
    pub async fn leave_organization(&mut self) -> Result<(), StoreError> {
        let (org_id, store) = (self.organization(), &self.store);
        let next = store.in_time(store.organization_after(org_id)).await?;
        self.at = next.map(Place::start);
        Ok(())
    }
}

/// How many further events are as they were recorded and have their documents; none at the end of the log, where its
/// head is.
async fn next_events(
    store: &Store,
    org_id: Uuid,
    chain: &mut ChainVerifier,
) -> Result<Result<u64, Alteration>, StoreError> {
    let mut reading = store.reading().await?;
    let events = reading.events(org_id, chain.position(), PART).await?;
    if events.is_empty() {
        let head = reading.head(org_id).await?.unwrap_or((0, chain_start(org_id)));
        if let Some(absent) = chain.unrecorded() {
            return Ok(Err(absent));
        }
        if head == (chain.position(), chain.chain_hash()) {
            return Ok(Ok(0));
        }
        let what = "the log does not lead to its head".to_owned();
        return Ok(Err(Alteration { position: chain.position() + 1, what }));
    }
    let digests: Vec<Digest> = events.iter().filter_map(|event| event.state.document).collect();
    let absent = reading.still(org_id).absent_documents(&digests).await?;
    let begun = chain.position();
    for event in &events {
        let has_row = event.state.document.and_then(|document| absent.get(&document));
        if let Err(altered) = chain.event_alone(event, has_row.is_some()) {
            return Ok(Err(altered));
        }
        if has_row == Some(&false) {
            let what = "its document is missing".to_owned();
            return Ok(Err(Alteration { position: event.position, what }));
        }
    }
    Ok(Ok((chain.position() - begun).unsigned_abs()))
}

/// What is wrong with the next documents; `None` when there are no more.
async fn next_documents(
    store: &Store,
    place: &mut Place,
) -> Result<Option<Vec<IntegrityFailure>>, StoreError> {
    let documents = store.documents_after(place.org_id, place.document, DOCUMENT_BYTES).await?;
    let Some(last) = documents.last() else { return Ok(None) };
    let mut failures = Vec::new();
    for document in &documents {
        if document.bytes.as_deref().is_some_and(|bytes| Digest::of(bytes) != document.digest) {
            let digest = document.digest;
            let what = match store.event_of_document(place.org_id, digest).await? {
                Some((flow, version)) => {
                    format!("the document {digest} of version {version} of the flow {flow} is another")
                }
                None => format!("the document {digest}, to which no event refers, is another"),
            };
            failures.push(place.failure(what));
        }
    }
    place.document = Some(last.digest);
    Ok(Some(failures))
}
