//! Flows as they are now, and where logs end: what most requests ask first, each answered for many at once.

use std::collections::HashMap;

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::StoreError;
use super::append::column;
use super::flows::{Content, FlowRecord, read_view, view_columns, wanted_bytes};
use super::form::Form;
use super::reader::Question;
use crate::flow::digest::Digest;

/// One flow that somebody wants to see as it is now, deleted or not.
#[derive(Debug, Clone, Copy)]
pub struct CurrentFlow {
    pub org_id: Uuid,
    pub flow_id: Uuid,
    /// Whether the document in force is wanted instead of the draft.
    pub in_force: bool,
    /// The version of which the caller has everything already.
    pub version: Option<i64>,
    /// The document the caller has the bytes of.
    pub known: Option<Digest>,
}

/// What a read found.
#[derive(Debug, Clone)]
pub enum FoundFlow {
    Missing,
    /// The flow is as the caller knows it.
    Unchanged,
    Stored(Box<FlowRecord>, Content),
}

/// $1 to $5: organization, flow, whether the document in force is wanted, the version and the document the caller knows.
/// The view is probed by its key for each, whatever the planner thinks of the tables; what is unchanged leads to no row
/// of its own. The first parameter is an array, or the organization that all questions are about.
macro_rules! current_flows {
    ($org:literal, $asked:literal) => {
        concat!(
            "SELECT k.n, ",
            view_columns!(),
            ", (SELECT ",
            wanted_bytes!(),
            " FROM document b WHERE b.org_id = ",
            $org,
            " AND b.digest = CASE WHEN k.in_force THEN v.published_digest ELSE v.document_digest END) AS bytes FROM ",
            $asked,
            "flow_id, in_force, version, known, n) LEFT JOIN LATERAL (SELECT * FROM flow_view f WHERE f.org_id = ",
            $org,
            " AND f.flow_id = k.flow_id OFFSET 0) AS v ON true \
             WHERE k.version IS NULL OR v.version IS DISTINCT FROM k.version"
        )
    };
}

const TOGETHER: &str = current_flows!(
    "k.org_id",
    "unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::bigint[], $5::bytea[]) WITH ORDINALITY AS k (org_id, "
);
const OF_ONE: &str = current_flows!(
    "$1",
    "unnest($2::uuid[], $3::boolean[], $4::bigint[], $5::bytea[]) WITH ORDINALITY AS k ("
);

impl Question for CurrentFlow {
    type Answer = FoundFlow;

    fn org_id(&self) -> Uuid {
        self.org_id
    }

    async fn ask(
        connection: &mut PgConnection,
        form: Form,
        questions: &[Self],
    ) -> Result<Vec<Self::Answer>, StoreError> {
        let rows = form
            .statement(questions, TOGETHER, OF_ONE)
            .bind(column(questions, |wanted| wanted.flow_id))
            .bind(column(questions, |wanted| wanted.in_force))
            .bind(column(questions, |wanted| wanted.version))
            .bind(column(questions, |wanted| wanted.known.map(|digest| digest.as_bytes().to_vec())))
            .fetch_all(&mut *connection)
            .await?;
        found_flows(&rows, questions.len(), read_view)
    }
}

/// Where an organization's log ends.
#[derive(Debug, Clone, Copy)]
pub struct CurrentHead {
    pub org_id: Uuid,
}

/// How far a log has come, and the views with it: while it stays the same, nothing in them changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogHead {
    /// Of the last event; 0 where there is none.
    pub position: i64,
    /// Of the last event that changed which flows are in force, or by which document.
    pub in_force_position: i64,
    /// How often rows of views were put right.
    pub repairs: i64,
}

/// $1: an array, or the organization that all questions are about.
macro_rules! ends {
    ($organizations:literal) => {
        concat!(
            "SELECT org_id, position, in_force_position, repairs FROM log_head WHERE org_id = ",
            $organizations
        )
    };
}

const ENDS_TOGETHER: &str = ends!("ANY($1)");
const END_OF_ONE: &str = ends!("$1");

impl Question for CurrentHead {
    type Answer = LogHead;

    fn org_id(&self) -> Uuid {
        self.org_id
    }

    async fn ask(
        connection: &mut PgConnection,
        form: Form,
        questions: &[Self],
    ) -> Result<Vec<Self::Answer>, StoreError> {
        let asked = column(questions, |question| question.org_id);
        let query = match (form, questions) {
            (Form::OfOne, [first, ..]) => sqlx::query_as(END_OF_ONE).bind(first.org_id),
            _ => {
                let mut organizations = asked.clone();
                organizations.sort_unstable();
                organizations.dedup();
                sqlx::query_as(ENDS_TOGETHER).bind(organizations)
            }
        };
        let rows = query.fetch_all(&mut *connection).await?;
        let end = |(org_id, position, in_force_position, repairs): (Uuid, i64, i64, i64)| {
            (org_id, LogHead { position, in_force_position, repairs })
        };
        let ends: HashMap<Uuid, LogHead> = rows.into_iter().map(end).collect();
        Ok(asked.iter().map(|org_id| ends.get(org_id).copied().unwrap_or_default()).collect())
    }
}

/// What was found for each of so many questions; one that has no row is about what is unchanged.
pub(super) fn found_flows(
    rows: &[PgRow],
    questions: usize,
    read: fn(&PgRow) -> Result<FlowRecord, StoreError>,
) -> Result<Vec<FoundFlow>, StoreError> {
    let mut found = vec![FoundFlow::Unchanged; questions];
    for row in rows {
        let number: i64 = row.try_get("n")?;
        let place = usize::try_from(number - 1).ok().and_then(|place| found.get_mut(place));
        let place = place.ok_or_else(|| StoreError::corrupt("a read", "a row that nobody asked for"))?;
        *place = match row.try_get::<Option<Uuid>, _>("flow_id")? {
            Some(_) => FoundFlow::Stored(Box::new(read(row)?), Content::read(row)?),
            None => FoundFlow::Missing,
        };
    }
    Ok(found)
}
