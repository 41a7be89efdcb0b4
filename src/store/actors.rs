//! Actors: who acted in an organization, under the ids that its log names them by.

use uuid::Uuid;

use super::{Store, StoreError};

/// An actor is asked for by kind and id or, where its name was erased, by the id that the log holds.
const IDS: &str = "SELECT id FROM actor WHERE org_id = $1 AND subject = ANY($2) \
     UNION SELECT w.text::uuid FROM unnest($2::text[]) AS w(text) \
     WHERE w.text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'";

impl Store {
    /// The ids by which a log names any of these actors.
    pub(super) async fn actor_ids(&self, org_id: Uuid, actors: &[String]) -> Result<Vec<Uuid>, StoreError> {
        Ok(sqlx::query_scalar(IDS).bind(org_id).bind(actors).fetch_all(&self.pool).await?)
    }
}
