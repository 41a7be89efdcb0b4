//! Readers: questions that wait at the same moment go together in one statement, because most of what an answer costs is
//! its statement's.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::append::column;
use super::form::Form;
use super::lane::{Lane, lane_of};
use super::{Store, StoreError};

/// Questions of one statement.
const TOGETHER_MAX: usize = 64;
/// Questions that may wait; who comes after them waits to be let in.
const WAITING_MAX: usize = 1024;
/// Lines to a database that is distributed by organization.
const LINES: usize = 4;
/// How long an answer may take in all: where the database stalls, who reads is told so, and may ask elsewhere.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What can be asked of the database together with others of its kind.
pub trait Question: Send + Sync + Sized + 'static {
    type Answer: Send;

    /// Whose data it is about.
    fn org_id(&self) -> Uuid;

    /// One answer for each question, in their order.
    fn ask(
        connection: &mut PgConnection,
        form: Form,
        questions: &[Self],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;
}

impl Form {
    /// Begins a statement about questions with what stands in its first parameter.
    pub(super) fn statement<Q: Question>(
        self,
        questions: &[Q],
        together: &'static str,
        of_one: &'static str,
    ) -> Query<'static, Postgres, PgArguments> {
        match (self, questions) {
            (Self::OfOne, [first, ..]) => sqlx::query(of_one).bind(first.org_id()),
            _ => sqlx::query(together).bind(column(questions, Question::org_id)),
        }
    }
}

#[derive(Debug)]
struct Waiting<Q: Question> {
    question: Q,
    deadline: Instant,
    tell: oneshot::Sender<Result<Q::Answer, StoreError>>,
}

/// A handle on a reader; it ends when the last handle is dropped.
#[derive(Debug)]
pub struct Reader<Q: Question> {
    way: Way<Q>,
    patience: Duration,
}

/// How questions get to the database.
#[derive(Debug)]
enum Way<Q: Question> {
    /// In a line, from which those that wait are taken together. Of several lines each organization has its own.
    Lines(Arc<[mpsc::Sender<Waiting<Q>>]>),
    /// Each by a connection of the pool.
    Pool(Store),
}

impl<Q: Question> Clone for Reader<Q> {
    fn clone(&self) -> Self {
        let way = match &self.way {
            Way::Lines(queues) => Way::Lines(Arc::clone(queues)),
            Way::Pool(store) => Way::Pool(store.clone()),
        };
        Self { way, patience: self.patience }
    }
}

impl<Q: Question> Reader<Q> {
    /// Starts the reader on the current runtime.
    pub fn start(store: &Store) -> Self {
        Self::over(store, store.form())
    }

    /// Starts a reader for a database that is distributed by organization.
    pub fn for_distributed(store: &Store) -> Self {
        Self::over(store, Form::OfOne)
    }

    /// A reader for few questions, each of which is asked alone.
    pub fn of_few(store: &Store) -> Self {
        Self { way: Way::Pool(store.clone()), patience: store.patience.min(ANSWER_WITHIN) }
    }

    fn over(store: &Store, form: Form) -> Self {
        let start_line = |_| {
            let (queue, waiting) = mpsc::channel(WAITING_MAX);
            tokio::spawn(run(store.lane(form), form, waiting));
            queue
        };
        let lines = match form {
            Form::Together => 1,
            Form::OfOne => LINES,
        };
        Self {
            way: Way::Lines((0..lines).map(start_line).collect()),
            patience: store.patience.min(ANSWER_WITHIN),
        }
    }

