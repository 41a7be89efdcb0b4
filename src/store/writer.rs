//! The writer: the one way into the log, one for each process. A lone append goes out at once; those that come while
//! a call is in flight go together in the next one, because most of an append's cost is its transaction's.
//! It waits for the database no longer than a caller would, and repeats what a lost connection left open.

use std::mem::size_of_val;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Append, NewEvent, Outcome, Store, StoreError};

/// Rows of one call. Beyond this the commit is no longer what a row costs.
const ROWS_MAX: usize = 64;
/// Bytes of rows that may wait, in units of [`UNIT`]: what a stalled database costs in memory.
const WAITING_UNITS_MAX: usize = 32 * 1024;
const UNIT: usize = 1024;
/// Rows that may wait, whatever their size.
const WAITING_MAX: usize = 8192;
/// How long an append may take in all, waits, lost connections and a slow standby included.
const APPEND_WITHIN: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// A handle on the writer; it ends when the last handle is dropped and nothing waits.
#[derive(Debug, Clone)]
pub struct Writer {
    queue: mpsc::Sender<(Append, Ticket)>,
    memory: Arc<Semaphore>,
}

/// What goes with a waiting row: until when, whom to tell, and the memory it was granted.
#[derive(Debug)]
struct Ticket {
    deadline: Instant,
    tell: oneshot::Sender<Result<Outcome, StoreError>>,
    _memory: OwnedSemaphorePermit,
}

impl Ticket {
    /// The caller may have gone; the row is appended all the same.
    fn tell(self, outcome: Result<Outcome, StoreError>) {
        let _ = self.tell.send(outcome);
    }
}

impl Writer {
    /// Starts the writer on the current runtime.
    pub fn start(store: Store) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(run(store, waiting));
        Self { queue, memory: Arc::new(Semaphore::new(WAITING_UNITS_MAX)) }
    }

    /// Appends one row. [`StoreError::OutcomeUnknown`] means that only the database knows whether it happened,
    /// [`StoreError::Overloaded`] that it did not because too much waits already.
    ///
    /// Once accepted a row is appended even when the caller no longer waits for it.
    pub async fn append(&self, row: Append) -> Result<Outcome, StoreError> {
        let units = u32::try_from(size(&row).div_ceil(UNIT)).unwrap_or(u32::MAX);
        let memory =
            Arc::clone(&self.memory).try_acquire_many_owned(units).map_err(|_| StoreError::Overloaded)?;
        let (tell, told) = oneshot::channel();
        let deadline = Instant::now() + APPEND_WITHIN;
        let ticket = Ticket { deadline, tell, _memory: memory };
        self.queue.try_send((row, ticket)).map_err(|_| StoreError::Overloaded)?;
        match timeout_at(deadline, told).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Err(late()),
        }
    }
}

fn late() -> StoreError {
    StoreError::OutcomeUnknown("the database did not answer in time".to_owned())
}

/// What a waiting row takes in memory, in bytes.
fn size(row: &Append) -> usize {
    let bytes = |event: &NewEvent| {
        event.payload.len()
            + event.context.len()
            + event.document_bytes.as_ref().map_or(0, |bytes| bytes.len())
    };
    size_of_val(row) + row.event.as_ref().map_or(0, bytes)
}

async fn run(store: Store, mut queue: mpsc::Receiver<(Append, Ticket)>) {
    let mut batch = Vec::with_capacity(ROWS_MAX);
    while queue.recv_many(&mut batch, ROWS_MAX).await > 0 {
        // Organizations ascending, as the append wants its rows; the sort is stable, so a stream keeps its order.
        batch.sort_by_key(|(row, _)| (row.org_id, row.stream_id));
        let (rows, tickets): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        append_together(&store, &rows, tickets).await;
    }
}

/// Appends rows in one call or, where that fails for a reason a single row may be the cause of, one by one: an error
/// in one row harms no other.
async fn append_together(store: &Store, rows: &[Append], tickets: Vec<Ticket>) {
    let deadline = tickets.iter().map(|ticket| ticket.deadline).min().unwrap_or_else(Instant::now);
    match append_until(store, rows, deadline).await {
        Ok(outcomes) => {
            for (ticket, outcome) in tickets.into_iter().zip(outcomes) {
                ticket.tell(Ok(outcome));
            }
        }
        Err(error) if rows.len() > 1 => {
            tracing::warn!(%error, rows = rows.len(), "appending one by one what failed together");
            for (row, ticket) in rows.iter().zip(tickets) {
                let outcome = append_until(store, std::slice::from_ref(row), ticket.deadline).await;
                ticket.tell(outcome.map(|outcomes| outcomes[0]));
            }
        }
        Err(error) => {
            if let Some(ticket) = tickets.into_iter().next() {
                ticket.tell(Err(error));
            }
        }
    }
}

/// Repeats a call while the database is away: the event ids in it make that safe.
async fn append_until(store: &Store, rows: &[Append], deadline: Instant) -> Result<Vec<Outcome>, StoreError> {
    let mut pause = FIRST_PAUSE;
    let mut in_doubt = false;
    loop {
        let error = match timeout_at(deadline, store.append(rows)).await {
            Ok(Ok(outcomes)) => return Ok(outcomes),
            Ok(Err(error)) => error,
            Err(_) => late(),
        };
        in_doubt |= matches!(error, StoreError::OutcomeUnknown(_));
        let repeat = matches!(error, StoreError::OutcomeUnknown(_) | StoreError::Unavailable(_));
        if !repeat || Instant::now() + pause >= deadline {
            return Err(match error {
                StoreError::Unavailable(cause) if in_doubt => StoreError::OutcomeUnknown(cause.to_string()),
                error => error,
            });
        }
        tracing::warn!(%error, "repeating an append");
        sleep(pause).await;
        pause *= 2;
    }
}
