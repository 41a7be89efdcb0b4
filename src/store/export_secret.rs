//! Salts of what links to exports are signed with, one for each organization. Alone they open nothing.

use secrecy::SecretSlice;
use uuid::Uuid;

use super::{Store, StoreError};

const READ: &str = "SELECT secret FROM export_secret WHERE org_id = $1";
const MAKE: &str =
    "INSERT INTO export_secret (org_id, secret) VALUES ($1, $2) ON CONFLICT (org_id) DO NOTHING";

impl Store {
    /// The salt of an organization; `None` where no link was ever made.
    pub async fn export_secret(&self, org_id: Uuid) -> Result<Option<SecretSlice<u8>>, StoreError> {
        let secret: Option<Vec<u8>> =
            sqlx::query_scalar(READ).bind(org_id).fetch_optional(&self.pool).await?;
        Ok(secret.map(Into::into))
    }

    /// Keeps a salt for an organization that has none yet.
    pub async fn make_export_secret(&self, org_id: Uuid, secret: &[u8]) -> Result<(), StoreError> {
        let made = sqlx::query(MAKE).bind(org_id).bind(secret).execute(&self.pool).await;
        made.map(drop).map_err(StoreError::of_write)
    }
}
