//! The reader of flows as they are now. A read goes out at once while few statements are under way; those that come
//! meanwhile go together in the next one, because most of what a read costs is its statement's.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use sqlx::Row;
use sqlx::postgres::PgRow;
use tokio::sync::{Mutex, mpsc, oneshot};
use uuid::Uuid;

use super::flows::{FlowRecord, read_bytes, read_view, view_columns};
use super::{Store, StoreError};
use crate::flow::digest::Digest;

/// Statements under way at once. More of them would share less.
const STATEMENTS_MAX: usize = 2;
/// Reads of one statement.
const READS_MAX: usize = 64;
/// Reads that may wait; who comes after them waits to be let in.
const WAITING_MAX: usize = 1024;

/// One flow that somebody wants to see.
#[derive(Debug, Clone, Copy)]
pub struct CurrentFlow {
    pub org_id: Uuid,
    pub flow_id: Uuid,
    /// Whether the document in force is wanted instead of the draft.
    pub in_force: bool,
    /// The digest of the document whose bytes the caller has already.
    pub known: Option<Digest>,
}

/// The flow, if there is one, and its document's bytes, if they were wanted and not erased.
type Found = Option<(FlowRecord, Option<Bytes>)>;

#[derive(Debug)]
struct Waiting {
    wanted: CurrentFlow,
    tell: oneshot::Sender<Result<Found, StoreError>>,
}

/// A handle on the reader; it ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Reader {
    queue: mpsc::Sender<Waiting>,
}

/// $1 to $4: organization, flow, whether the document in force is wanted, the digest the caller has the bytes of.
/// The view is probed by its key for each, whatever the planner thinks of the tables.
const TOGETHER: &str = concat!(
    "SELECT k.n, ",
    view_columns!(),
    ", (SELECT d.bytes FROM document d WHERE d.org_id = v.org_id AND d.digest IS DISTINCT FROM k.known \
        AND d.digest = CASE WHEN k.in_force THEN v.published_digest ELSE v.document_digest END) AS bytes \
     FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::bytea[]) \
       WITH ORDINALITY AS k (org_id, flow_id, in_force, known, n) CROSS JOIN LATERAL \
       (SELECT * FROM flow_view f WHERE f.org_id = k.org_id AND f.flow_id = k.flow_id OFFSET 0) AS v"
);

impl Reader {
    /// Starts the reader on the current runtime.
    pub fn start(store: Store) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..STATEMENTS_MAX {
            tokio::spawn(run(store.clone(), Arc::clone(&waiting)));
        }
        Self { queue }
    }

    /// A flow as it is now, deleted ones too.
    pub async fn flow(&self, wanted: CurrentFlow) -> Result<Found, StoreError> {
        let gone = || StoreError::Unavailable(sqlx::Error::PoolClosed);
        let (tell, told) = oneshot::channel();
        self.queue.send(Waiting { wanted, tell }).await.map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

async fn run(store: Store, queue: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
    let mut waiting = Vec::with_capacity(READS_MAX);
    while queue.lock().await.recv_many(&mut waiting, READS_MAX).await > 0 {
        // Who has hung up meanwhile is not read for.
        waiting.retain(|waiting| !waiting.tell.is_closed());
        let wanted: Vec<CurrentFlow> = waiting.iter().map(|waiting| waiting.wanted).collect();
        let found = store.flows(&wanted).await;
        for (waiting, found) in waiting.drain(..).zip(found) {
            let _ = waiting.tell.send(found);
        }
    }
}

impl Store {
    /// What became of each read. Where reading together fails, each is tried alone: nobody gets another's error.
    async fn flows(&self, wanted: &[CurrentFlow]) -> Vec<Result<Found, StoreError>> {
        if wanted.len() > 1 {
            match self.flows_together(wanted).await {
                Ok(found) => return found.into_iter().map(Ok).collect(),
                Err(error) => tracing::warn!(%error, reads = wanted.len(), "reading one by one"),
            }
        }
        let alone =
            |wanted: &CurrentFlow| self.flow(wanted.org_id, wanted.flow_id, wanted.in_force, wanted.known);
        join_all(wanted.iter().map(alone)).await
    }

    async fn flows_together(&self, wanted: &[CurrentFlow]) -> Result<Vec<Found>, StoreError> {
        let known = |wanted: &CurrentFlow| wanted.known.map(|digest| digest.as_bytes().to_vec());
        let rows = sqlx::query(TOGETHER)
            .bind(wanted.iter().map(|wanted| wanted.org_id).collect::<Vec<_>>())
            .bind(wanted.iter().map(|wanted| wanted.flow_id).collect::<Vec<_>>())
            .bind(wanted.iter().map(|wanted| wanted.in_force).collect::<Vec<_>>())
            .bind(wanted.iter().map(known).collect::<Vec<_>>())
            .fetch_all(self.pool())
            .await?;
        let mut found = vec![None; wanted.len()];
        for row in &rows {
            let place = place(row)?;
            *found
                .get_mut(place)
                .ok_or_else(|| StoreError::corrupt("a read", "a row that nobody asked for"))? =
                Some((read_view(row)?, read_bytes(row)?));
        }
        Ok(found)
    }
}

/// Which of the reads a row answers.
fn place(row: &PgRow) -> Result<usize, StoreError> {
    let number: i64 = row.try_get("n")?;
    usize::try_from(number - 1).map_err(|_| StoreError::corrupt("a read", "an ordinal below 1"))
}
