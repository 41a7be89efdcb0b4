//! The export for people: the entries of the audit log, oldest first.

use super::{Coverage, ExportFormat, ExportOrder, Exports, confined};
use crate::registry::RegistryError;
use crate::registry::caller::Intent;
use crate::registry::names;
use crate::store::{AuditFilter, AuditPage, LogEntry, Store};

/// Entries read at once: enough that a statement's cost is spread, few enough that others get their turn between.
const CHUNK: i64 = 500;

/// Entries that are still to be read.
#[derive(Debug)]
pub struct EntryExport {
    pub coverage: Coverage,
    store: Store,
    filter: AuditFilter,
    /// The position of the last entry read; `None` at the end.
    position: Option<i64>,
}

impl EntryExport {
    /// The next entries, in order; `None` at the end.
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<LogEntry>>, RegistryError> {
        let Some(position) = self.position else { return Ok(None) };
        let page = AuditPage::After { position, up_to: self.coverage.wanted_up_to, limit: CHUNK };
        let mut entries = self.store.audit(self.coverage.org_id, &self.filter, page).await?;
        names::fill(&self.store, self.coverage.org_id, &mut entries).await?;
        let is_full = i64::try_from(entries.len()) == Ok(CHUNK);
        self.position = entries.last().map(|entry| entry.position).filter(|_| is_full);
        Ok((!entries.is_empty()).then_some(entries))
    }
}

impl Exports {
    /// Begins an export of entries. A caller confined to numbers gets what happened to their flows only.
    pub async fn entries(&self, intent: &Intent, order: &ExportOrder) -> Result<EntryExport, RegistryError> {
        let coverage = self.begin_export(intent, order, ExportFormat::Csv).await?;
        let filter = confined(&intent.caller, &order.filter);
        let position = Some(coverage.wanted_after);
        Ok(EntryExport { coverage, store: self.store.clone(), filter, position })
    }
}
