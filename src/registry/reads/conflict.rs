//! What a caller is told who came with another version in mind: for whom and why the flow was changed last, and what is
//! different from the version that the caller has seen.

use uuid::Uuid;

use super::FlowReads;
use crate::flow::diff;
use crate::flow::event::Payload;
use crate::registry::RegistryError;
use crate::registry::caller::Caller;
use crate::registry::error::{ChangedSince, CurrentVersion, LatestChange};

impl FlowReads {
    /// Adds to where a flow stands what is known of its latest change. What cannot be read is left out: that there is a
    /// conflict is what the caller has to learn.
    pub async fn explain(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        seen: Option<i64>,
        current: &mut CurrentVersion,
    ) {
        let Ok(entry) = self.store.entry(caller.org_id, flow_id, current.version).await else { return };
        let context = entry.and_then(|entry| entry.context);
        let (on_behalf_of, reason) = context.map(|it| (it.on_behalf_of, it.reason)).unwrap_or_default();
        let since = match seen.filter(|seen| (1..current.version).contains(seen)) {
            Some(seen) => self.changed_since(caller, flow_id, seen, current.version).await.ok(),
            None => None,
        };
        let latest = LatestChange { org_id: caller.org_id, flow_id, on_behalf_of, reason, since };
        current.latest = Some(Box::new(latest));
    }

    async fn changed_since(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        seen: i64,
        current: i64,
    ) -> Result<ChangedSince, RegistryError> {
        let before = self.version(caller, flow_id, seen).await?;
        let after = self.version(caller, flow_id, current).await?;
        if before.document.is_erased() || after.document.is_erased() {
            return Err(RegistryError::Erased);
        }
        let mut changed = diff::changed_paths(&before.document.value()?, &after.document.value()?);
        if before.record.enabled != after.record.enabled {
            changed.push("enabled".to_owned());
        }
        let published = [&before, &after].map(|flow| flow.record.published.as_ref().map(|it| it.version));
        if published[0] != published[1] {
            changed.push("publishedVersion".to_owned());
        }
        let Payload { changed, changed_more, .. } = Payload::default().with_changed(changed);
        Ok(ChangedSince { version: seen, changed, changed_more })
    }
}
