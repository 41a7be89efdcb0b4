//! Members of a flow that come back from a client as they were shown to it.

use serde_json::{Map, Value};

use crate::flow::finding::Finding;
use crate::registry::RegistryError;
use crate::registry::reads::FlowAnswer;

/// Members that only the service sets, as a client sends them back. They change nothing where they are what is shown.
#[derive(Debug)]
pub struct Echo {
    pub members: Map<String, Value>,
    /// Every such member of a flow as clients see it.
    pub shown: fn(&FlowAnswer) -> Result<Map<String, Value>, RegistryError>,
}

/// Members that differ only where the client has read another version of the flow.
const OF_VERSION: [&str; 2] = ["version", "updatedAt"];
/// Members that no version changes.
const FIXED: [&str; 5] = ["id", "organizationId", "createdAt", "createdBy", "duplicatedFrom"];

impl Echo {
    /// The version the client has read.
    pub(super) fn version(&self) -> Option<i64> {
        self.members.get("version").and_then(Value::as_i64)
    }

    /// Refuses what is not as the flow has it: a client that read another version is told so, as by `If-Match`; one that
    /// tries to set such a member is pointed at it.
    pub(super) fn check(&self, found: &FlowAnswer) -> Result<(), RegistryError> {
        let shown = (self.shown)(found)?;
        let differs = |name: &str| self.members.get(name).is_some_and(|sent| shown.get(name) != Some(sent));
        if !FIXED.iter().any(|name| differs(name)) && OF_VERSION.iter().any(|name| differs(name)) {
            return Err(RegistryError::PreconditionFailed(found.current_version()));
        }
        let message = "is set by the service; leave it out, or send it as it is";
        let findings = self.members.keys().filter(|name| differs(name));
        let findings: Vec<_> =
            findings.map(|name| Finding::error("INVALID_VALUE", format!("/{name}"), message)).collect();
        if findings.is_empty() { Ok(()) } else { Err(RegistryError::Invalid(findings)) }
    }
}
