//! Flows as they stood after one of their versions, each answered for many at once.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use super::append::column;
use super::flows::{event_columns, read_event, wanted_bytes};
use super::form::Form;
use super::now::{FoundFlow, found_flows};
use super::reader::Question;
use crate::flow::digest::Digest;

/// One flow that somebody wants to see as it stood after its event `version`.
#[derive(Debug, Clone)]
pub struct FlowAtVersion {
    pub org_id: Uuid,
    pub flow_id: Uuid,
    pub version: i64,
    /// The document the caller has the bytes of.
    pub known: Option<Digest>,
    /// Where the caller has all of the version, `known` its document: the number the flow was bound to when it was read.
    /// Nothing else of a version changes but by erasure of its event, which is why it is not kept for long.
    pub bound_to: Option<Option<String>>,
}

/// $1 to $6: organization, flow, version, the document the caller knows, whether it has all of the version, and the number
/// the flow was bound to then. Everything is probed by its key for each, whatever the planner thinks of the tables; what
/// is unchanged leads to no row of its own, and to no event. The first parameter is an array, or the organization that all
/// questions are about.
macro_rules! flows_at_versions {
    ($org:literal, $asked:literal) => {
        concat!(
            "SELECT k.n, ",
            event_columns!($org),
            ", (SELECT ",
            wanted_bytes!(),
            " FROM document b WHERE b.org_id = ",
            $org,
            " AND b.digest = e.document_digest) AS bytes FROM (SELECT k.*, b.phone_number_id FROM ",
            $asked,
            "flow_id, version, known, has_all, bound_to, n) \
             LEFT JOIN LATERAL (SELECT x.phone_number_id FROM flow_view x WHERE x.org_id = ",
            $org,
            " AND x.flow_id = k.flow_id OFFSET 0) AS b ON true \
             WHERE NOT k.has_all OR b.phone_number_id IS DISTINCT FROM k.bound_to \
             OR NOT EXISTS (SELECT FROM document d WHERE d.org_id = ",
            $org,
            " AND d.digest = k.known AND d.bytes IS NOT NULL) OFFSET 0) AS k \
             CROSS JOIN LATERAL (SELECT k.phone_number_id) AS v \
             LEFT JOIN LATERAL (SELECT * FROM event x WHERE x.org_id = ",
            $org,
            " AND x.stream_id = k.flow_id AND x.version = k.version AND x.stream_kind = 1 OFFSET 0) AS e ON true \
             LEFT JOIN LATERAL (SELECT * FROM event x WHERE x.org_id = ",
            $org,
            " AND x.stream_id = k.flow_id AND x.version = 1 OFFSET 0) AS f ON true"
        )
    };
}

const TOGETHER: &str = flows_at_versions!(
    "k.org_id",
    "unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[], $5::boolean[], $6::text[]) WITH ORDINALITY AS k (org_id, "
);
const OF_ONE: &str = flows_at_versions!(
    "$1",
    "unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::boolean[], $6::text[]) WITH ORDINALITY AS k ("
);

impl Question for FlowAtVersion {
    /// What is missing is that version; the flow may be there.
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
            .bind(column(questions, |wanted| wanted.version))
            .bind(column(questions, |wanted| wanted.known.map(|digest| digest.as_bytes().to_vec())))
            .bind(column(questions, |wanted| wanted.bound_to.is_some()))
            .bind(column(questions, |wanted| wanted.bound_to.as_ref().and_then(Option::as_deref)))
            .fetch_all(&mut *connection)
            .await?;
        found_flows(&rows, questions.len(), read_event)
    }
}
