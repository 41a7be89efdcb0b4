//! The writer: the one way into the log, and into the test runs, one each for each process. A lone row goes out at
//! once; those that come while a call is in flight go together in the next one, because most of what a row costs is
//! its transaction. It waits for the database no longer than a caller would, and repeats what a lost connection left
//! open.

use std::collections::HashSet;
use std::future::Future;
use std::hash::Hash;
use std::mem::take;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use metrics::{Gauge, Histogram};
use sqlx::PgConnection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::form::Form;
use super::lane::{Lane, Put, lane_of};
use super::{Store, StoreError};

/// Rows of one call. Beyond this the commit is no longer what a row costs.
const ROWS_MAX: usize = 64;
/// Bytes of rows that may wait, in units of [`UNIT`]: what a stalled database costs in memory.
const WAITING_UNITS_MAX: usize = 32 * 1024;
const UNIT: usize = 1024;
/// Rows that may wait, whatever their size.
const WAITING_MAX: usize = 8192;
/// How long an append may take in all, waits, lost connections and a slow standby included.
const APPEND_WITHIN: Duration = Duration::from_secs(10);
/// What a caller waits beyond that for the writer to say what became of its row.
const GRACE: Duration = Duration::from_millis(500);
/// How long a log may be held by somebody else before its rows are given up: those of other logs wait behind them.
pub const LOCKED_FOR: Duration = Duration::from_secs(2);
/// Connections of a writer to a database that is distributed by organization: each organization has its lane.
const LANES: usize = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// A database that comes back finds its writer there soon, however long it was away.
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// What a writer writes.
pub trait Row: Send + Sync + Sized + 'static {
    type Outcome: Send;
    /// What only one row of a call can have.
    type Claim: Eq + Hash + Send;
    /// What the writer remembers from one call to the next.
    type Memory: Send;
    /// What the rows are called in the numbers of the process.
    const WRITER: &'static str;

    /// Of a writer that remembers nothing yet.
    fn memory(form: Form) -> Self::Memory;

    /// What the row takes in memory while it waits, in bytes.
    fn size(&self) -> usize;

    /// Rows that go together are sorted by this: organizations ascending. Rows with equal keys stay as they came.
    fn order(&self) -> (Uuid, Uuid);

    fn claims(&self) -> impl Iterator<Item = Self::Claim>;

    /// Writes rows in one transaction and returns one outcome for each. Called again with the same rows after
    /// [`StoreError::OutcomeUnknown`], it finds what it has done already.
    fn write(
        connection: &mut PgConnection,
        memory: &mut Self::Memory,
        rows: &[Self],
    ) -> impl Future<Output = Result<Vec<Self::Outcome>, StoreError>> + Send;
}

/// A handle on the writer; it ends when the last handle is dropped and nothing waits.
#[derive(Debug)]
pub struct Writer<R: Row> {
    queues: Arc<[mpsc::Sender<Waiting<R>>]>,
    memory: Arc<Semaphore>,
    rows_waiting: Gauge,
}

type Waiting<R> = (R, Ticket<<R as Row>::Outcome>);

/// What goes with a waiting row: until when, whom to tell, and the memory it was granted.
#[derive(Debug)]
struct Ticket<O> {
    deadline: Instant,
    tell: oneshot::Sender<Result<O, StoreError>>,
    _memory: OwnedSemaphorePermit,
    _counted: CountedRow,
}

/// A row that is counted as waiting, until it is dropped.
#[derive(Debug)]
struct CountedRow(Gauge);

impl CountedRow {
    fn new(rows_waiting: &Gauge) -> Self {
        rows_waiting.increment(1.0);
        Self(rows_waiting.clone())
    }
}

impl Drop for CountedRow {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

impl<O> Ticket<O> {
    /// The caller may have gone; the row is appended all the same.
    fn tell(self, outcome: Result<O, StoreError>) {
        let _ = self.tell.send(outcome);
    }
}

impl<R: Row> Clone for Writer<R> {
    fn clone(&self) -> Self {
        let (queues, memory) = (Arc::clone(&self.queues), Arc::clone(&self.memory));
        Self { queues, memory, rows_waiting: self.rows_waiting.clone() }
    }
}

impl<R: Row> Writer<R> {
    /// Starts the writer on the current runtime.
    pub fn start(store: &Store) -> Self {
        let form = store.form();
        let start_lane = |_| {
            let (queue, waiting) = mpsc::channel(WAITING_MAX);
            tokio::spawn(run(
                Pen::<R> {
                    lane: store.lane(form).waiting_for_locks(LOCKED_FOR),
                    form,
                    memory: R::memory(form),
                    is_node_away: false,
                    rows_per_call: metrics::histogram!("writer_rows_per_call", "writer" => R::WRITER),
                },
                waiting,
            ));
            queue
        };
        let lanes = match form {
            Form::Together => 1,
            Form::OfOne => LANES,
        };
        let queues = (0..lanes).map(start_lane).collect();
        let rows_waiting = metrics::gauge!("writer_rows_waiting", "writer" => R::WRITER);
        rows_waiting.set(0.0);
        Self { queues, memory: Arc::new(Semaphore::new(WAITING_UNITS_MAX)), rows_waiting }
    }

