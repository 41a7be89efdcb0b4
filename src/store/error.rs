//! What can go wrong between the service and its database.

use sqlx::error::DatabaseError;

/// The oldest server that knows every statement we send.
pub(super) const MAJOR_MIN: i32 = 15;

/// The store's one error type.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database could not be reached, or refused the work for a reason that passes.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The connection broke while a write was under way: it may or may not have happened.
    #[error("the outcome of a write is not known: {0}")]
    OutcomeUnknown(String),
    /// Too many writes wait already; this one was not accepted.
    #[error("too many writes are waiting")]
    Overloaded,
    /// Stored bytes are not what the log says they are.
    #[error("stored data is corrupt at {place}: {what}")]
    Corrupt { place: String, what: String },
    /// A statement failed in a way that only a defect explains.
    #[error("a database statement failed: {0}")]
    Statement(#[source] sqlx::Error),
    #[error("the database address cannot be used: {0}")]
    Address(#[source] sqlx::Error),
    #[error("none of the databases takes writes: all are standbys")]
    OnlyStandbys,
    /// Says of each server why it is not the one.
    #[error("no database server takes writes: {servers}")]
    NoPrimary { servers: String },
    #[error(
        "{server} takes writes on timeline {timeline}, and timeline {newest} is known of: it is a primary that was replaced, \
         and lacks what was written since. Start the one that replaced it, and make this one its standby; or, where that was called off, remove the file \
         database-timeline from where checkpoints are kept"
    )]
    StalePrimary { server: String, timeline: u32, newest: u32 },
    #[error(
        "{one} and {other} both take writes on timeline {timeline}: two standbys were promoted, or two servers started from \
         one copy. Stop the one that is not to be used"
    )]
    TwoPrimaries { one: String, other: String, timeline: u32 },
    #[error("{one} and {other} are no copies of one cluster: DATABASE_URL lists the servers of a single one")]
    OtherCluster { one: String, other: String },
    #[error(
        "READ_DATABASE_URLS: {standby} is no copy of {primary}, which takes the writes: name standbys of that server alone"
    )]
    StandbyOfOther { standby: String, primary: String },
    #[error("the database is PostgreSQL {major}, and {MAJOR_MIN} or later is needed")]
    TooOld { major: i32 },
    #[error(
        "the database was made by a build before the first release, whose tables this one does not know: export its logs \
         with that build (flow-registry audit export), then start with an empty database or data directory"
    )]
    Unreleased,
    /// A service that changes nothing finds another schema than it knows.
    #[error(
        "the schema is not that of this release, and is not changed from here, as the account may not or MIGRATE is off: \
         run `flow-registry migrate`, with MIGRATE_DATABASE_URL where there is an account of its own for that"
    )]
    NotMigrated,
    #[error("the database cannot be distributed: {0}")]
    NotDistributable(String),
    #[error(
        "the database is distributed by organization, but a part of it is not: {missing}. Run `flow-registry distribute`, with \
         MIGRATE_DATABASE_URL where there is an account of its own for that"
    )]
    PartlyDistributed { missing: String },
    /// Between the service and the database is a pooler that cannot do what is needed.
    #[error("the pooler in front of the database cannot be used as it is: {0}")]
    Pooler(String),
    #[error("the schema could not be migrated: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl StoreError {
    pub(crate) fn corrupt(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Corrupt { place: place.into(), what: what.into() }
    }

    /// No answer came as long as one could be waited for.
    pub(crate) fn late() -> Self {
        Self::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))
    }

    /// A refusal by a pooler that knows none of what connections say when they begin, which no waiting ends.
    pub(super) fn of_first_look(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause)
                if cause.code().as_deref() == Some("08P01")
                    && cause.message().contains("startup parameter") =>
            {
                Self::Pooler(format!(
                    "it refuses settings of connections ({cause}): set DATABASE_POOLER=transaction"
                ))
            }
            _ => error.into(),
        }
    }

    /// Whether a start may wait for it to pass: somebody may be starting or promoting a server.
    pub fn may_pass_at_start(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_)
                | Self::OnlyStandbys
                | Self::NoPrimary { .. }
                | Self::StalePrimary { .. }
                | Self::TwoPrimaries { .. }
        )
    }

    /// How a failed write is to be seen: a lost connection leaves its outcome open.
    pub(crate) fn of_write(error: sqlx::Error) -> Self {
        let is_open = match &error {
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(cause) => ends_connection(cause.as_ref()),
            _ => false,
        };
        let message = is_open.then(|| error.to_string());
        let error = Self::from(error);
        message.map_or(error, Self::OutcomeUnknown)
    }

    /// No connection could be opened, whatever the reason: nothing was asked.
    pub(super) fn not_reached(error: sqlx::Error) -> Self {
        count(&error);
        Self::Unavailable(error)
    }

    /// Whether the server was lost over it. A pool that is full, a statement that is cancelled or late says nothing of the
    /// server.
    pub(crate) fn lost_server(&self) -> bool {
        match self {
            Self::Unavailable(sqlx::Error::Io(cause)) => cause.kind() != std::io::ErrorKind::TimedOut,
            Self::Unavailable(sqlx::Error::Tls(_) | sqlx::Error::Protocol(_)) => true,
            Self::Unavailable(sqlx::Error::Database(cause)) => ends_connection(cause.as_ref()),
            _ => false,
        }
    }

    /// Whether somebody else held a row for longer than one waits for it.
    pub(super) fn is_locked(&self) -> bool {
        match self {
            Self::Unavailable(sqlx::Error::Database(cause)) => cause.code().as_deref() == Some("55P03"),
            _ => false,
        }
    }

    /// Whether a row was refused because its key is taken.
    pub(super) fn is_breach_of_key(&self) -> bool {
        match self {
            Self::Statement(sqlx::Error::Database(cause)) => cause.is_unique_violation(),
            _ => false,
        }
    }

    /// This error as one of a write that may have happened.
    pub(super) fn in_doubt(self) -> Self {
        match self {
            Self::Unavailable(cause) => Self::OutcomeUnknown(cause.to_string()),
            error => error,
        }
    }

    /// Whether a standby refused to write.
    pub(super) fn is_of_standby(&self) -> bool {
        match self {
            Self::Unavailable(sqlx::Error::Database(cause)) => cause.code().as_deref() == Some("25006"),
            _ => false,
        }
    }

    /// Whether the connection it came over can take another statement. That of a server that takes no writes any more
    /// leads to the wrong one.
    pub(super) fn leaves_connection(&self) -> bool {
        match self {
            Self::Unavailable(sqlx::Error::Database(cause)) => {
                !ends_connection(cause.as_ref()) && cause.code().as_deref() != Some("25006")
            }
            Self::Statement(_) | Self::Corrupt { .. } => true,
            _ => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        count(&error);
        match error {
            sqlx::Error::Database(ref cause) if passes(cause.as_ref()) => Self::Unavailable(error),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            other => Self::Statement(other),
        }
    }
}

