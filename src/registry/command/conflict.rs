//! Commands that met another version than they were meant for: the caller learns whose change is in the way.

use uuid::Uuid;

use super::Commands;
use super::plan::FlowCommand;
use crate::registry::RegistryError;
use crate::registry::caller::{IfMatch, Intent};

impl Commands {
    /// The error with what is known of the change that is in the way.
    pub(super) async fn explained(
        &self,
        intent: &Intent,
        flow_id: Uuid,
        seen: Option<i64>,
        mut error: RegistryError,
    ) -> RegistryError {
        if let Some(current) = error.conflict() {
            self.reads.explain(&intent.caller, flow_id, seen, current).await;
        }
        error
    }
}

/// The latest version that the caller says to have seen.
pub(super) fn seen(intent: &Intent, command: &FlowCommand) -> Option<i64> {
    let echoed = match command {
        FlowCommand::Update(_, echo) | FlowCommand::Edit(_, echo) => {
            echo.as_ref().and_then(|echo| echo.version())
        }
        _ => None,
    };
    echoed.or_else(|| intent.if_match.as_ref().and_then(IfMatch::latest))
}
