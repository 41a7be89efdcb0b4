//! Events of flows as pages tell them.

use uuid::Uuid;

use crate::console::headlines::Teller;
use crate::console::session::Session;
use crate::console::texts::history::{EN, ES};
use crate::registry::{HistoryFilter, HistoryPage, LogEntry, RegistryError};

/// Who tells histories to whoever looks.
pub fn teller(session: &Session) -> Teller {
    Teller {
        texts: session.texts(&ES, &EN),
        language: session.language(),
        sees_people: session.caller().sees_people(),
    }
}

/// An event of a flow; `None` where there is no such version.
pub async fn event(
    session: &Session,
    flow_id: Uuid,
    version: i64,
) -> Result<Option<LogEntry>, RegistryError> {
    let page = HistoryPage { limit: 1, before: version.checked_add(1) };
    let history = &session.registry().history;
    let part = history.of_flow(session.caller(), flow_id, &HistoryFilter::default(), page).await?;
    Ok(part.entries.into_iter().next().filter(|entry| entry.version == version))
}