const KINDS: [&str; 8] =
    ["connection", "pool", "timeout", "lock", "resources", "read_only", "constraint", "statement"];

/// Every kind of error is there from the start, so that the first one is seen as a change.
pub fn count_errors_from_zero() {
    for kind in KINDS {
        metrics::counter!("database_errors_total", "kind" => kind).increment(0);
    }
}

/// Every error of the database is counted once, by what an operator would look at.
fn count(error: &sqlx::Error) {
    metrics::counter!("database_errors_total", "kind" => kind(error)).increment(1);
}

fn kind(error: &sqlx::Error) -> &'static str {
    let code = match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => return "pool",
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            return "connection";
        }
        sqlx::Error::Database(cause) => cause.code().unwrap_or_default(),
        _ => return "statement",
    };
    match (code.get(..2).unwrap_or_default(), &*code) {
        (_, "57014") => "timeout",
        (_, "55P03" | "40P01" | "40001") => "lock",
        (_, "25006") => "read_only",
        ("08" | "57" | "28", _) => "connection",
        ("53", _) => "resources",
        ("23", _) => "constraint",
        _ => "statement",
    }
}

/// SQLSTATE classes that pass by themselves: connection, resources, operator intervention, lock and statement
/// timeouts, a standby that became read-only.
fn passes(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| {
        matches!(&code[..2], "08" | "53" | "57") || matches!(&*code, "55P03" | "40001" | "40P01" | "25006")
    })
}

/// Administrator shutdown and crash shutdown end the connection under a running statement.
fn ends_connection(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code.starts_with("08") || matches!(&*code, "57P01" | "57P02"))
}
