//! The reader of flows as they are now. Reads that wait at the same moment go together in one statement, because most of
//! what a read costs is its statement's.

use std::time::Duration;

use bytes::Bytes;
use sqlx::Row;
use sqlx::postgres::PgRow;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::timeout;
use uuid::Uuid;

use super::append::column;
use super::flows::{FlowRecord, read_bytes, read_view, view_columns};
use super::{Store, StoreError};

/// Reads of one statement.
const READS_MAX: usize = 64;
/// Reads that may wait; who comes after them waits to be let in.
const WAITING_MAX: usize = 1024;
/// How long a statement may take. Others wait behind it, so a lost connection must not hold them for ever.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// One flow that somebody wants to see as it is now, deleted or not.
#[derive(Debug, Clone, Copy)]
pub struct CurrentFlow {
    pub org_id: Uuid,
    pub flow_id: Uuid,
    /// Whether the document in force is wanted instead of the draft.
    pub in_force: bool,
    /// The version of which the caller has everything already.
    pub known: Option<i64>,
}

/// What a read found.
#[derive(Debug, Clone)]
pub enum FoundFlow {
    Missing,
    /// The flow is at the version the caller knows.
    Unchanged,
    /// The flow, and its document's bytes unless they were erased.
    Stored(Box<FlowRecord>, Option<Bytes>),
}

#[derive(Debug)]
struct Waiting {
    wanted: CurrentFlow,
    tell: oneshot::Sender<Result<FoundFlow, StoreError>>,
}

/// A handle on the reader; it ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Reader {
    queue: mpsc::Sender<Waiting>,
}

/// $1 to $4: organization, flow, whether the document in force is wanted, the version the caller knows. The view is
/// probed by its key for each, whatever the planner thinks of the tables; what is unchanged leads to no row.
const TOGETHER: &str = concat!(
    "SELECT k.n, ",
    view_columns!(),
    ", (SELECT d.bytes FROM document d WHERE d.org_id = v.org_id \
        AND d.digest = CASE WHEN k.in_force THEN v.published_digest ELSE v.document_digest END) AS bytes \
     FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::bigint[]) \
       WITH ORDINALITY AS k (org_id, flow_id, in_force, known, n) LEFT JOIN LATERAL \
       (SELECT * FROM flow_view f WHERE f.org_id = k.org_id AND f.flow_id = k.flow_id OFFSET 0) AS v ON true \
     WHERE k.known IS NULL OR v.version IS DISTINCT FROM k.known"
);

impl Reader {
    /// Starts the reader on the current runtime.
    pub fn start(store: Store) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(run(store, waiting));
        Self { queue }
    }

    /// A flow as it is now, deleted ones too.
    pub async fn flow(&self, wanted: CurrentFlow) -> Result<FoundFlow, StoreError> {
        let gone = || StoreError::Unavailable(sqlx::Error::PoolClosed);
        let (tell, told) = oneshot::channel();
        self.queue.send(Waiting { wanted, tell }).await.map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

/// One statement at a time: with a second one under way both share less, and together they do not read more.
async fn run(store: Store, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::with_capacity(READS_MAX);
    while gather(&mut waiting, &mut queue).await {
        // Who has hung up meanwhile is not read for.
        waiting.retain(|waiting| !waiting.tell.is_closed());
        let wanted: Vec<CurrentFlow> = waiting.iter().map(|waiting| waiting.wanted).collect();
        let found = store.each_flow(&wanted).await;
        for (waiting, found) in waiting.drain(..).zip(found) {
            let _ = waiting.tell.send(found);
        }
    }
}

/// Takes in who waits, and who comes to wait when the others that are ready have had their turn; `false` at the end.
async fn gather(waiting: &mut Vec<Waiting>, queue: &mut mpsc::Receiver<Waiting>) -> bool {
    if queue.recv_many(waiting, READS_MAX).await == 0 {
        return false;
    }
    loop {
        let before = waiting.len();
        yield_now().await;
        while waiting.len() < READS_MAX
            && let Ok(next) = queue.try_recv()
        {
            waiting.push(next);
        }
        if waiting.len() == before || waiting.len() == READS_MAX {
            return true;
        }
    }
}

impl Store {
    /// What became of each read. Where reading together fails, each is tried alone: nobody gets another's error.
    async fn each_flow(&self, wanted: &[CurrentFlow]) -> Vec<Result<FoundFlow, StoreError>> {
        match self.in_time(wanted).await {
            Ok(found) => return found.into_iter().map(Ok).collect(),
            // Nobody can be read for now.
            Err(StoreError::Unavailable(error)) => {
                let message = error.to_string();
                let away = || StoreError::Unavailable(sqlx::Error::Protocol(message.clone()));
                return wanted.iter().map(|_| Err(away())).collect();
            }
            Err(error) => tracing::warn!(%error, reads = wanted.len(), "reading one by one"),
        }
        let mut found = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let alone = self.in_time(std::slice::from_ref(wanted)).await;
            found.push(alone.map(|mut found| found.remove(0)));
        }
        found
    }

    async fn in_time(&self, wanted: &[CurrentFlow]) -> Result<Vec<FoundFlow>, StoreError> {
        let late = |_| StoreError::Unavailable(sqlx::Error::PoolTimedOut);
        timeout(READ_WITHIN, self.current_flows(wanted)).await.map_err(late)?
    }

    /// What there is of each, in one statement.
    pub async fn current_flows(&self, wanted: &[CurrentFlow]) -> Result<Vec<FoundFlow>, StoreError> {
        let rows = sqlx::query(TOGETHER)
            .bind(column(wanted, |wanted| wanted.org_id))
            .bind(column(wanted, |wanted| wanted.flow_id))
            .bind(column(wanted, |wanted| wanted.in_force))
            .bind(column(wanted, |wanted| wanted.known))
            .fetch_all(self.pool())
            .await?;
        let mut found = vec![FoundFlow::Unchanged; wanted.len()];
        for row in &rows {
            let place = place(row)?;
            *found
                .get_mut(place)
                .ok_or_else(|| StoreError::corrupt("a read", "a row that nobody asked for"))? =
                match row.try_get::<Option<Uuid>, _>("flow_id")? {
                    Some(_) => FoundFlow::Stored(Box::new(read_view(row)?), read_bytes(row)?),
                    None => FoundFlow::Missing,
                };
        }
        Ok(found)
    }
}

/// Which of the reads a row answers.
fn place(row: &PgRow) -> Result<usize, StoreError> {
    let number: i64 = row.try_get("n")?;
    usize::try_from(number - 1).map_err(|_| StoreError::corrupt("a read", "an ordinal below 1"))
}
