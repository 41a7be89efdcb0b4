//! The export for people: the entries of the audit log, oldest first.

use super::{Coverage, ExportFormat, ExportOrder, Exports, confined};
use crate::registry::RegistryError;
use crate::registry::caller::Intent;
use crate::registry::names;
use crate::registry::source::ReadSource;
use crate::store::{AuditFilter, AuditPage, LogEntry, StoreError};

/// Entries read at once: enough that a statement's cost is spread, few enough that others get their turn between.
const CHUNK: i64 = 500;
/// Of one chunk, generously.
const STATEMENTS_MAX: u32 = 8;

/// Entries that are still to be read.
#[derive(Debug)]
pub struct EntryExport {
    pub coverage: Coverage,
    source: ReadSource,
    filter: AuditFilter,
    /// The position of the last entry read; `None` at the end.
    position: Option<i64>,
}

impl EntryExport {
    /// The next entries, in order; `None` at the end.
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<LogEntry>>, RegistryError> {
        let Some(position) = self.position else { return Ok(None) };
        let entries = match self.read(position).await {
            Err(error) if self.source.fail_over(&error) => self.read(position).await?,
            Ok(_) if self.source.is_moved() && self.source.leave_standby() => self.read(position).await?,
            entries => entries?,
        };
        let is_full = i64::try_from(entries.len()) == Ok(CHUNK);
        self.position = entries.last().map(|entry| entry.position).filter(|_| is_full);
        Ok((!entries.is_empty()).then_some(entries))
    }

    async fn read(&self, position: i64) -> Result<Vec<LogEntry>, StoreError> {
        let (store, org_id) = (self.source.store(), self.coverage.org_id);
        let page = AuditPage::After { position, up_to: self.coverage.wanted_up_to, limit: CHUNK };
        let read = async {
            let mut entries = store.audit(org_id, &self.filter, page).await?;
            names::fill(store, org_id, &mut entries).await?;
            Ok(entries)
        };
        store.in_time_for(STATEMENTS_MAX, read).await
    }
}

impl Exports {
    /// Begins an export of entries. A caller confined to numbers gets what happened to their flows only.
    pub async fn entries(&self, intent: &Intent, order: &ExportOrder) -> Result<EntryExport, RegistryError> {
        let coverage = self.begin_export(intent, order, ExportFormat::Csv).await?;
        let filter = confined(&intent.caller, &order.filter);
        let position = Some(coverage.wanted_after);
        Ok(EntryExport { coverage, source: ReadSource::caught_up(&self.store).await, filter, position })
    }
}
