//! Flows as they stood after one of their versions, each answered for many at once.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use super::append::column;
use super::flows::{Content, FlowRecord, event_columns, read_event, wanted_bytes};
use super::now::answered_by;
use super::reader::Question;
use super::snapshot::{Snapshot, Snapshots, snapshot_columns};
use crate::flow::digest::Digest;

/// One flow that somebody wants to see as it stood after its event `version`.
#[derive(Debug, Clone, Copy)]
pub struct FlowAtVersion {
    pub org_id: Uuid,
    pub flow_id: Uuid,
    pub version: i64,
    /// The document the caller has the bytes of.
    pub known: Option<Digest>,
}

/// $1 to $4: organization, flow, version, the digest of the document the caller knows. Everything is probed by its key
/// for each, whatever the planner thinks of the tables.
const TOGETHER: &str = concat!(
    "SELECT * FROM (SELECT ",
    snapshot_columns!(),
    " OFFSET 0) AS s LEFT JOIN (SELECT k.n, ",
    event_columns!(),
    ", (SELECT ",
    wanted_bytes!(),
    " FROM document b WHERE b.org_id = e.org_id AND b.digest = e.document_digest) AS bytes \
     FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[]) \
       WITH ORDINALITY AS k (org_id, flow_id, version, known, n) \
     CROSS JOIN LATERAL (SELECT * FROM event x WHERE x.org_id = k.org_id AND x.stream_id = k.flow_id \
       AND x.version = k.version AND x.stream_kind = 1 OFFSET 0) AS e \
     CROSS JOIN LATERAL (SELECT * FROM event x WHERE x.org_id = k.org_id AND x.stream_id = k.flow_id \
       AND x.version = 1 OFFSET 0) AS f \
     LEFT JOIN LATERAL (SELECT x.phone_number_id FROM flow_view x WHERE x.org_id = k.org_id \
       AND x.flow_id = k.flow_id OFFSET 0) AS v ON true) AS c ON true"
);

impl Question for FlowAtVersion {
    /// `None` where there is no such version.
    type Answer = (Option<(FlowRecord, Content)>, Snapshot);

    async fn ask(
        connection: &mut PgConnection,
        snapshots: &Snapshots,
        questions: &[Self],
    ) -> Result<Vec<Self::Answer>, StoreError> {
        let known = |wanted: &'_ Self| wanted.known.map(|digest| digest.as_bytes().to_vec());
        let rows = sqlx::query(TOGETHER)
            .bind(column(questions, |wanted| wanted.org_id))
            .bind(column(questions, |wanted| wanted.flow_id))
            .bind(column(questions, |wanted| wanted.version))
            .bind(column(questions, known))
            .fetch_all(&mut *connection)
            .await?;
        let mut found = vec![None; questions.len()];
        let mut snapshot = Snapshot::NONE;
        for row in &rows {
            snapshot = snapshots.of_row(row)?;
            if let Some(answer) = answered_by(row, &mut found)? {
                *answer = Some((read_event(row)?, Content::read(row)?));
            }
        }
        Ok(found.into_iter().map(|found| (found, snapshot)).collect())
    }
}
