//! The organization's log as its auditors read it.

use super::caller::Caller;
use super::{Registry, RegistryError};
use crate::store::{AuditFilter, AuditPage, LogEntry};

impl Registry {
    /// A part of the log. A caller confined to numbers sees what happened to their flows only.
    pub async fn audit(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        page: AuditPage,
    ) -> Result<Vec<LogEntry>, RegistryError> {
        let filter = AuditFilter { confined_to: caller.phone_number_ids.to_vec(), ..filter };
        Ok(self.store.audit(caller.org_id, &filter, page).await?)
    }
}