    /// Answers within a few seconds, or with [`StoreError::Unavailable`].
    pub async fn ask(&self, question: Q) -> Result<Q::Answer, StoreError> {
        let deadline = Instant::now() + self.patience;
        let gone = || StoreError::Unavailable(sqlx::Error::PoolClosed);
        let (tell, told) = oneshot::channel();
        let queue = match &self.way {
            Way::Lines(queues) => &queues[lane_of(question.org_id(), queues.len())],
            Way::Pool(store) => {
                // Boxed: taking a connection is 4 KB, which each read through lines would carry along. Moving them and
                // what else few reads need took a tenth of the processor time of a read.
                let answer = Box::pin(timeout_at(deadline, ask_alone(store, question))).await;
                return answer.unwrap_or_else(|_| Err(StoreError::late()));
            }
        };
        queue.send(Waiting { question, deadline, tell }).await.map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

async fn ask_alone<Q: Question>(store: &Store, question: Q) -> Result<Q::Answer, StoreError> {
    let mut connection = store.pool.acquire().await?;
    let mut answers = Q::ask(&mut connection, Form::OfOne, &[question]).await?;
    answers.pop().ok_or_else(|| StoreError::corrupt("a read", "no answer to a question"))
}

/// One statement at a time: with a second one under way both share less, and together they do not read more.
async fn run<Q: Question>(mut lane: Lane, form: Form, mut queue: mpsc::Receiver<Waiting<Q>>) {
    let mut waiting = Vec::with_capacity(TOGETHER_MAX);
    while gather(&mut waiting, &mut queue).await {
        // Who has hung up meanwhile is not asked for, nor who has waited behind a dead connection.
        waiting.retain(|waiting| !waiting.tell.is_closed());
        let now = Instant::now();
        for late in waiting.extract_if(.., |waiting| waiting.deadline <= now) {
            let _ = late.tell.send(Err(StoreError::late()));
        }
        if form == Form::OfOne {
            waiting.sort_by_key(|waiting| waiting.question.org_id());
        }
        // Who waits longest sets the time for all.
        let deadline = waiting.iter().map(|waiting| waiting.deadline).min().unwrap_or(now);
        let (questions, tell): (Vec<Q>, Vec<_>) =
            waiting.drain(..).map(|waiting| (waiting.question, waiting.tell)).unzip();
        let mut tell = tell.into_iter();
        for together in questions.chunk_by(|a, b| form == Form::Together || a.org_id() == b.org_id()) {
            for (answer, tell) in
                answers(&mut lane, form, together, deadline).await.into_iter().zip(tell.by_ref())
            {
                let _ = tell.send(answer);
            }
        }
    }
}

/// Takes in who waits, and who comes to wait when the others that are ready have had their turn; `false` at the end.
async fn gather<T>(waiting: &mut Vec<T>, queue: &mut mpsc::Receiver<T>) -> bool {
    if queue.recv_many(waiting, TOGETHER_MAX).await == 0 {
        return false;
    }
    loop {
        let before = waiting.len();
        yield_now().await;
        while waiting.len() < TOGETHER_MAX
            && let Ok(next) = queue.try_recv()
        {
            waiting.push(next);
        }
        if waiting.len() == before || waiting.len() == TOGETHER_MAX {
            return true;
        }
    }
}

/// What became of each question. Where asking together fails, each is tried alone: nobody gets another's error.
async fn answers<Q: Question>(
    lane: &mut Lane,
    form: Form,
    questions: &[Q],
    deadline: Instant,
) -> Vec<Result<Q::Answer, StoreError>> {
    match in_time(lane, form, questions, deadline).await {
        Ok(answers) => return answers.into_iter().map(Ok).collect(),
        // Nobody can be answered for now.
        Err(StoreError::Unavailable(error)) => {
            let message = error.to_string();
            let away = || StoreError::Unavailable(sqlx::Error::Protocol(message.clone()));
            return questions.iter().map(|_| Err(away())).collect();
        }
        Err(error) => tracing::warn!(%error, questions = questions.len(), "asking one by one"),
    }
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let alone = in_time(lane, form, std::slice::from_ref(question), deadline).await;
        answers.push(alone.map(|mut answers| answers.remove(0)));
    }
    answers
}

/// Others wait behind it, so a lost connection must not hold them for ever.
async fn in_time<Q: Question>(
    lane: &mut Lane,
    form: Form,
    questions: &[Q],
    deadline: Instant,
) -> Result<Vec<Q::Answer>, StoreError> {
    let answers = timeout_at(deadline, asked(lane, form, questions)).await;
    let answers = answers.unwrap_or_else(|_| Err(StoreError::late()))?;
    match answers.len() == questions.len() {
        true => Ok(answers),
        false => Err(StoreError::corrupt("a read", "another number of answers than of questions")),
    }
}

/// Asked again where a connection that was kept turns out to be broken: a read changes nothing.
async fn asked<Q: Question>(
    lane: &mut Lane,
    form: Form,
    questions: &[Q],
) -> Result<Vec<Q::Answer>, StoreError> {
    let was_open = lane.is_open();
    match ask_once(lane, form, questions).await {
        Err(error) if was_open && !error.leaves_connection() => ask_once(lane, form, questions).await,
        answers => answers,
    }
}

async fn ask_once<Q: Question>(
    lane: &mut Lane,
    form: Form,
    questions: &[Q],
) -> Result<Vec<Q::Answer>, StoreError> {
    let mut connection = lane.take().await?;
    let ask = AssertUnwindSafe(Q::ask(&mut connection, form, questions)).catch_unwind();
    let left = |why: &str| Ok(Err(StoreError::Unavailable(sqlx::Error::Protocol(why.to_owned()))));
    let Ok(answers) = lane.while_in_use(ask, left).await else {
        // Everybody's reads go this way: what one answer does to it ends with that answer.
        return Err(StoreError::corrupt("a read", "its answer could not be handled; the panic is logged"));
    };
    lane.put(connection, answers.as_ref().err()).await;
    answers
}