    /// Appends one row. [`StoreError::OutcomeUnknown`] means that only the database knows whether it happened,
    /// [`StoreError::Overloaded`] that it did not because too much waits already.
    ///
    /// Once accepted a row is appended even when the caller no longer waits for it.
    pub async fn append(&self, row: R) -> Result<R::Outcome, StoreError> {
        let units = u32::try_from(row.size().div_ceil(UNIT)).unwrap_or(u32::MAX);
        let memory =
            Arc::clone(&self.memory).try_acquire_many_owned(units).map_err(|_| StoreError::Overloaded)?;
        let (tell, told) = oneshot::channel();
        let deadline = Instant::now() + APPEND_WITHIN;
        let ticket =
            Ticket { deadline, tell, _memory: memory, _counted: CountedRow::new(&self.rows_waiting) };
        let (org_id, _) = row.order();
        let queue = &self.queues[lane_of(org_id, self.queues.len())];
        queue.try_send((row, ticket)).map_err(|_| StoreError::Overloaded)?;
        // The writer knows better than the clock what became of the row.
        match timeout_at(deadline + GRACE, told).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Err(late()),
        }
    }
}

/// What the writer writes with.
struct Pen<R: Row> {
    lane: Lane,
    form: Form,
    memory: R::Memory,
    /// Whether the last write failed though the connection lives: a node of a distributed database is away.
    is_node_away: bool,
    rows_per_call: Histogram,
}

impl<R: Row> Pen<R> {
    async fn write(&mut self, rows: &[R]) -> Result<Vec<R::Outcome>, StoreError> {
        self.is_node_away = false;
        let learned_from = self.lane.generation();
        let mut connection = self.lane.take().await?;
        if self.lane.generation() != learned_from {
            // Another server may lack what the one before had said.
            self.memory = R::memory(self.form);
        }
        let write = AssertUnwindSafe(R::write(&mut connection, &mut self.memory, rows)).catch_unwind();
        let left = |why: &str| Ok(Err(StoreError::OutcomeUnknown(why.to_owned())));
        let Ok(outcomes) = self.lane.while_in_use(write, left).await else {
            // Everybody's writes go this way: what one row does to it ends with that row.
            self.memory = R::memory(self.form);
            return Err(StoreError::corrupt("a write", "its rows could not be handled; the panic is logged"));
        };
        self.is_node_away = self.lane.put(connection, outcomes.as_ref().err()).await == Put::OfNodeAway;
        outcomes
    }
}

fn late() -> StoreError {
    StoreError::OutcomeUnknown("the database did not answer in time".to_owned())
}

async fn run<R: Row>(mut pen: Pen<R>, mut queue: mpsc::Receiver<Waiting<R>>) {
    let mut waiting = Vec::with_capacity(ROWS_MAX);
    while fill(&mut waiting, &mut queue).await {
        refuse_late(&mut waiting);
        let call = match pen.form {
            Form::Together => next_call(&mut waiting),
            Form::OfOne => next_call_of_one(&mut waiting),
        };
        let (rows, tickets): (Vec<_>, Vec<_>) = call.into_iter().unzip();
        if !rows.is_empty() {
            pen.rows_per_call.record(rows.len() as f64);
        }
        append_together(&mut pen, &rows, tickets).await;
    }
}

/// Takes in what waits, after what waits already; `false` at the end.
async fn fill<R: Row>(waiting: &mut Vec<Waiting<R>>, queue: &mut mpsc::Receiver<Waiting<R>>) -> bool {
    if waiting.is_empty() {
        return queue.recv_many(waiting, ROWS_MAX).await > 0;
    }
    while waiting.len() < ROWS_MAX
        && let Ok(row) = queue.try_recv()
    {
        waiting.push(row);
    }
    true
}

/// Lets go of rows that nobody waits for any more, before anything is done for them.
fn refuse_late<R: Row>(waiting: &mut Vec<Waiting<R>>) {
    let now = Instant::now();
    for (_, ticket) in waiting.extract_if(.., |(_, ticket)| ticket.deadline <= now) {
        ticket.tell(Err(StoreError::Overloaded));
    }
}

/// The rows that can share a call, in its order. The others stay, as they came, for the next one.
fn next_call<R: Row>(waiting: &mut Vec<Waiting<R>>) -> Vec<Waiting<R>> {
    waiting.sort_by_key(|(row, _)| row.order());
    let mut claimed = HashSet::new();
    // A row that stays keeps its claims: who comes after it on its stream stays too.
    let mut is_free = |row: &R| {
        let mut is_free = true;
        for claim in row.claims() {
            is_free &= claimed.insert(claim);
        }
        is_free
    };
    let (call, later) = take(waiting).into_iter().partition(|(row, _)| is_free(row));
    *waiting = later;
    call
}

/// The rows of one organization that can share a call: of the one whose row waits longest.
fn next_call_of_one<R: Row>(waiting: &mut Vec<Waiting<R>>) -> Vec<Waiting<R>> {
    let Some(org_id) = waiting.first().map(|(row, _)| row.order().0) else { return Vec::new() };
    let mut of_one: Vec<_> = waiting.extract_if(.., |(row, _)| row.order().0 == org_id).collect();
    let call = next_call(&mut of_one);
    // Others have had no turn yet.
    waiting.append(&mut of_one);
    call
}

/// Appends rows in one call or, where that fails for a reason a single row may be the cause of, one by one: an error
/// in one row harms no other.
async fn append_together<R: Row>(pen: &mut Pen<R>, rows: &[R], tickets: Vec<Ticket<R::Outcome>>) {
    let Some(deadline) = tickets.iter().map(|ticket| ticket.deadline).min() else { return };
    let mut in_doubt = false;
    match append_until(pen, rows, deadline, &mut in_doubt).await {
        Ok(outcomes) => {
            for (ticket, outcome) in tickets.into_iter().zip(outcomes) {
                ticket.tell(Ok(outcome));
            }
        }
        Err(error) if rows.len() > 1 => {
            tracing::warn!(%error, rows = rows.len(), "appending one by one what failed together");
            let mut held = None;
            for (row, ticket) in rows.iter().zip(tickets) {
                let (org_id, _) = row.order();
                if held == Some(org_id) {
                    ticket.tell(Err(if in_doubt { late() } else { StoreError::Overloaded }));
                    continue;
                }
                // What may have happened to all of them may have happened to each.
                let mut in_doubt = in_doubt;
                let row = std::slice::from_ref(row);
                let outcome = append_until(pen, row, ticket.deadline, &mut in_doubt).await;
                held = outcome.as_ref().err().filter(|error| error.is_locked()).map(|_| org_id).or(held);
                ticket.tell(outcome.and_then(|outcomes| outcomes.into_iter().next().ok_or_else(late)));
            }
        }
        Err(error) => {
            if let Some(ticket) = tickets.into_iter().next() {
                ticket.tell(Err(error));
            }
        }
    }
}

/// Repeats a call while the database is away: the ids in it make that safe. `in_doubt`: it may have happened already.
async fn append_until<R: Row>(
    pen: &mut Pen<R>,
    rows: &[R],
    deadline: Instant,
    in_doubt: &mut bool,
) -> Result<Vec<R::Outcome>, StoreError> {
    let mut pause = FIRST_PAUSE;
    if deadline <= Instant::now() {
        return Err(if *in_doubt { late() } else { StoreError::Overloaded });
    }
    loop {
        let error = match timeout_at(deadline, pen.write(rows)).await {
            Ok(Ok(outcomes)) => return Ok(outcomes),
            Ok(Err(error)) => error,
            Err(_) => late(),
        };
        *in_doubt |= matches!(error, StoreError::OutcomeUnknown(_));
        let passes = matches!(error, StoreError::OutcomeUnknown(_) | StoreError::Unavailable(_));
        // A lane that waits for a node holds up the organizations of others.
        let repeat = passes && !error.is_locked() && !pen.is_node_away;
        if !repeat || Instant::now() + pause >= deadline {
            return Err(if *in_doubt { error.in_doubt() } else { error });
        }
        tracing::warn!(%error, "repeating an append");
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
